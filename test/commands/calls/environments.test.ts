import t from 'tap'
import { Secret } from '../../../src/secret.ts'
import { callable } from '../../support/called.ts'
import { environmentAt, startGatewayAt } from '../../support/gateway.ts'

t.test('environments are listed, without a secret', async (t) => {
  const { app, call, see, sandbox } = await callable(t)
  await app.proveCredentials()
  t.match(
    (await call(['environments'])).lines,
    [{ name: 'production', cloud_name: 'demo', verified: true, default: true }]
  )
  t.equal((await see(['environments'])).out, 'production  demo  verified  default\n')
  t.notMatch((await call(['environments'])).out, /abcd/)
  const wrong = environmentAt(sandbox.url, { name: 'wrong', apiSecret: new Secret('no such secret') })
  const { app: other, url } = await startGatewayAt(t, sandbox.url, { environments: [environmentAt(sandbox.url), wrong] })
  await other.proveCredentials()
  const { out } = await see(['environments', '--url', url])
  t.match(out, /^production +demo +verified +default\nwrong +demo +not verified\n$/)
  t.notMatch(out, /secret/)
  await t.rejects(call(['environments', 'x']), { name: 'UsageError' })
})
