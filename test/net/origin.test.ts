import t from 'tap'
import { originAsSent, originFault } from '../../src/net/origin.ts'

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
