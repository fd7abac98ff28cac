import t from 'tap'
import { originMatcher, originRuleFault } from '../../src/auth/origins.ts'

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

t.test('any origin, but for pages without one', async (t) => {
  const allowed = originMatcher(['*'])
  t.equal(allowed('https://anything.example'), true)
  t.equal(allowed('null'), false)
  t.equal(originMatcher([])('https://anything.example'), false)
})

t.test('bad rules are named at start', async (t) => {
  t.equal(originRuleFault('https://a.example.com'), undefined)
  for (const rule of ['null', 'allowed.com', 'https://allowed.com/', 'https://*', 'https://*.com', 'https://*.10.0.0.1', 'https://a.*.com', 'https://Allowed.com', 'ftp://a.com', '', 'https://user@a.com']) t.type(originRuleFault(rule), 'string', rule)
  t.throws(() => originMatcher(['https://fine.example', 'null', 'https://*.com']), { message: /null: .*https:\/\/\*\.com: / })
})
