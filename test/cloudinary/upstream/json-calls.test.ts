import t, { type Test } from 'tap'
import { anyObject } from '../../../src/cloudinary/upstream/answer-shapes.ts'
import { JsonCalls, type Call, type Change } from '../../../src/cloudinary/upstream/json-calls.ts'
import type { AdminQuota, QuotaStanding } from '../../../src/cloudinary/upstream/account/quota.ts'
import { call, connectionTo, quickPace } from '../../support/connection.ts'
import { startFaultUpstream, type FaultUpstream } from '../../support/fault-upstream.ts'

interface Started {
  upstream: FaultUpstream
  calls: JsonCalls
  quota: AdminQuota
  slept: number[]
  tried: string[]
}

async function started (t: Test): Promise<Started> {
  const upstream = await startFaultUpstream(t)
  const pace = quickPace()
  const tried: string[] = []
  const connection = connectionTo(t, upstream.url, { pace, tried: (outcome) => { tried.push(outcome) } })
  return { upstream, calls: new JsonCalls(connection), quota: connection.account.quota, slept: pace.slept, tried }
}

const CHANGE: Change = { path: '/a', fields: { tags: 'x' }, shape: anyObject, retry: 'always', api: 'admin' }
const FORM: Change = { ...CHANGE, api: 'upload', retry: 'unsent' }

/** Headers of an answer with so many of 100 calls left in this hour. */
const left = (remaining: number): Record<string, string> => ({
  'x-featureratelimit-limit': '100',
  'x-featureratelimit-remaining': String(remaining),
  'x-featureratelimit-reset': new Date(Date.now() + 3_000_000).toUTCString()
})

t.test('the Admin API gets a header for proof, the Upload API a form alone', async (t) => {
  const { upstream, calls, tried } = await started(t)
  const proof = `authorization|Basic ${Buffer.from('1234:abcd').toString('base64')}`
  upstream.script({ body: '{}' }, { body: '{}' }, { body: '{}' })
  await calls.get('/ping', anyObject, call())
  await calls.post(CHANGE, call())
  await calls.post(FORM, call())
  const [read, change, form] = upstream.seen.map(({ rawHeaders }) => rawHeaders.join('|'))
  t.match(read, proof)
  t.match(change, proof)
  t.notMatch(form, /authorization/i)
  t.match(form, 'application/x-www-form-urlencoded')
  t.match(upstream.seen[1], { method: 'POST', url: '/v1_1/demo/a', fields: { tags: 'x' } })
  t.same(tried, ['ok', 'ok', 'ok'])
})

t.test('U5, U18: reading is repeated after resets and 5xx, three times in all', async (t) => {
  const { upstream, calls, slept, tried } = await started(t)
  upstream.script({ act: 'reset' }, { status: 502, body: '<html>' }, { body: '{}' })
  t.equal((await calls.get('/a', anyObject, call())).status, 200)
  t.same(slept, [50, 100])
  t.same(tried, ['upstream_failed', 'upstream_failed', 'ok'])
  upstream.script({ status: 500 }, { status: 500 }, { status: 500 })
  await t.rejects(calls.get('/a', anyObject, call()), { code: 'upstream_failed' })
  t.equal(upstream.seen.length, 6)
  upstream.script({ status: 500 })
  await t.rejects(calls.post(FORM, call()), { code: 'upstream_failed' }, 'what was sent may have been done')
  t.equal(upstream.seen.length, 7)
})

t.test('what cannot have been seen is sent again, whatever it does', async (t) => {
  const pace = quickPace()
  const nobody = new JsonCalls(connectionTo(t, 'http://name.invalid', { pace }))
  await t.rejects(nobody.post(FORM, call()), { code: 'upstream_failed' })
  t.equal(pace.slept.length, 2)
})

t.test('U17: a refusal that asks for patience is passed on at once, and the caller is told how long', async (t) => {
  const { upstream, calls, slept } = await started(t)
  for (const [status, code] of [[429, 'rate_limited'], [420, 'quota_exhausted']] as const) {
    for (const ask of [async () => calls.get('/a', anyObject, call()), async () => calls.post(CHANGE, call())]) {
      upstream.script({ status, headers: { 'retry-after': '2', ...left(50) }, body: '{"error":{"message":"Rate limit exceeded"}}' })
      await t.rejects(ask(), { code, headers: { 'retry-after': '2' } })
    }
  }
  t.equal(upstream.seen.length, 4)
  t.same(slept, [])
})

t.test('every answer of the Admin API tells the budget, errors too; those of the Upload API do not', async (t) => {
  const { upstream, calls, quota } = await started(t)
  const told: Array<QuotaStanding | undefined> = []
  const telling = (): Call => ({ ...call(), onQuota: (standing) => { told.push(standing) } })
  upstream.script({ body: '{}', headers: left(90) })
  await calls.post(FORM, telling())
  t.equal(quota.standing, undefined)
  t.same(told, [])
  upstream.script({ status: 404, headers: left(80) }, { body: '{}', headers: left(79) }, { body: '<html>', headers: left(78) }, { act: 'reset' }, { body: '{}' })
  await t.rejects(calls.get('/a', anyObject, telling()), { code: 'not_found' })
  await calls.post(CHANGE, telling())
  await calls.post(CHANGE, telling())
  t.match(told, [{ limit: 100, remaining: 80 }, { remaining: 79 }, { remaining: 78 }])
})

t.test('a used-up budget refuses reads and changes without a call, and nothing else', async (t) => {
  const { upstream, calls, tried } = await started(t)
  upstream.script({ body: '{}', headers: left(0) }, { body: '{}' })
  await calls.get('/a', anyObject, call())
  let told: QuotaStanding | undefined
  await t.rejects(calls.get('/a', anyObject, { ...call(), onQuota: (standing) => { told = standing } }), { code: 'quota_exhausted', upstream: undefined })
  t.match(told, { remaining: 0 })
  await t.rejects(calls.post(CHANGE, call()), { code: 'quota_exhausted' })
  t.same(tried, ['ok'])
  await calls.post(FORM, call())
  t.equal(upstream.seen.length, 2)
})

t.test('a call that the circuit refuses spends nothing', async (t) => {
  const { upstream, calls, quota } = await started(t)
  upstream.script({ body: '{}', headers: left(7) }, ...Array.from({ length: 10 }, () => ({ status: 503 })))
  await calls.get('/a', anyObject, call())
  for (let turn = 0; turn < 4; turn++) await t.rejects(calls.get('/a', anyObject, call()))
  for (let turn = 0; turn < 9; turn++) await t.rejects(calls.get('/a', anyObject, call()), { code: 'upstream_unavailable' })
  t.equal(upstream.seen.length, 11)
  t.match(quota.standing, { remaining: 7 })
})

t.test('who asks the same at the same time shares the call; who asks after a change does not', async (t) => {
  const { upstream, calls } = await started(t)
  upstream.script({ body: '{"of":1}', delayMs: 100 }, { body: '{"of":2}' }, { body: '{"of":3}' })
  const before = [calls.get('/a', anyObject, call()), calls.get('/a', anyObject, call())]
  await upstream.ended()
  await calls.post(CHANGE, call())
  const after = calls.get('/a', anyObject, call())
  t.same((await Promise.all([...before, after])).map(({ value }) => value), [{ of: 1 }, { of: 1 }, { of: 3 }])
  upstream.script({ body: '{"of":4}' }, { body: '{"of":5}' })
  const [one, other] = await Promise.all([calls.get('/a', anyObject, call()), calls.get('/b', anyObject, call())])
  t.not(one.value['of'], other.value['of'], 'another path is another question')
  const stranger = new JsonCalls(connectionTo(t, upstream.url))
  upstream.script({ body: '{}' }, { body: '{}' })
  await Promise.all([calls.get('/a', anyObject, call()), stranger.get('/a', anyObject, call())])
  t.equal(upstream.seen.length, 7, 'another client is another caller')
})

t.test('a service that hangs: what waits for a connection is not sent once the circuit is open', async (t) => {
  const upstream = await startFaultUpstream(t)
  const connection = connectionTo(t, upstream.url, { limits: { headersTimeoutMs: 500 } })
  const calls = new JsonCalls(connection)
  upstream.script(...Array.from({ length: 1_000 }, () => ({ act: 'silent' as const })))
  const all = await Promise.all(Array.from({ length: 400 }, async (_, index) =>
    calls.get(`/${index}`, anyObject, call()).then(() => 'ok', ({ code }: { code: string }) => code)))
  t.ok(all.filter((code) => code === 'upstream_unavailable').length >= 300)
  t.equal(all.filter((code) => code !== 'upstream_unavailable' && code !== 'upstream_timeout').length, 0)
  t.ok(upstream.seen.length <= 64 + 10, `${upstream.seen.length} were sent`)
})
