import fastify from 'fastify'
import t from 'tap'
import cloudinary from '../../src/plugins/cloudinary.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { environmentAt, testConfig } from '../helper.ts'

t.test('one client per environment, closed with the app', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const { upstream, upload } = testConfig([])
  const app = fastify()
  const environments = ['a', 'b'].map((name) => environmentAt(sandbox.url, { name }))
  await app.register(cloudinary, { environments, defaultEnvironment: 'b', client: { upstream, upload } })
  const { clients, defaultEnvironment } = app.cloudinary
  t.equal(defaultEnvironment, 'b')
  t.same([...clients.keys()], ['a', 'b'])
  t.not(clients.get('a'), clients.get('b'))
  const call = { signal: AbortSignal.timeout(5_000) }
  await clients.get('a')?.ping(call)
  await app.close()
  await t.rejects(clients.get('a')?.ping(call) ?? Promise.resolve(), 'a closed client takes no calls')
})
