import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { Secret } from '../../src/secret.ts'
import { environmentAt, testConfig } from '../helper.ts'

t.test('GET /environments: names, clouds, verdicts; never a secret', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const environments = [environmentAt(sandbox.url), environmentAt(sandbox.url, { name: 'staging', apiSecret: new Secret('canary'), sandbox: false })]
  const app = await buildApp({ config: testConfig(environments) })
  t.teardown(() => app.close())
  const answer = await app.inject('/environments')
  t.match(answer.json(), {
    environments: [
      { name: 'production', cloud_name: 'demo', verified: true, default: true, sandbox: true },
      { name: 'staging', cloud_name: 'demo', verified: false, reason: /credentials_rejected/, default: false, sandbox: false }
    ]
  })
  t.notMatch(answer.body, /canary|abcd/)
})
