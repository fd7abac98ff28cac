import t from 'tap'
import { httpUrlFault, isLoopback, parseUrl, rangeFault } from '../../src/config/addresses.ts'

t.test('isLoopback', async (t) => {
  for (const host of ['127.0.0.1', '127.8.9.10', '::1', '[::1]', 'localhost', 'LOCALHOST']) t.ok(isLoopback(host), host)
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', '128.0.0.1', 'localhost.example.com']) t.notOk(isLoopback(host), host)
})

t.test('rangeFault', async (t) => {
  for (const range of ['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', '2001:db8::/128', '192.0.2.0/32']) t.equal(rangeFault(range), undefined, range)
  for (const range of ['', 'proxy', '10.0.0.0/8/8', 'true', '*', '10.0.0']) t.match(rangeFault(range), 'must list IP addresses', range)
  for (const range of ['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '::/129', '10.0.0.0/1e1']) t.match(rangeFault(range), 'whose size', range)
  for (const range of ['0.0.0.0/0', '::/0', '::/00']) t.equal(rangeFault(range), 'must not trust every address', range)
})

t.test('httpUrlFault', async (t) => {
  for (const url of ['https://api-eu.cloudinary.com', 'https://proxy.example.com/cloudinary', 'http://127.0.0.1:8081', 'http://[::1]:8081', 'http://localhost']) {
    t.equal(httpUrlFault(url), undefined, url)
  }
  t.equal(httpUrlFault('http://sandbox:8081', { insecure: true }), undefined)
  t.equal(httpUrlFault('https://example.com/', { path: false }), undefined)
  t.equal(httpUrlFault('https://example.com/x', { path: false }), 'must not have a path')
  for (const url of ['evil', 'ftp://example.com', 'javascript:alert(1)', '']) t.equal(httpUrlFault(url), 'must be an https:// or http:// URL', url)
  for (const url of ['https://me@example.com', 'https://:pass@example.com']) t.equal(httpUrlFault(url), 'must not hold a user name or a password', url)
  for (const url of ['https://example.com?x=1', 'https://example.com#x']) t.equal(httpUrlFault(url), 'must not have a query or a fragment', url)
  for (const url of ['http://evil', 'http://127.0.0.1.evil.com', 'http://169.254.169.254']) t.equal(httpUrlFault(url), 'must be https:// for another machine', url)
})

t.test('parseUrl', async (t) => {
  t.equal(parseUrl('https://example.com/a')?.pathname, '/a')
  t.equal(parseUrl('no url'), undefined)
})
