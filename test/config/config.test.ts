import { inspect } from 'node:util'
import t from 'tap'
import { ConfigError, loadConfig, type LoadOptions } from '../../src/config/config.ts'

const URL = 'cloudinary://123456789012345:s3cret-canary@demo'
const REDIS = 'redis://:r3dis-canary@redis:6379'

function faults (variables: Record<string, string>, options: LoadOptions = {}) {
  try {
    loadConfig(variables, options)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(({ name, reason }) => `${name} ${reason}`)
    throw error
  }
}

t.test('loadConfig', async (t) => {
  t.test('gives one value, frozen to its depth', async (t) => {
    const config = loadConfig({ CLOUDINARY_URL: URL, ROUTE_PREFIX: '/media/', GATEWAY_KEYS: `web=sha256:${'a'.repeat(64)}`, UPLOAD_CHUNK: '1', NODE_ENV: 'prod' })
    t.match(config, {
      host: '127.0.0.1',
      port: 8080,
      routePrefix: '/media',
      production: false,
      defaultEnvironment: 'production',
      environments: [{ name: 'production', cloudName: 'demo' }],
      sandbox: { mode: 'auto', start: false },
      auth: { mode: 'keys' },
      upload: { chunkBytes: 20_000_000, fileRoot: undefined },
      upstream: { connectTimeoutMs: 5000 },
      redisUrl: undefined,
      redisTls: { ca: undefined, cert: undefined, key: undefined },
      redisPrefix: 'cloudinary-gateway:',
      warnings: [/^UPLOAD_CHUNK is not a variable/, /^NODE_ENV looks like/]
    })
    for (const value of [config, config.upload, config.environments, config.environments[0]?.delivery, config.auth.keys, config.warnings]) t.ok(Object.isFrozen(value))
  })

  t.test('shares of uploads and the slowest body', async (t) => {
    t.match(loadConfig({}).upload, {
      shares: { environment: 0.75, caller: 0.5, address: 0.25, signature: 0.125 }, minBytesPerSecond: 1024
    })
    t.match(loadConfig({
      UPLOAD_ENVIRONMENT_SHARE: '1', UPLOAD_CALLER_SHARE: '2/3', UPLOAD_ADDRESS_SHARE: '1/10', UPLOAD_SIGNATURE_SHARE: '1/32', UPLOAD_MIN_BYTES_PER_SECOND: '10kB'
    }).upload, {
      shares: { environment: 1, caller: 2 / 3, address: 0.1, signature: 1 / 32 }, minBytesPerSecond: 10_000
    })
  })

  t.test('metrics are served where a port is given for them, on loopback unless it says otherwise', async (t) => {
    t.equal(loadConfig({}).metrics, undefined)
    t.same(loadConfig({ METRICS_PORT: '9464' }).metrics, { host: '127.0.0.1', port: 9464 })
    t.same(loadConfig({ METRICS_PORT: '0', METRICS_HOST: '0.0.0.0' }).metrics, { host: '0.0.0.0', port: 0 })
    t.same(faults({ METRICS_PORT: '65536', METRICS_HOST: 'a b' }).map((line) => line.split(' ')[0]), ['METRICS_PORT', 'METRICS_HOST'])
  })

  t.test('what Kubernetes sets for Services is neither a setting, nor an environment, nor unknown', async (t) => {
    const links = (service: string): Record<string, string> => ({
      [`${service}_SERVICE_HOST`]: '10.0.0.1',
      [`${service}_SERVICE_PORT`]: '80',
      [`${service}_SERVICE_PORT_HTTP`]: '80',
      [`${service}_PORT`]: 'tcp://10.0.0.1:80',
      [`${service}_PORT_80_TCP`]: 'tcp://10.0.0.1:80',
      [`${service}_PORT_80_TCP_PROTO`]: 'tcp',
      [`${service}_PORT_80_TCP_PORT`]: '80',
      [`${service}_PORT_80_TCP_ADDR`]: '10.0.0.1'
    })
    for (const service of ['CLOUDINARY_URL', 'CLOUDINARY_URL_EDITOR', 'CLOUDINARY', 'UPLOAD', 'REDIS', 'GATEWAY', 'POLICY', 'SANDBOX_HOST']) {
      t.match(loadConfig({ CLOUDINARY_URL: URL, ...links(service) }), { environments: { length: 1 }, sandbox: { start: false }, warnings: { length: 0 } }, service)
      t.match(loadConfig(links(service)), { environments: { length: 0 }, sandbox: { start: true } }, `${service} is not taken for credentials`)
      t.match(faults({ ...links(service), NODE_ENV: 'production' }), [/^CLOUDINARY_URL is missing/])
    }
    const both = loadConfig({ ...links('METRICS'), ...links('SANDBOX') })
    t.match(both, { metrics: undefined, sandbox: { port: 8081 }, warnings: [/^METRICS_PORT, SANDBOX_PORT are not read/] })
    t.match(loadConfig({ ...links('METRICS'), METRICS_PORT: '9464' }), { metrics: { port: 9464 }, warnings: { length: 0 } }, 'a person\'s value counts')
    t.match(faults({ ...links('METRICS'), METRICS_PORT: '9464x' }), [/^METRICS_PORT must be/], 'and is judged')
    t.match(faults({ METRICS_PORT: 'tcp://10.0.0.1:80' }), [/^METRICS_PORT must be/], 'without the Service it is a mistake')
  })

  t.test('can be asked for a part: only the faults of its own variables count', async (t) => {
    const variables = { CLOUDINARY_URL: 'cloudinary://canary', GATEWAY_KEYS: `web=sha256:${'a'.repeat(64)}`, PORT: 'x' }
    t.same(loadConfig(variables, { heeded: /^GATEWAY_KEYS$/ }).auth.keys.map(({ caller }) => caller), ['web'])
    t.match(faults(variables, { heeded: /^CLOUDINARY_/ }), [/^CLOUDINARY_URL /])
    t.match(faults({ ...variables, GATEWAY_KEYS: 'web' }, { heeded: /^GATEWAY_KEYS$/ }), [/^GATEWAY_KEYS /])
    t.equal(faults(variables).length, 2, 'all of them where nothing is said')
  })

  t.test('shows no secret when it is printed', async (t) => {
    const config = loadConfig({ CLOUDINARY_URL: URL, REDIS_URL: REDIS })
    for (const text of [inspect(config, { depth: null }), inspect(config, { depth: null, showHidden: true, customInspect: false }), JSON.stringify(config), String(config.redisUrl)]) t.notMatch(text, 'canary')
    t.equal(config.redisUrl?.reveal(), REDIS)
    t.equal(loadConfig({ CLOUDINARY_URL: URL, REDIS_PREFIX: '{shop}:' }).redisPrefix, '{shop}:')
  })

  t.test('names every bad variable at once, and no value', async (t) => {
    const variables = {
      CLOUDINARY_URL: 'cloudinary://1:"s3cret-canary"@demo',
      CLOUDINARY_EDITOR_API_SECRET: 's3cret-canary',
      PORT: 'canary',
      REDIS_URL: 'r3dis-canary',
      GATEWAY_KEYS: 'canary',
      CORS_ORIGINS: '*',
      CLOUDINARY_ENVIRONMENT: 'canary'
    }
    const found = faults(variables)
    t.same(found.map((line) => line.split(' ')[0]), ['PORT', 'CORS_ORIGINS', 'REDIS_URL', 'CLOUDINARY_EDITOR_CLOUD_NAME', 'CLOUDINARY_EDITOR_API_KEY', 'CLOUDINARY_URL', 'GATEWAY_KEYS'])
    t.notMatch(found.join('\n'), 'canary')
  })

  t.test('without credentials the sandbox starts, but not in production unless it is wanted', async (t) => {
    t.match(loadConfig({}), { environments: [], defaultEnvironment: 'production', sandbox: { start: true, host: '127.0.0.1', port: 8081 } })
    t.match(loadConfig({ CLOUDINARY_ENVIRONMENT: 'staging' }), { defaultEnvironment: 'staging' })
    t.match(loadConfig({ NODE_ENV: 'production', SANDBOX: 'on' }), { production: true, sandbox: { start: true } })
    t.match(faults({ NODE_ENV: 'production' }), [/^CLOUDINARY_URL is missing, as is CLOUDINARY_URL_<NAME>: .*SANDBOX=on$/])
    t.match(faults({ SANDBOX: 'off' }), [/^CLOUDINARY_URL is missing.*set SANDBOX=on$/])
    t.match(loadConfig({ SANDBOX_PUBLIC_URL: 'http://PC.local:9000/' }).sandbox, { publicUrl: 'http://pc.local:9000' })
  })

  t.test('with credentials the sandbox stays away, or becomes one environment more', async (t) => {
    t.match(loadConfig({ CLOUDINARY_URL: URL }), { sandbox: { start: false } })
    t.match(loadConfig({ CLOUDINARY_URL: URL, SANDBOX: 'on', CLOUDINARY_ENVIRONMENT: 'sandbox' }), { sandbox: { start: true }, defaultEnvironment: 'sandbox' })
    t.match(faults({ CLOUDINARY_URL_SANDBOX: URL, SANDBOX: 'on' }), [/^SANDBOX is on, but the environment sandbox has credentials/])
    t.match(faults({ CLOUDINARY_URL: 'x' }), [/^CLOUDINARY_URL must begin/], 'bad credentials do not start the sandbox in their place')
  })

  t.test('rates are requests in seconds, or nothing', async (t) => {
    t.same(loadConfig({ CLOUDINARY_URL: URL, RATE_PER_ADDRESS: '600/60' }).rates, { perAddress: { requests: 600, perSeconds: 60 }, perCaller: undefined })
    t.match(faults({ CLOUDINARY_URL: URL, RATE_PER_CALLER: '0/60' }), [/^RATE_PER_CALLER must be a number of requests and of seconds/])
  })

  t.test('the default environment is production, the only one, or the one named', async (t) => {
    t.equal(loadConfig({ CLOUDINARY_URL_EDITOR: URL }).defaultEnvironment, 'editor')
    t.equal(loadConfig({ CLOUDINARY_URL_EDITOR: URL, CLOUDINARY_URL_PRODUCTION: URL }).defaultEnvironment, 'production')
    t.match(faults({ CLOUDINARY_URL_EDITOR: URL, CLOUDINARY_URL_STAGING: URL }), [/^CLOUDINARY_ENVIRONMENT is missing: there are editor, staging/])
    t.match(faults({ CLOUDINARY_URL: URL, CLOUDINARY_ENVIRONMENT: 'live' }), [/^CLOUDINARY_ENVIRONMENT names an environment that there is not/])
  })

  t.test('reads files through the function it is given, or from the disk', async (t) => {
    const folder = t.testdir({ url: `${URL}\n` })
    t.equal(loadConfig({ CLOUDINARY_URL_FILE: `${folder}/url` }).environments[0]?.apiSecret.reveal(), 's3cret-canary')
    t.equal(loadConfig({ CLOUDINARY_URL_FILE: '/x' }, { readFile: () => URL }).environments.length, 1)
    t.match(faults({ CLOUDINARY_URL_FILE: `${folder}/absent` }), ['CLOUDINARY_URL_FILE names a file that cannot be read (ENOENT)'])
  })
})
