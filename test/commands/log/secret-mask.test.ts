import t from 'tap'
import { SecretMask } from '../../../src/commands/log/secret-mask.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { withSandbox } from '../../../src/config/environments/sandbox-environments.ts'
import { Secret } from '../../../src/secret.ts'
import { environmentAt } from '../../support/gateway.ts'
import { SECRET, SECRET_CONFIG } from '../../support/secret-config.ts'

t.test('SecretMask', async (t) => {
  const mask = new SecretMask(SECRET_CONFIG)

  t.test('replaces a secret in each of its spellings', async (t) => {
    const forms = [
      SECRET, encodeURIComponent(SECRET), Buffer.from(SECRET).toString('base64'), Buffer.from(`123456789012345:${SECRET}`).toString('base64'),
      Buffer.from(`123456789012345:${SECRET}`).toString('base64url'), 'redis://:redis-canary@localhost:6379'
    ]
    for (const form of forms) t.equal(mask.apply(`{"a":"${form}","b":"${form}"}\n`), '{"a":"[secret]","b":"[secret]"}\n', form)
  })

  t.test('replaces a secret in forms, and in URLs and base64 as other programs write them', async (t) => {
    const secret = 's3cret/its(odd)+?~!'
    const { environments } = loadConfig({ CLOUDINARY_URL: `cloudinary://123456789012345:${encodeURIComponent(secret)}@demo` })
    const mask = new SecretMask({ environments, redisUrl: undefined })
    const inForm = new URLSearchParams({ secret }).toString().slice('secret='.length)
    const lowerCase = (text: string): string => text.replace(/%../g, (code) => code.toLowerCase())
    const forms = [
      encodeURIComponent(secret), lowerCase(encodeURIComponent(secret)), inForm, lowerCase(inForm),
      Buffer.from(secret).toString('base64url'), Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      Buffer.from(`123456789012345:${secret}`).toString('base64').replace(/=+$/, '')
    ]
    for (const form of forms) t.equal(mask.apply(`{"a":"${form}"}\n`), '{"a":"[secret]"}\n', form)
  })

  t.test('replaces the password of Redis alone, as it is written and as it is sent', async (t) => {
    const password = 'r3dis/canary+=%'
    const mask = new SecretMask(loadConfig({ REDIS_URL: `redis://user:${encodeURIComponent(password)}@localhost:6379` }))
    const basic = Buffer.from(`user:${password}`).toString('base64')
    for (const form of [password, encodeURIComponent(password), basic]) t.equal(mask.apply(`{"a":"${form}"}`), '{"a":"[secret]"}', form)
    const url = 'redis+sentinel://one,other:26380/main?password=in-the-query&sentinel_password=of-sentinels'
    t.equal(new SecretMask(loadConfig({ REDIS_URL: url })).apply('in-the-query of-sentinels'), '[secret] [secret]')
    t.equal(new SecretMask(loadConfig({ REDIS_URL: 'redis://localhost:6379' })).apply('user localhost'), 'user localhost', 'none is no secret')
  })

  t.test('replaces the password of each proxy', async (t) => {
    const url = 'cloudinary://123456789012345:s3cret-canary@demo'
    const config = loadConfig({
      CLOUDINARY_URL: url,
      CLOUDINARY_URL_OPEN: `${url}?api_proxy=http://open-proxy:1`,
      CLOUDINARY_URL_OWN: `${url}?api_proxy=http://user:own-canary@proxy:1`,
      CLOUDINARY_URL_TOKEN: `${url}?api_proxy=http://token%252Fcanary@proxy:1`,
      HTTPS_PROXY: 'http://user:shared%2Fcanary@proxy:2',
      GATEWAY_KEYS: `web=sha256:${'a'.repeat(64)}`
    })
    const shared = Buffer.from('user:shared/canary').toString('base64')
    const ofKeySet = { address: 'proxy:3', url: new Secret('http://user:jwks-canary@proxy:3/') }
    const mask = new SecretMask({ ...config, auth: { jwksProxy: ofKeySet } })
    const token = Buffer.from('token/canary:').toString('base64')
    for (const form of [
      'own-canary',
      'shared/canary',
      'shared%2Fcanary',
      shared,
      'jwks-canary',
      'token/canary',
      'token%2Fcanary',
      token,
      'http://token%2Fcanary@proxy:1/'
    ]) t.equal(mask.apply(`"${form}"`), '"[secret]"', form)
    const [one] = config.environments
    if (one) mask.learn([{ ...one, proxy: { address: 'proxy:1', url: new Secret('http://user:later-canary@proxy:1/') } }])
    for (const form of ['later-canary', 'own-canary']) t.equal(mask.apply(`"${form}"`), '"[secret]"', form)
    t.equal(mask.apply('proxy:1 http://user@proxy http://open-proxy:1/'), 'proxy:1 http://user@proxy http://open-proxy:1/')
  })

  t.test('learns secrets that come later, and forgets none that may be in use still', async (t) => {
    const rotated = (number: number): string => `rotated-${String(number).padStart(4, '0')}/+x`
    const environments = (number: number) => loadConfig({
      CLOUDINARY_URL: `cloudinary://123456789012345:${encodeURIComponent(rotated(number))}@demo`, CLOUDINARY_URL_STEADY: 'cloudinary://1234:steady-canary@demo'
    }).environments
    const mask = new SecretMask({ ...SECRET_CONFIG, environments: environments(0) })
    mask.learn(environments(1))
    const line = [rotated(0), rotated(1), encodeURIComponent(rotated(0)), 'steady-canary', 'redis://:redis-canary@localhost:6379'].join(' ')
    t.equal(mask.apply(line), '[secret] [secret] [secret] [secret] [secret]')
    for (let number = 2; number < 20; number++) mask.learn(environments(number))
    t.equal(mask.apply(line), '[secret] [secret] [secret] [secret] [secret]')
  })

  t.test('masks all that are in use, however many, and lets go of what was replaced long ago', async (t) => {
    const secretOf = (generation: number, index: number): string => `secret-${generation}-of-tenant-${index}`
    const generation = (number: number, count: number) => Array.from({ length: count }, (_, index) =>
      environmentAt('https://api.cloudinary.com', { apiKey: `1234567${index}`, apiSecret: new Secret(secretOf(number, index)), sandbox: false }))
    const mask = new SecretMask({ ...SECRET_CONFIG, environments: generation(0, 1_500) })
    mask.learn(generation(0, 1_500))
    const all = (number: number): string => Array.from({ length: 1_500 }, (_, index) => secretOf(number, index)).join('\n')
    t.notMatch(mask.apply(all(0)), /tenant/)
    mask.learn(generation(1, 1_500))
    t.notMatch(mask.apply(all(0) + all(1)), /tenant/, 'requests may go on with those before')
    mask.learn(generation(2, 1))
    t.equal(mask.apply(secretOf(0, 0)), secretOf(0, 0))
    t.equal(mask.apply(`${secretOf(1, 1_499)} ${secretOf(2, 0)}`), '[secret] [secret]')
  })

  t.test('leaves all else alone: short secrets that are words, and the sandbox\'s public ones', async (t) => {
    t.equal(mask.apply('{"msg":"abcd 123456789012345"}'), '{"msg":"abcd 123456789012345"}')
    const sandboxMask = new SecretMask(withSandbox(loadConfig({}), 'http://127.0.0.1:8081'))
    t.equal(sandboxMask.apply('production-sandbox-secret'), 'production-sandbox-secret')
  })
})
