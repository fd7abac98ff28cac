import t from 'tap'
import { originMatcher, originAsSent, originFault } from '../../src/net/origins.ts'

t.test('exact origins', async (t) => {
  const allowed = originMatcher(['https://allowed.com', 'http://localhost:3000', 'http://[::1]:8080'])
  for (const origin of ['https://allowed.com', 'http://localhost:3000', 'http://[::1]:8080']) t.equal(allowed(origin), true, origin)
  for (const origin of ['https://allowed.evil.com', 'https://evilallowed.com', 'https://allowed.com.evil.com', 'http://allowed.com', 'https://allowed.com:444', 'https://ALLOWED.com', 'https://allowed.com.', 'https://allowed.com/', 'https://sub.allowed.com', 'null', '', '*', 'http://localhost']) {
    t.equal(allowed(origin), false, origin)
  }
})

t.test('every subdomain, and not the domain itself', async (t) => {
  const allowed = originMatcher(['https://*.example.com', 'http://*.dev.example:8080'])
  for (const origin of ['https://a.example.com', 'https://a.b-c.example.com', 'http://x.dev.example:8080']) t.equal(allowed(origin), true, origin)
  for (const origin of ['https://example.com', 'https://.example.com', 'https://aexample.com', 'https://a.exampleXcom', 'https://a.example.com.evil.com', 'http://a.example.com', 'https://evil.com/a.example.com', 'https://evil.com#.example.com', 'https://a..example.com', 'https://a.example.com:443', 'https://user@a.example.com', 'http://x.dev.example', 'https://a.example.com\n']) {
    t.equal(allowed(origin), false, JSON.stringify(origin))
  }
})

t.test('rules in capitals match what browsers send, which is lower case', async (t) => {
  const allowed = originMatcher(['https://WWW.Example.com', 'HTTPS://*.Example.org'])
  for (const origin of ['https://www.example.com', 'https://a.example.org', 'https://a_b.example.org']) t.equal(allowed(origin), true, origin)
  t.equal(allowed('https://WWW.Example.com'), false, 'no browser sends this')
})

t.test('no origin without rules', async (t) => {
  t.equal(originMatcher([])('https://anything.example'), false)
})

t.test('bad rules are named at start', async (t) => {
  t.throws(() => originMatcher(['https://fine.example', 'null', '*', 'https://*.com']), { message: /null: .*\*: .*https:\/\/\*\.com: / })
})

t.test('originFault', async (t) => {
  for (const origin of ['https://example.com', 'http://localhost:3000', 'https://www.example.com:8443', 'https://*.example.com', 'HTTPS://WWW.Example.com', 'http://[::1]:8080', 'https://a_b.example.com', 'https://*.Example.co.uk']) {
    t.equal(originFault(origin), undefined, origin)
  }
  for (const origin of ['*', 'null']) t.match(originFault(origin), 'neither * nor null', origin)
  for (const origin of ['', 'example.com', 'https://example.com/', 'https://example.com/app', 'ftp://example.com', 'https://', 'https://a:b@example.com', 'https://user@a.com', 'https://example.com:443', 'https://bücher.example', 'undefinedundefined']) {
    t.match(originFault(origin), 'must list origins such as', origin)
  }
  for (const origin of ['https://*', 'https://www.*.example.com', 'https://*.*.example.com']) t.match(originFault(origin), 'only as the whole first label', origin)
  for (const origin of ['https://*.com', 'https://*.com.', 'https://*..com', 'https://*.10.0.0.1', 'https://*.[::1]']) t.match(originFault(origin), 'whole top-level domain', origin)
})

t.test('originAsSent', async (t) => {
  t.equal(originAsSent('HTTPS://WWW.Example.com'), 'https://www.example.com')
})
