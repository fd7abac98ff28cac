import t from 'tap'
import {
  hostRuleFault, isBucketUrl, keySetAddressFits, keySetUrlFault, REMOTE_FILE_SCHEMES, urlFault, httpUrlFault, parseUrl
} from '../../src/net/urls.ts'

const anyPublic = { schemes: ['https', 'http'] }
const remote = { schemes: REMOTE_FILE_SCHEMES }

t.test('public addresses pass', async (t) => {
  for (const url of ['https://example.com', 'https://example.com:443/a?b=c#d', 'http://example.com:8080/x', 'HTTPS://EXAMPLE.com./', 'https://8.8.8.8/', 'https://[2606:4700::1111]/', 'https://bücher.example.org/ä']) {
    t.equal(urlFault(url, anyPublic), undefined, url)
  }
  for (const url of ['ftp://user:pass@ftp.example.com/a.jpg', 's3://my-bucket/key.jpg', 'gs://bucket/key']) t.equal(urlFault(url, remote), undefined, url)
})

t.test('private, local and reserved addresses do not, however they are written', async (t) => {
  for (const host of [
    '127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '0', '10.1.2.3', '100.64.0.1', '169.254.169.254', '192.168.0.1', '255.255.255.255',
    '[::1]', '[::]', '[fe80::1]', '[fd00::1]', '[::ffff:127.0.0.1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[ff02::1]', '[2001:db8::1]',
    'localhost', 'LocalHost.', 'a.localhost', 'metadata.google.internal', 'intranet', '127。0。0。1'
  ]) t.match(urlFault(`http://${host}/`, anyPublic), /private, local or reserved|is not a valid URL/, host)
  t.equal(urlFault('http://127.0.0.1:4000/hook', { ...anyPublic, privateHosts: true }), undefined)
  t.match(urlFault('ftp://10.0.0.1/a', remote), /private/)
})

t.test('other schemes and other spellings are refused', async (t) => {
  for (const url of ['file:///etc/passwd', 'gopher://example.com', 'data:text/plain,x', 'blob:https://example.com/1', 'javascript:alert(1)', '//example.com', 'example.com', 'http:example.com', 'http:/example.com', 'https:///example.com', 's3://bucket/key', '']) {
    t.match(urlFault(url, anyPublic), /must begin with/, url)
  }
  for (const url of ['https://example.com/a b', 'https://exam\tple.com', 'https://example.com\n', ' https://example.com', 'https:\\\\example.com', 'https://example.com\\@10.0.0.1', 'https://example.com/\u0000', 'https://example.com/\u00a0']) {
    t.match(urlFault(url, anyPublic), /blanks/, JSON.stringify(url))
  }
  for (const url of ['https://exa mple', 'https://example.com:65536', 'https://example.com:', 'https://:80', 'https://%zz', 'https://[::1']) {
    t.match(urlFault(url, anyPublic), /not a valid URL|blanks/, url)
  }
  for (const url of ['https://user@example.com', 'https://user:pass@example.com', 'https://allowed.com@10.0.0.1']) t.match(urlFault(url, anyPublic), /user name/, url)
})

t.test('ports of other services are refused', async (t) => {
  for (const port of [0, 1, 22, 25, 53, 110, 993, 6379, 11211, 27017]) t.match(urlFault(`https://example.com:${port}/`, anyPublic), new RegExp(`port ${port}`), String(port))
  for (const port of [80, 443, 1024, 8080, 8443, 65535]) t.equal(urlFault(`http${port === 443 ? 's' : ''}://example.com:${port}/`, anyPublic), undefined, String(port))
  t.equal(urlFault('https://example.com:22/', { ...anyPublic, anyPort: true }), undefined)
})

t.test('listed hosts are compared by labels, ports and path segments', async (t) => {
  const policy = { schemes: ['https'], hosts: ['hooks.example.com', '*.cdn.example.org', 'example.net:8443/hooks/cloudinary', 'localhost:3000'] }
  for (const url of [
    'https://hooks.example.com/x', 'https://hooks.example.com.', 'https://hooks.example.com:8443/', 'https://a.cdn.example.org', 'https://a.b.cdn.example.org',
    'https://example.net:8443/hooks/cloudinary', 'https://example.net:8443/hooks/cloudinary/1?x', 'https://localhost:3000/'
  ]) t.equal(urlFault(url, policy), undefined, url)
  for (const url of [
    'https://hooks.example.com.evil.com', 'https://evilhooks.example.com', 'https://evil.com/hooks.example.com', 'https://evil.com/?hooks.example.com', 'https://hooks.example.com:22/',
    'https://cdn.example.org', 'https://xcdn.example.org', 'https://example.net/hooks/cloudinary', 'https://example.net:8443/', 'https://example.net:8443/hooks/cloudinaryx',
    'https://example.net:8443/hooks/../cloudinary', 'https://example.net:8443/hooks/%2e%2e/hooks', 'https://example.net:8443/Hooks/cloudinary', 'https://localhost/'
  ]) t.match(urlFault(url, policy), /must point to one of/, url)
})

t.test('rules of hosts are checked', async (t) => {
  for (const rule of ['hooks.example.com', '*.example.com', 'example.com:8443', 'example.com:8443/a/b', '*.example.com/a', 'localhost', 'localhost:80']) t.equal(hostRuleFault(rule), undefined, rule)
  for (const rule of ['', '*', '*.com*', 'https://example.com', 'example', 'exa mple.com', 'example.com?x', 'a.*.com', '.example.com']) t.match(hostRuleFault(rule), /must read like/, rule)
})

t.test('buckets are told by their schemes', async (t) => {
  for (const url of ['s3://a/b', 'GS://a/b']) t.equal(isBucketUrl(url), true, url)
  for (const url of ['https://a/b', 'ftp://a/b', 's3', ':', '']) t.equal(isBucketUrl(url), false, url)
})

t.test('key sets come by https, or from this machine', async (t) => {
  for (const url of ['https://idp.example.com/keys', 'https://keycloak.internal:8443/keys', 'https://10.0.0.1/keys', 'http://localhost:1234/keys', 'http://127.0.0.1:22/keys', 'http://[::1]:80/keys']) {
    t.equal(keySetUrlFault(url), undefined, url)
  }
  for (const url of ['http://idp.example.com/keys', 'http://10.0.0.1/keys', 'http://localhost.evil.com', 'ftp://localhost/keys', 'https://user@idp.example.com', 'nonsense']) t.type(keySetUrlFault(url), 'string', url)
})

t.test('key sets are not fetched from addresses that no provider has', async (t) => {
  t.equal(keySetAddressFits('127.0.0.1', 'http:'), true)
  t.equal(keySetAddressFits('10.0.0.1', 'http:'), false, 'plain http that leaves this machine')
  for (const address of ['10.0.0.1', '8.8.8.8', '127.0.0.1', 'fd00::1']) t.equal(keySetAddressFits(address, 'https:'), true, address)
  for (const address of ['169.254.169.254', '0.0.0.0', 'fe80::1', '::ffff:169.254.169.254']) t.equal(keySetAddressFits(address, 'https:'), false, address)
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
