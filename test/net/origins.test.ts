import t from 'tap'
import { originMatcher } from '../../src/net/origins.ts'

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
