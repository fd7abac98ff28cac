import t from 'tap'
import { chooseDefault, isCredentialVariable, readEnvironments } from '../../src/config/environments.ts'
import type { ProxyOf } from '../../src/config/environments/proxies.ts'
import { parseProxy } from '../../src/net/proxies.ts'
import { Source } from '../../src/config/source.ts'

function read (variables: Record<string, string>, files: Record<string, string> = {}, proxyOf: ProxyOf = () => undefined) {
  const source = new Source(variables, (path) => files[path] ?? '')
  const warnings: string[] = []
  const environments = readEnvironments(source, { insecure: false, proxyOf }, warnings)
  return { environments, warnings, faults: source.faults }
}

t.test('readEnvironments', async (t) => {
  t.test('reads any number, in both forms, and lowers their names', async (t) => {
    const { environments, faults, warnings } = read({
      CLOUDINARY_URL: 'cloudinary://1:one@first',
      CLOUDINARY_URL_EDITOR: 'cloudinary://2:two@second?analytics=1',
      CLOUDINARY_Eu_West_CLOUD_NAME: 'third',
      CLOUDINARY_Eu_West_API_KEY: '3',
      CLOUDINARY_Eu_West_API_SECRET: 'three',
      PATH: '/bin'
    })
    t.same(faults, [])
    t.same(environments.map(({ name, cloudName, apiKey, apiSecret, sandbox }) => [name, cloudName, apiKey, apiSecret.reveal(), sandbox]), [
      ['editor', 'second', '2', 'two', false],
      ['eu_west', 'third', '3', 'three', false],
      ['production', 'first', '1', 'one', false]
    ])
    t.same(warnings, ['CLOUDINARY_URL_EDITOR has an option that is not used here: analytics'])
  })

  t.test('reads each of them from a file', async (t) => {
    const { environments, faults } = read({
      CLOUDINARY_URL_STAGING_FILE: '/url',
      CLOUDINARY_CLOUD_NAME: 'demo',
      CLOUDINARY_API_KEY: '1',
      CLOUDINARY_API_SECRET_FILE: '/secret'
    }, { '/url': 'cloudinary://2:two@second\n', '/secret': 'one\r\n' })
    t.same(faults, [])
    t.same(environments.map(({ name, apiSecret }) => [name, apiSecret.reveal()]), [['production', 'one'], ['staging', 'two']])
  })

  t.test('an environment may be called url, in both forms, with options', async (t) => {
    const parts = { CLOUDINARY_URL_CLOUD_NAME: 'demo', CLOUDINARY_URL_API_KEY: '1', CLOUDINARY_URL_API_SECRET: 'one' }
    const prefix = 'https://api.example'
    const given = (variables: Record<string, string>) => {
      const { environments, faults } = read(variables, { '/secret': 'one', '/prefix': prefix })
      return [...environments.map(({ name, uploadPrefix }) => `${name} ${uploadPrefix}`), ...faults.map(({ name }) => name)]
    }
    const url = 'cloudinary://1:one@demo'
    const official = 'https://api.cloudinary.com'
    t.same(given(parts), [`url ${official}`])
    t.same(given({ ...parts, CLOUDINARY_URL_UPLOAD_PREFIX: prefix }), [`url ${prefix}`])
    t.same(given({ ...parts, CLOUDINARY_URL_API_SECRET: '', CLOUDINARY_URL_API_SECRET_FILE: '/secret', CLOUDINARY_URL_UPLOAD_PREFIX_FILE: '/prefix' }), [`url ${prefix}`])
    t.same(given({ CLOUDINARY_URL_URL: url, CLOUDINARY_URL_UPLOAD_PREFIX: prefix }), [`url ${prefix}`])
    t.same(given({ CLOUDINARY_URL_URL: url, CLOUDINARY_URL_SECURE: url }), [`secure ${official}`, `url ${official}`])
    t.same(given({ CLOUDINARY_URL_SECURE: url }), [`secure ${official}`])
    t.same(given({ CLOUDINARY_URL_API_KEY: url, CLOUDINARY_URL_API_SECRET: url }), [`api_key ${official}`, `api_secret ${official}`])
    t.same(given({ ...parts, CLOUDINARY_URL_API_SECRET: '' }), ['CLOUDINARY_URL_API_SECRET'])
    t.same(given({ ...parts, CLOUDINARY_URL_URL: url }), [`url ${official}`, 'CLOUDINARY_URL_URL'])
  })

  t.test('a prefix that is no URL is a fault, in each form, and no proxy is asked for it', async (t) => {
    const proxyOf: ProxyOf = (url) => {
      t.equal(url, 'https://api.cloudinary.com')
      return undefined
    }
    for (const prefix of ['canary', '', 'https://', 'https://canary:99999', 'https:// canary', 'https://u:canary@host']) {
      for (const option of ['upload_prefix', 'public_upload_prefix']) {
        const url = `cloudinary://1:one@first?${option}=${encodeURIComponent(prefix)}`
        const variable = `CLOUDINARY_${option.toUpperCase()}`
        const forms = [
          { CLOUDINARY_URL: url },
          ...prefix === '' ? [] : [{ CLOUDINARY_URL: 'cloudinary://1:one@first', [variable]: prefix }]
        ]
        for (const variables of forms) {
          const { faults } = read(variables, {}, proxyOf)
          t.match(faults, [{ name: Object.keys(variables).at(-1) }], `${option} ${prefix}`)
          t.notMatch(JSON.stringify(faults), 'canary')
        }
      }
    }
  })

  t.test('faults: every missing or soiled part, by the name of its variable', async (t) => {
    const { environments, faults } = read({
      CLOUDINARY_EDITOR_API_KEY: '"1"',
      CLOUDINARY_STAGING_CLOUD_NAME: 'demo',
      CLOUDINARY_STAGING_API_KEY: '123456789012345',
      CLOUDINARY_STAGING_API_SECRET: '123456789012345',
      CLOUDINARY_URL_PRODUCTION: 'nonsense',
      CLOUDINARY_URL_OTHER_FILE: '/empty'
    })
    t.match(faults, [
      { name: 'CLOUDINARY_EDITOR_CLOUD_NAME', reason: 'is missing' },
      { name: 'CLOUDINARY_EDITOR_API_KEY', reason: 'has a quotation mark in it' },
      { name: 'CLOUDINARY_EDITOR_API_SECRET', reason: 'is missing' },
      { name: 'CLOUDINARY_URL_OTHER_FILE', reason: 'names a file that is empty' },
      { name: 'CLOUDINARY_URL_PRODUCTION', reason: 'must begin with cloudinary://' },
      { name: 'CLOUDINARY_STAGING_API_SECRET', reason: /looks like an API key/ }
    ])
    t.equal(faults.length, 6)
    t.notMatch(environments.map(({ name }) => name), ['editor'])
  })

  t.test('faults: one environment given twice, in two forms or in two spellings', async (t) => {
    const url = 'cloudinary://1:one@first'
    for (const [variables, name] of [
      [{ CLOUDINARY_URL: url, CLOUDINARY_URL_PRODUCTION: url }, 'CLOUDINARY_URL_PRODUCTION'],
      [{ CLOUDINARY_URL_EDITOR: url, CLOUDINARY_URL_Editor: url }, 'CLOUDINARY_URL_Editor'],
      [{ CLOUDINARY_URL_EDITOR: url, CLOUDINARY_EDITOR_API_KEY: '1' }, 'CLOUDINARY_URL_EDITOR']
    ] as const) {
      const { faults } = read(variables)
      t.match(faults.filter((fault) => /second time/.test(fault.reason)), [{ name }])
    }
    t.match(read({ CLOUDINARY_URL: url, CLOUDINARY_URL_FILE: '/x' }).faults, [{ name: 'CLOUDINARY_URL', reason: /together with CLOUDINARY_URL_FILE/ }])
  })

  t.test('options have variables of their own, for both forms and without a name', async (t) => {
    const { environments, faults } = read({
      CLOUDINARY_CLOUD_NAME: 'first',
      CLOUDINARY_API_KEY: '1',
      CLOUDINARY_API_SECRET: 'one',
      CLOUDINARY_UPLOAD_PREFIX: 'https://api-eu.cloudinary.com/',
      CLOUDINARY_PRIVATE_CDN: 'true',
      CLOUDINARY_URL_SECURE: 'cloudinary://3:three@third',
      CLOUDINARY_URL_EDITOR: 'cloudinary://2:two@second?cname=img.example.com',
      CLOUDINARY_EDITOR_SIGNATURE_ALGORITHM: 'sha256',
      CLOUDINARY_EDITOR_PUBLIC_UPLOAD_PREFIX_FILE: '/public'
    }, { '/public': 'https://media.example.com\n' })
    t.same(faults, [])
    t.match(environments, [
      { name: 'editor', publicUploadPrefix: 'https://media.example.com', signatureAlgorithm: 'sha256', delivery: { cname: 'img.example.com', private_cdn: false } },
      { name: 'production', uploadPrefix: 'https://api-eu.cloudinary.com', publicUploadPrefix: undefined, signatureAlgorithm: 'sha1', delivery: { private_cdn: true } },
      { name: 'secure', cloudName: 'third' }
    ])
  })

  t.test('a proxy of its own, that of CLOUDINARY_API_PROXY, or the one for its address', async (t) => {
    const url = 'cloudinary://1:one@demo'
    const proxies = (variables: Record<string, string>) => {
      const parsed = parseProxy('http://standard:1')
      const { environments, faults } = read(variables, {}, (prefix) => prefix.includes('inner') || 'reason' in parsed ? undefined : parsed)
      t.same(faults, [])
      return environments.map(({ name, proxy }) => `${name} ${proxy?.address}`)
    }
    t.same(proxies({ CLOUDINARY_URL: url, CLOUDINARY_URL_X: `${url}?upload_prefix=https://inner.example` }), ['production standard:1', 'x undefined'])
    t.same(proxies({ CLOUDINARY_URL_X: `${url}?api_proxy=http://own:2`, CLOUDINARY_URL_Y: url, CLOUDINARY_API_PROXY: 'http://shared:3' }), ['x own:2', 'y shared:3'])
    t.same(proxies({ CLOUDINARY_URL: url, CLOUDINARY_PRODUCTION_API_PROXY: 'http://own:2', CLOUDINARY_API_PROXY: 'http://shared:3' }), ['production own:2'])
    t.same(proxies({ CLOUDINARY_API_PROXY: 'http://shared:3' }), [], 'it is no option of an environment alone')
    t.match(read({ CLOUDINARY_API_PROXY: 'ftp://canary', CLOUDINARY_URL_X: `${url}?api_proxy=socks5://canary` }).faults, [
      { name: 'CLOUDINARY_API_PROXY', reason: /^must be/ },
      { name: 'CLOUDINARY_URL_X', reason: /^has a bad option: api_proxy names a SOCKS proxy/ }
    ])
  })

  t.test('faults: an option given twice, one with a bad value, and one without credentials', async (t) => {
    const { environments, faults } = read({
      CLOUDINARY_URL_EDITOR: 'cloudinary://2:two@second?upload_prefix=https://api-eu.cloudinary.com',
      CLOUDINARY_EDITOR_UPLOAD_PREFIX: 'https://canary.example',
      CLOUDINARY_URL_STAGING: 'nonsense',
      CLOUDINARY_STAGING_SECURE: 'canary',
      CLOUDINARY_PREVIEW_CNAME: 'canary.example',
      CLOUDINARY_SECURE: 'true',
      CLOUDINARY_ACCOUNT_URL: 'account://1:2@3'
    })
    t.same(environments.map(({ name, uploadPrefix }) => [name, uploadPrefix]), [['editor', 'https://api-eu.cloudinary.com']])
    t.match(faults, [
      { name: 'CLOUDINARY_EDITOR_UPLOAD_PREFIX', reason: 'gives upload_prefix a second time, beside CLOUDINARY_URL_EDITOR; keep one of them' },
      { name: 'CLOUDINARY_URL_STAGING' },
      { name: 'CLOUDINARY_STAGING_SECURE', reason: 'must be true or false' },
      { name: 'CLOUDINARY_PREVIEW_CNAME', reason: /environment preview, which has no credentials: set CLOUDINARY_URL_PREVIEW, or CLOUDINARY_PREVIEW_CLOUD_NAME, CLOUDINARY_PREVIEW_API_KEY, CLOUDINARY_PREVIEW_API_SECRET$/ },
      { name: 'CLOUDINARY_SECURE', reason: /environment production, which has no credentials: set CLOUDINARY_URL, or CLOUDINARY_CLOUD_NAME/ }
    ])
    t.equal(faults.length, 5)
    t.notMatch(JSON.stringify(faults), 'canary')
  })

  t.test('faults: names that no request could carry', async (t) => {
    const { environments, faults } = read({
      'CLOUDINARY_URL_../x': 'cloudinary://1:one@first',
      CLOUDINARY_URL_1: 'cloudinary://1:one@first',
      'CLOUDINARY_A/B_API_KEY': '1',
      [`CLOUDINARY_URL_${'X'.repeat(33)}`]: 'cloudinary://1:one@first'
    })
    t.same(environments, [])
    t.equal(faults.length, 4)
    for (const { reason } of faults) t.match(reason, 'does not name an environment')
  })
})

t.test('isCredentialVariable', async (t) => {
  for (const name of ['CLOUDINARY_URL', 'CLOUDINARY_URL_FILE', 'CLOUDINARY_URL_X', 'CLOUDINARY_X_API_KEY', 'CLOUDINARY_API_SECRET_FILE']) t.ok(isCredentialVariable(name), name)
  for (const name of ['CLOUDINARY_ENVIRONMENT', 'CLOUDINARY_URL_', 'CLOUDINARY_ACCOUNT_URL', 'CLOUDINARY_FILE', 'PATH']) t.notOk(isCredentialVariable(name), name)
})

t.test('chooseDefault', async (t) => {
  t.same(chooseDefault(['editor', 'production'], undefined), { name: 'production' })
  t.same(chooseDefault(['editor'], undefined), { name: 'editor' })
  t.same(chooseDefault(['editor', 'production'], 'Editor'), { name: 'editor' })
  t.same(chooseDefault(['editor', 'staging'], undefined), { reason: 'is missing: there are editor, staging, and none is called production' })
  t.same(chooseDefault(['editor', 'staging'], 'live'), { reason: 'names an environment that there is not; there are editor, staging' })
})
