import t from 'tap'
import { isExempt, parseProxy, proxyAuthorization, proxyFor, type Proxy } from '../../src/net/proxies.ts'

const proxy = (text: string): Proxy => {
  const parsed = parseProxy(text)
  if ('reason' in parsed) throw new Error(parsed.reason)
  return parsed
}

t.test('parseProxy', async (t) => {
  const good: Record<string, readonly [address: string, url: string]> = {
    'http://proxy.example:3128': ['proxy.example:3128', 'http://proxy.example:3128/'],
    'proxy.example:3128': ['proxy.example:3128', 'http://proxy.example:3128/'],
    'HTTPS://Proxy.Example/': ['proxy.example:443', 'https://proxy.example/'],
    '10.0.0.1': ['10.0.0.1:80', 'http://10.0.0.1/'],
    'http://[fd00::1]:3128': ['[fd00::1]:3128', 'http://[fd00::1]:3128/'],
    'http://us%40er:p%2Fw:x@proxy:3128': ['proxy:3128', 'http://us%40er:p%2Fw%3Ax@proxy:3128/']
  }
  for (const [text, [address, url]] of Object.entries(good)) {
    const { address: shown, url: secret } = proxy(text)
    t.same([shown, secret.reveal()], [address, url], text)
    t.notMatch(JSON.stringify(proxy(text)), 'p%2Fw', 'the URL does not print')
  }
  const bad: Record<string, RegExp> = {
    'socks5://canary:1080': /SOCKS/,
    'ftp://canary': /http:\/\/ or https:\/\//,
    'http://': /http:\/\/ or https:\/\//,
    'http://can ary': /http:\/\/ or https:\/\//,
    'http://proxy:canary': /http:\/\/ or https:\/\//,
    'http://proxy/canary': /without a path/,
    'http://proxy?canary': /without a path/,
    'http://user:can%zzary@proxy': /percent-encoded/,
    'http://can%zzary@proxy': /percent-encoded/
  }
  for (const [text, reason] of Object.entries(bad)) {
    const parsed = parseProxy(text)
    t.match(parsed, { reason }, text)
    t.notMatch(JSON.stringify(parsed), 'canary')
  }
})

t.test('proxyAuthorization decodes what the URL holds', async (t) => {
  const sent = (url: string) => {
    const [, pair = ''] = proxyAuthorization(new URL(url))?.split('Basic ') ?? []
    return Buffer.from(pair, 'base64').toString()
  }
  t.equal(sent('http://us%40er:p%2Fw@proxy'), 'us@er:p/w')
  t.equal(sent('http://token@proxy'), 'token:')
  t.equal(proxyAuthorization(new URL('http://proxy')), undefined)
})

t.test('isExempt reads NO_PROXY as curl and Go do', async (t) => {
  const exempt = (url: string, noProxy: string) => isExempt(new URL(url), noProxy)
  const fits: Array<[string, string]> = [
    ['https://api.example.com', '*'],
    ['https://api.example.com', 'example.com'],
    ['https://api.example.com', '.Example.com'],
    ['https://api.example.com', '*.example.com'],
    ['https://example.com', '.example.com'],
    ['https://api.example.com.', 'api.example.com'],
    ['https://api.example.com', 'a.b, api.example.com:443'],
    ['http://api.example.com:8080', 'a.b api.example.com:8080'],
    ['https://10.1.2.3', '10.1.2.3'],
    ['https://10.1.2.3', '10.0.0.0/8'],
    ['https://[fd00::1]', 'fd00::1'],
    ['https://[fd00::1]:8443', '[fd00::1]:8443'],
    ['https://[fd00::1]', 'fd00::/8'],
    ['https://[::ffff:10.1.2.3]', '10.0.0.0/8'],
    ['https://[fd00::1]', '[fd00::/8]'],
    ['https://api.bücher.example', '.BÜCHER.example:443'],
    ['https://xn--bcher-kva.example', 'bücher.example']
  ]
  for (const [url, noProxy] of fits) t.equal(exempt(url, noProxy), true, `${url} ${noProxy}`)
  const others: Array<[string, string]> = [
    ['https://api.example.com', ''],
    ['https://api.example.com', ' , '],
    ['https://api.example.com', 'ample.com'],
    ['https://api.example.com', 'api.example.com:8443'],
    ['https://api.example.com', 'com.'.repeat(2)],
    ['https://api.example.com', '.'],
    ['https://api.example.com', '10.0.0.0/8'],
    ['https://11.1.2.3', '10.0.0.0/8'],
    ['https://10.1.2.3', '10.0.0.0/99'],
    ['https://10.1.2.3', 'fd00::/8'],
    ['https://10.1.2.3', '2.3'],
    ['https://[fd00::1]', 'fd00::2'],
    ['https://api.example.com', 'a b% api.example.com%'],
    ['https://api.example.com', 'xn--a,bü cher']
  ]
  for (const [url, noProxy] of others) t.equal(exempt(url, noProxy), false, `${url} ${noProxy}`)
})

t.test('proxyFor chooses by scheme; this machine is reached directly', async (t) => {
  const rules = { https: proxy('http://secure:1'), http: proxy('http://plain:2'), noProxy: 'inner.example' }
  const address = (url: string) => proxyFor(new URL(url), rules)?.address
  t.equal(address('https://api.cloudinary.com'), 'secure:1')
  t.equal(address('http://api.cloudinary.com'), 'plain:2')
  for (const direct of ['https://api.inner.example', 'http://localhost:1', 'https://127.0.0.2', 'https://[::1]', 'https://[::ffff:127.0.0.1]', 'https://LOCALHOST.']) t.equal(address(direct), undefined, direct)
  t.equal(proxyFor(new URL('https://a.example'), { https: undefined, http: undefined, noProxy: '' }), undefined)
})
