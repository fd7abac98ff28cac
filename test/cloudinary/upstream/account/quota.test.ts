import t from 'tap'
import { AdminQuota, type Spending } from '../../../../src/cloudinary/upstream/account/quota.ts'
import type { QuotaReading, QuotaStore } from '../../../../src/cloudinary/upstream/account/quota-reading.ts'
import type { UpstreamReply } from '../../../../src/cloudinary/upstream/transport.ts'
import { GatewayError } from '../../../../src/errors.ts'

const START = Date.UTC(2026, 0, 1, 0, 30)
const refusal = new GatewayError('quota_exhausted', 'no')
const failure = new GatewayError('upstream_failed', 'no')

/** A budget of 100 calls an hour, and a clock that the test moves. */
function started (store?: QuotaStore) {
  let nowMs = 0
  const quota = new AdminQuota({ account: 'demo', pace: { now: () => START + nowMs, clock: () => nowMs }, store })
  const answer = (remaining: number | undefined, { minutes = 30, limit = 100, status = 200, headers = {} } = {}): UpstreamReply => ({
    status,
    body: Buffer.alloc(0),
    headers: {
      ...(remaining !== undefined && {
        'x-featureratelimit-limit': String(limit),
        'x-featureratelimit-remaining': String(remaining),
        'x-featureratelimit-reset': new Date(START + minutes * 60_000).toUTCString()
      }),
      ...headers
    }
  })
  /** Makes one call from its begin to its end. */
  const spend = async (reply: UpstreamReply | undefined, error?: GatewayError, spending: Spending = 'read'): Promise<void> =>
    (await quota.admit(spending)).settle(reply, error)
  const pass = (minutes: number): void => { nowMs += minutes * 60_000 }
  return { quota, answer, spend, pass }
}

const refused = (seconds: number) => ({ code: 'quota_exhausted', headers: { 'retry-after': String(seconds) } })

t.test('nothing is refused while nothing is known, and nothing is plentiful', async (t) => {
  const { quota, answer, spend } = started()
  for (let turn = 0; turn < 20; turn++) await spend(answer(undefined))
  await spend(undefined, failure)
  t.equal(quota.standing, undefined)
  t.equal(quota.isPlentiful, false)
})

t.test('the last twentieth is kept for changes, and at the end nobody asks', async (t) => {
  const { quota, answer, spend } = started()
  await spend(answer(51))
  t.equal(quota.isPlentiful, true)
  t.match(quota.standing, { limit: 100, remaining: 51, resetsAt: new Date(START + 1_800_000), secondsLeft: 1800 })
  await spend(answer(50))
  t.equal(quota.isPlentiful, false)
  await spend(answer(5))
  await t.rejects(quota.admit('read'), { ...refused(1800), message: /reserved for changes: 5/ })
  for (let left = 4; left >= 0; left--) await spend(answer(left), undefined, 'change')
  await t.rejects(quota.admit('change'), { ...refused(1800), message: /^The 100 Admin API calls of this account are used up\. / })
})

t.test('a budget of one call can still be read with', async (t) => {
  const { quota, answer, spend } = started()
  await spend(answer(0, { limit: 1 }))
  await t.rejects(quota.admit('read'), refused(1800))
})

t.test('calls under way are counted, so that many at once do not overdraw it', async (t) => {
  const { quota, answer, spend } = started()
  await spend(answer(8))
  const running = [await quota.admit('read'), await quota.admit('read'), await quota.admit('read')]
  await t.rejects(quota.admit('read'), { ...refused(1), message: /under way/ }, 'whether they are counted shows soon')
  running[0]?.settle(undefined, failure)
  running[0]?.settle(undefined, failure)
  running.push(await quota.admit('read'))
  await t.rejects(quota.admit('read'), refused(1), 'and each only once')
  for (const one of running) one.settle(undefined, failure)
  t.equal((await Promise.all([quota.admit('read'), quota.admit('read')])).length, 2, 'nothing is in doubt')
})

t.test('answers that overtake each other: the lower number stands, and the later period', async (t) => {
  const { quota, answer, spend } = started()
  const [one, two, three, four] = [await quota.admit('read'), await quota.admit('read'), await quota.admit('read'), await quota.admit('read')]
  two.settle(answer(60))
  one.settle(answer(61))
  t.match(quota.standing, { remaining: 60 })
  four.settle(answer(99, { minutes: 90 }))
  t.match(quota.standing, { remaining: 99 })
  three.settle(answer(59))
  t.match(quota.standing, { remaining: 99 }, 'of an earlier period')
  await spend(answer(40))
  t.match(quota.standing, { remaining: 40, secondsLeft: 1800 }, 'a call that was sent later knows better, whatever was said before')
  await spend(answer(1990, { limit: 2000 }))
  t.match(quota.standing, { limit: 2000, remaining: 1990 }, 'so a plan may grow')
})

t.test('after the reset one call finds out how things stand', async (t) => {
  const { quota, answer, spend, pass } = started()
  await spend(answer(0))
  await t.rejects(quota.admit('read'), refused(1800))
  pass(29.99)
  await t.rejects(quota.admit('change'), refused(1))
  pass(0.01)
  t.equal(quota.standing, undefined)
  const probe = await quota.admit('read')
  await t.rejects(quota.admit('read'), { ...refused(1), message: /checking the Admin API budget/ })
  probe.settle(undefined, failure)
  await spend(answer(undefined, { status: 503 }), failure)
  const again = await quota.admit('change')
  await t.rejects(quota.admit('read'), refused(1), 'which a failure does not tell')
  again.settle(answer(99, { minutes: 90 }))
  await Promise.all([spend(answer(98, { minutes: 90 })), spend(answer(97, { minutes: 90 }))])
  pass(61)
  t.equal((await Promise.all([quota.admit('read'), quota.admit('read')])).length, 2, 'nobody was refused in that period')
})

t.test('a call that finds out and hangs keeps the others for a second only', async (t) => {
  const { quota, answer, spend, pass } = started()
  await spend(answer(undefined, { status: 420, headers: { 'retry-after': '60' } }), refusal)
  pass(1)
  const hanging = await quota.admit('read')
  await t.rejects(quota.admit('read'), { ...refused(1), message: /is checking the Admin API budget/ })
  pass(1 / 60)
  const second = await quota.admit('read')
  await t.rejects(quota.admit('read'), refused(1))
  hanging.settle(undefined, failure)
  await t.rejects(quota.admit('read'), refused(1), 'the second one is still asking')
  second.settle(answer(90))
  t.equal((await Promise.all([quota.admit('read'), quota.admit('read')])).length, 2)
})

t.test('a larger plan that another replica has learned of counts at once', async (t) => {
  const period = { resetsAtMs: START + 1_800_000, leftMs: 1_800_000 }
  const store: QuotaStore = { peek: async () => ({ ...period, limit: 2000, remaining: 1500 }), put: async () => {} }
  const { quota, answer, spend } = started(store)
  await spend(answer(0))
  await quota.admit('read')
  t.match(quota.standing, { limit: 2000, remaining: 1500 })
})

t.test('a refusal that tells no budget holds as long as it says, and no longer than an hour', async (t) => {
  const { quota, answer, spend, pass } = started()
  await spend(answer(undefined, { status: 420, headers: { 'retry-after': '120' } }), refusal)
  await t.rejects(quota.admit('change'), refused(120))
  pass(2)
  const probe = await quota.admit('read')
  await t.rejects(quota.admit('read'), refused(1))
  probe.settle(answer(undefined))
  await Promise.all([spend(answer(undefined)), spend(answer(undefined))])
  await spend(answer(undefined, { status: 420 }), refusal)
  await spend(answer(undefined, { status: 420, headers: { 'x-featureratelimit-remaining': '0' } }), refusal)
  await spend(answer(undefined, { status: 420, headers: { 'retry-after': '80000' } }), refusal)
  await t.rejects(quota.admit('read'), refused(3600))
})

t.test('a refusal that tells the budget is believed for what it tells', async (t) => {
  const { quota, answer, spend } = started()
  await spend(answer(40, { status: 420, headers: { 'retry-after': '5' } }), refusal)
  await spend(answer(39))
  await spend(answer(undefined, { status: 420, headers: { 'x-featureratelimit-limit': '100', 'x-featureratelimit-reset': new Date(START + 60_000).toUTCString() } }), refusal)
  await t.rejects(quota.admit('change'), refused(60))
})

t.test('a period that is said to end much later is asked about every hour', async (t) => {
  const { quota, answer, spend, pass } = started()
  await spend(answer(0, { minutes: 20 * 60 }))
  await t.rejects(quota.admit('change'), refused(72_000))
  pass(60)
  const probe = await quota.admit('read')
  await t.rejects(quota.admit('read'), refused(1))
  probe.settle(answer(0, { minutes: 20 * 60 }))
  await t.rejects(quota.admit('read'), { code: 'quota_exhausted' })
  pass(60)
  await spend(answer(99, { minutes: 150 }))
  t.match(quota.standing, { remaining: 99, secondsLeft: 1800 })
})

t.test('what other replicas know counts too, and is told to them', async (t) => {
  let shared: QuotaReading | undefined
  const told: unknown[] = []
  const store: QuotaStore = {
    peek: async (account) => account === 'demo' ? shared : undefined,
    put: async (account, reading, basis) => {
      told.push([account, reading.remaining, basis])
      throw new Error('Redis is gone')
    }
  }
  const { quota, answer, spend } = started(store)
  const period = { limit: 100, resetsAtMs: START + 1_800_000, leftMs: 1_800_000 }
  await quota.refresh()
  t.equal(quota.standing, undefined)
  await spend(answer(70))
  shared = { ...period, remaining: 75 }
  await quota.refresh()
  t.match(quota.standing, { remaining: 70 })
  shared = { ...period, remaining: 4 }
  await t.rejects(quota.admit('read'), refused(1800))
  await spend(answer(3), undefined, 'change')
  t.same(told, [['demo', 70, undefined], ['demo', 3, period.resetsAtMs]])
})
