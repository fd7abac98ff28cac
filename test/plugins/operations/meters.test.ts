import t from 'tap'
import { createMeters } from '../../../src/plugins/operations/meters.ts'

const uploads = { running: 2, waiting: 1, heldBytes: 5_000_000 }
/** The lines of one metric, without its comments. */
const linesOf = (text: string, name: string): string[] => text.split('\n').filter((line) => line.startsWith(`cloudinary_gateway_${name}`))

t.test('meters', async (t) => {
  const meters = await createMeters({ uploads, version: '1.2.3' })

  t.test('tell of the process, the version and the uploads, as they are when asked', async (t) => {
    const text = await meters.text()
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds', 'nodejs_version_info']) t.match(text, new RegExp(`^${name}\\b`, 'm'))
    t.same(linesOf(text, 'info'), ['cloudinary_gateway_info{version="1.2.3"} 1'])
    t.same(linesOf(text, 'upload'), ['cloudinary_gateway_uploads_running 2', 'cloudinary_gateway_uploads_waiting 1', 'cloudinary_gateway_upload_held_bytes 5000000'])
    uploads.running = 0
    t.match(await meters.text(), /^cloudinary_gateway_uploads_running 0$/m)
  })

  t.test('count answers by method, route and status, and how long they took', async (t) => {
    const count = meters.answers('GET', '/resources/*')
    count(200, 3)
    count(200, 700)
    count(404, 20)
    const text = await meters.text()
    t.same(linesOf(text, 'http_requests_total'), [
      'cloudinary_gateway_http_requests_total{method="GET",route="/resources/*",status="200"} 2',
      'cloudinary_gateway_http_requests_total{method="GET",route="/resources/*",status="404"} 1'
    ])
    const buckets = linesOf(text, 'http_request_duration_seconds_bucket').filter((line) => line.includes('status="200"'))
    t.match(buckets, [/le="0.005".* 1$/, ...Array.from({ length: 6 }, () => / 1$/), /le="1".* 2$/, ...Array.from({ length: 6 }, () => / 2$/), /le="\+Inf".* 2$/])
    t.match(text, /_duration_seconds_sum\{[^}]*status="200"[^}]*\} 0\.703$/m)
  })

  t.test('two who ask at the same time are told the same', async (t) => {
    const [one = '', other = ''] = await Promise.all([meters.text(), meters.text()])
    t.equal(linesOf(one, 'http_requests_total').length, 2)
    t.same(linesOf(one, 'http_requests_total'), linesOf(other, 'http_requests_total'))
    t.match(linesOf(one, 'http_requests_total'), [/status="200"} 2$/, /status="404"} 1$/])
  })

  t.test('count tries by environment and outcome, and refusals of our own limits', async (t) => {
    meters.tried('editor', 'ok')
    meters.tried('editor', 'upstream_timeout')
    meters.limited('caller')
    meters.forgotten()
    const text = await meters.text()
    t.same(linesOf(text, 'upstream'), [
      'cloudinary_gateway_upstream_tries_total{environment="editor",outcome="ok"} 1',
      'cloudinary_gateway_upstream_tries_total{environment="editor",outcome="upstream_timeout"} 1'
    ])
    t.same(linesOf(text, 'rate'), ['cloudinary_gateway_rate_limited_total{limit="address"} 0', 'cloudinary_gateway_rate_limited_total{limit="caller"} 1'])
    t.same(linesOf(text, 'idempotency'), ['cloudinary_gateway_idempotency_keys_forgotten_total 1'])
  })

  t.test('show the verdict of each environment that there is, and the calls that did nothing but prove it', async (t) => {
    const own = await createMeters({ uploads, version: '1.2.3', environments: ['editor'] })
    let verdicts: Array<[string, boolean]> = [['editor', true], ['staging', false]]
    own.watchVerdicts(() => verdicts)
    own.pinged('staging')
    const text = await own.text()
    t.same(linesOf(text, 'environment_verified'), ['cloudinary_gateway_environment_verified{environment="editor"} 1', 'cloudinary_gateway_environment_verified{environment="staging"} 0'])
    t.same(linesOf(text, 'credential'), ['cloudinary_gateway_credential_pings_total{environment="editor"} 0', 'cloudinary_gateway_credential_pings_total{environment="staging"} 1'])
    t.same(linesOf(text, 'redis'), [])
    verdicts = [['staging', true]]
    let isUp = true
    own.showRedis(() => isUp)
    t.same(linesOf(await own.text(), 'redis'), ['cloudinary_gateway_redis_up 1'])
    isUp = false
    t.same(linesOf(await own.text(), 'redis'), ['cloudinary_gateway_redis_up 0'])
    t.same(linesOf(await own.text(), 'environment_verified'), ['cloudinary_gateway_environment_verified{environment="staging"} 1'])
  })

  t.test('count what became of stored files, of environments known at start from the beginning', async (t) => {
    const outcomes = ['verified', 'differs', 'failed', 'not-checked']
    const own = await createMeters({ uploads, version: '1.2.3', environments: ['editor'] })
    const lineOf = (environment: string, outcome: string, count: number): string =>
      `cloudinary_gateway_upload_integrity_total{environment="${environment}",outcome="${outcome}"} ${count}`
    t.same(linesOf(await own.text(), 'upload_integrity'), outcomes.map((outcome) => lineOf('editor', outcome, 0)))
    own.stored('editor', 'differs')
    own.stored('added', 'failed')
    t.same(linesOf(await own.text(), 'upload_integrity'), [
      ...outcomes.map((outcome) => lineOf('editor', outcome, outcome === 'differs' ? 1 : 0)),
      lineOf('added', 'failed', 1)
    ])
  })

  t.test('show how the Admin API budget of each environment stands', async (t) => {
    const own = await createMeters({ uploads, version: '1.2.3' })
    own.showQuotas(async () => [{ environment: 'editor', standing: { limit: 500, remaining: 7, resetsAt: new Date(0), secondsLeft: 1 } }])
    t.match(linesOf(await own.text(), 'admin_quota_remaining'), ['cloudinary_gateway_admin_quota_remaining{environment="editor"} 7'])
  })

  t.test('show whether Redis works, where there is one', async (t) => {
    t.notMatch(await meters.text(), 'redis_up')
    const own = await createMeters({ uploads, version: '1.2.3' })
    let isUp = true
    own.showRedis(() => isUp)
    t.same(linesOf(await own.text(), 'redis_up'), ['cloudinary_gateway_redis_up 1'])
    isUp = false
    t.same(linesOf(await own.text(), 'redis_up'), ['cloudinary_gateway_redis_up 0'])
  })

  t.test('say whether the files as they are now are in force, and since when', async (t) => {
    t.same(linesOf(await meters.text(), 'reload'), [], 'nothing where no file is watched')
    const reloaded = meters.watch('policy')
    const timeOf = (text: string): number => Number(/^cloudinary_gateway_reload_last_success_timestamp_seconds\{what="policy"\} (\S+)$/m.exec(text)?.[1])
    const first = await meters.text()
    t.match(first, /reloads_total\{what="policy",outcome="failed"\} 0\n/)
    t.match(first, /reload_last_successful\{what="policy"\} 1\n/)
    t.ok(Math.abs(timeOf(first) - Date.now() / 1000) < 60)

    reloaded('failed')
    const failed = await meters.text()
    t.match(failed, /reloads_total\{what="policy",outcome="failed"\} 1\n/)
    t.match(failed, /reload_last_successful\{what="policy"\} 0\n/)
    t.equal(timeOf(failed), timeOf(first), 'what is in force is as old as before')

    reloaded('loaded')
    const loaded = await meters.text()
    t.match(loaded, /reloads_total\{what="policy",outcome="loaded"\} 1\n/)
    t.match(loaded, /reload_last_successful\{what="policy"\} 1\n/)
    t.ok(timeOf(loaded) > timeOf(first))
  })
})
