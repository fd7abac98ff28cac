import t from 'tap'
import { loadConfig } from '../../../src/config/config.ts'
import { proxiesInUse, readProxies } from '../../../src/config/environments/proxies.ts'
import { Source } from '../../../src/config/source.ts'

function read (variables: Record<string, string>) {
  const source = new Source(variables, () => '')
  const proxyOf = readProxies(source)
  return { faults: source.faults, https: proxyOf('https://a.example')?.address, http: proxyOf('http://a.example')?.address }
}

t.test('readProxies', async (t) => {
  t.test('lower case wins, ALL_PROXY stands in, and CGI programs read no HTTP_PROXY', async (t) => {
    t.match(read({}), { faults: { length: 0 }, https: undefined, http: undefined })
    t.match(read({ HTTPS_PROXY: 'http://a:1', HTTP_PROXY: 'http://b:2' }), { https: 'a:1', http: 'b:2' })
    t.match(read({ HTTPS_PROXY: 'http://a:1', https_proxy: 'http://c:3' }), { https: 'c:3', http: undefined })
    t.match(read({ ALL_PROXY: 'http://d:4', HTTP_PROXY: 'http://b:2' }), { https: 'd:4', http: 'b:2' })
    t.match(read({ all_proxy: 'http://d:4' }), { https: 'd:4', http: 'd:4' })
    t.match(read({ HTTP_PROXY: 'http://b:2', REQUEST_METHOD: 'GET' }), { http: undefined })
    t.match(read({ http_proxy: 'http://b:2', REQUEST_METHOD: 'GET' }), { http: 'b:2' })
    t.match(read({ HTTPS_PROXY: 'http://a:1', NO_PROXY: 'a.example' }), { https: undefined })
    t.match(read({ HTTPS_PROXY: 'http://a:1', NO_PROXY: 'a.example', no_proxy: 'b.example' }), { https: 'a:1' })
  })

  t.test('faults name the variable that would be used, each once', async (t) => {
    t.match(read({ HTTPS_PROXY: 'ftp://canary', http_proxy: 'http://can ary' }).faults, [{ name: 'HTTPS_PROXY' }, { name: 'http_proxy' }])
    t.match(read({ ALL_PROXY: 'socks5://canary' }).faults, [{ name: 'ALL_PROXY', reason: /SOCKS/ }])
    t.equal(read({ ALL_PROXY: 'socks5://canary' }).faults.length, 1)
    t.same(read({ ALL_PROXY: 'socks5://a', HTTPS_PROXY: 'http://a', HTTP_PROXY: 'http://a' }).faults, [])
  })

  t.test('a variable that serves nothing stops no start: other programs may know more kinds of proxies', async (t) => {
    const variables = { ALL_PROXY: 'socks5://a:1', http_proxy: 'ftp://b' }
    t.equal(loadConfig(variables).sandbox.start, true)
    const url = 'cloudinary://1234:abcdefgh@demo'
    const faults = (more: Record<string, string>) => {
      try {
        loadConfig({ ...variables, ...more })
        return ''
      } catch (error) {
        return (error as Error).message
      }
    }
    t.match(faults({ CLOUDINARY_URL: url }), /^ {2}ALL_PROXY names a SOCKS proxy[^\n]+$/m)
    t.notMatch(faults({ CLOUDINARY_URL: url }), 'http_proxy')
    t.equal(faults({ CLOUDINARY_URL: `${url}?api_proxy=http://own:1` }), '')
    t.equal(faults({ CLOUDINARY_URL: url, CLOUDINARY_API_PROXY: 'http://own:1' }), '')
    t.equal(faults({ CLOUDINARY_URL: url, NO_PROXY: 'api.cloudinary.com' }), '')
    t.equal(faults({ CLOUDINARY_URL: `${url}?upload_prefix=http://localhost:1` }), '')
  })
})

t.test('proxiesInUse says which proxy serves what, without credentials', async (t) => {
  const url = 'cloudinary://1:canary-secret@demo'
  t.equal(proxiesInUse(loadConfig({ CLOUDINARY_URL: url })), undefined)
  t.equal(proxiesInUse(loadConfig({ HTTPS_PROXY: 'http://a:1' })), undefined, 'the sandbox is reached directly')
  const variables = {
    CLOUDINARY_URL: url,
    CLOUDINARY_URL_EDITOR: `${url}?api_proxy=http://user:canary@own:3128`,
    CLOUDINARY_URL_LOCAL: `${url}?upload_prefix=http://localhost:8081`,
    HTTPS_PROXY: 'http://user:canary@shared:3128',
    GATEWAY_KEYS: `web=sha256:${'a'.repeat(64)}`
  }
  const own = 'editor through own:3128, local without a proxy, production through shared:3128'
  t.equal(proxiesInUse(loadConfig(variables)), own)
  const jwt = { AUTH_JWKS_URL: 'https://id.example/jwks', AUTH_ISSUER: 'x', AUTH_AUDIENCE: 'y', POLICY_FILE: 'policy.yaml' }
  const readFile = () => 'callers: []'
  t.equal(proxiesInUse(loadConfig({ ...variables, ...jwt }, { readFile })), `${own}, AUTH_JWKS_URL through shared:3128`)
  t.equal(proxiesInUse(loadConfig({ ...variables, ...jwt, NO_PROXY: 'id.example' }, { readFile })), `${own}, AUTH_JWKS_URL without a proxy`)
  t.notMatch(JSON.stringify(loadConfig(variables)), 'canary')
})
