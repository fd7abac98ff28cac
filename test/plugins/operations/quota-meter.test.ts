import t from 'tap'
import { showQuotas, type EnvironmentQuota } from '../../../src/plugins/operations/quota-meter.ts'

t.test('gauges of each environment whose budget is known, as it is when asked', async (t) => {
  const library = await import('prom-client')
  const registry = new library.Registry()
  let standing: EnvironmentQuota['standing'] = { limit: 500, remaining: 497, resetsAt: new Date(1_800_000_000_000), secondsLeft: 60 }
  showQuotas(library, [registry], 'gateway_', async () => [{ environment: 'editor', standing }, { environment: 'staging', standing: undefined }])
  const lines = async (): Promise<string[]> => (await registry.metrics()).split('\n').filter((line) => line.startsWith('gateway_'))
  t.same(await lines(), [
    'gateway_admin_quota_limit{environment="editor"} 500',
    'gateway_admin_quota_remaining{environment="editor"} 497',
    'gateway_admin_quota_reset_timestamp_seconds{environment="editor"} 1800000000'
  ])
  standing = undefined
  t.same(await lines(), [], 'nothing is known after the reset')
})
