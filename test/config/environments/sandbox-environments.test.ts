import t from 'tap'
import { loadConfig } from '../../../src/config/config.ts'
import { SANDBOX_CLOUDS, sandboxEnvironments, withSandbox } from '../../../src/config/environments/sandbox-environments.ts'

t.test('sandboxEnvironments', async (t) => {
  t.test('gives editor, staging and production a cloud each', async (t) => {
    const environments = sandboxEnvironments('http://127.0.0.1:8081/')
    t.same(environments.map(({ name, cloudName }) => [name, cloudName]), ['editor', 'staging', 'production'].map((name) => [name, name]))
    for (const environment of environments) {
      t.match(environment, { uploadPrefix: 'http://127.0.0.1:8081', sandbox: true, delivery: { secure: false, cname: '127.0.0.1:8081', secure_distribution: '127.0.0.1:8081', private_cdn: false } })
      t.equal(environment.apiSecret.reveal(), SANDBOX_CLOUDS.find(({ cloudName }) => cloudName === environment.name)?.apiSecret)
    }
  })

  t.test('builds delivery URLs on the public address, and calls the sandbox at its own', async (t) => {
    const [http] = sandboxEnvironments('http://127.0.0.1:8081', ['editor'], 'http://pc.local:9000')
    t.match(http, { uploadPrefix: 'http://127.0.0.1:8081', publicUploadPrefix: 'http://pc.local:9000', delivery: { secure: false, cname: 'pc.local:9000' } })
    const [https] = sandboxEnvironments('http://127.0.0.1:8081', ['editor'], 'https://media.example')
    t.match(https, { delivery: { secure: true, secure_distribution: 'media.example', cname: undefined } })
  })

  t.test('names, keys and secrets of the clouds differ', async (t) => {
    for (const part of ['cloudName', 'apiKey', 'apiSecret'] as const) t.equal(new Set(SANDBOX_CLOUDS.map((cloud) => cloud[part])).size, SANDBOX_CLOUDS.length, part)
  })
})

t.test('withSandbox', async (t) => {
  t.test('is all there is without credentials', async (t) => {
    const config = withSandbox(loadConfig({ SANDBOX_PUBLIC_URL: 'http://pc.local:9000/' }), 'http://127.0.0.1:8081')
    t.same(config.environments.map(({ name }) => name), ['editor', 'staging', 'production'])
    t.equal(config.defaultEnvironment, 'production')
    t.equal(config.environments[0]?.delivery.cname, 'pc.local:9000')
    t.ok(Object.isFrozen(config.environments[0]?.delivery))
  })

  t.test('is one environment more beside credentials', async (t) => {
    const config = withSandbox(loadConfig({ SANDBOX: 'on', CLOUDINARY_URL: 'cloudinary://1:one@demo' }), 'http://127.0.0.1:8081')
    t.same(config.environments.map(({ name, sandbox }) => [name, sandbox]), [['production', false], ['sandbox', true]])
    t.equal(config.defaultEnvironment, 'production')
  })
})
