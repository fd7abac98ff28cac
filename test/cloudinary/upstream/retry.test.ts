import t from 'tap'
import { backoffMs, REAL_PACE, RetryBudget, withRetries, type Pace, type RetryRules } from '../../../src/cloudinary/upstream/retry.ts'
import { TransportError } from '../../../src/cloudinary/upstream/transport.ts'
import { GatewayError, type ErrorCode } from '../../../src/errors.ts'
import { ProxyError } from '../../../src/net/outbound.ts'
import { Secret } from '../../../src/secret.ts'

const never = new AbortController().signal
const failure = (code: ErrorCode = 'upstream_failed', headers = {}): GatewayError => new GatewayError(code, 'no', { headers })

/** A clock that moves only when somebody sleeps. */
function stillPace (random = 0.5): Pace & { slept: number[] } {
  let now = 1000
  const slept: number[] = []
  return {
    slept,
    now: () => 0,
    clock: () => now,
    random: () => random,
    sleep: async (ms) => {
      now += ms
      slept.push(ms)
    }
  }
}

const rules = (changes: Partial<RetryRules> = {}): RetryRules => ({ maxAttempts: 3, deadline: 31_000, signal: never, canRetry: () => true, ...changes })

/** Fails as often as there are failures, then succeeds with the number of the attempt. */
function failing (...failures: unknown[]): () => Promise<number> {
  let attempts = 0
  return async () => {
    const error = failures[attempts++]
    if (error !== undefined) throw error
    return attempts
  }
}

t.test('U18: tries again, up to three times, after waits with full jitter', async (t) => {
  const pace = stillPace()
  t.equal(await withRetries(failing(failure(), failure()), rules(), new RetryBudget(), pace), 3)
  t.same(pace.slept, [50, 100])
  await t.rejects(withRetries(failing(failure(), failure(), failure()), rules(), new RetryBudget(), pace), { code: 'upstream_failed' })
})

t.test('what a proxy refuses for good is not asked again; what it could not reach is', async (t) => {
  const proxy = { address: 'proxy:1', url: new Secret('http://proxy:1/') }
  const refusal = (status: number) => new GatewayError('upstream_failed', 'no', {
    cause: new TransportError('proxy', { cause: new ProxyError('refused', proxy, status) })
  })
  for (const status of [403, 407]) {
    await t.rejects(withRetries(failing(refusal(status)), rules(), new RetryBudget(), stillPace()), { code: 'upstream_failed' }, String(status))
  }
  t.equal(await withRetries(failing(refusal(502), refusal(504)), rules(), new RetryBudget(), stillPace()), 3)
})

t.test('U18: waits lie evenly between nothing and a bound that doubles up to five seconds', async (t) => {
  t.same([0, 1, 2, 10].map((repeat) => backoffMs(repeat, () => 0.999999)), [99, 199, 399, 4999])
  t.equal(backoffMs(10, () => 0), 0)
  const waits = new Set(Array.from({ length: 50 }, () => backoffMs(5, Math.random)))
  t.ok(waits.size > 25, 'and they differ from run to run')
})

t.test('U17: a refusal that says when to come back is believed, within the deadline and the caller\'s patience', async (t) => {
  const pace = stillPace()
  t.equal(await withRetries(failing(failure('rate_limited', { 'retry-after': '2' })), rules(), new RetryBudget(), pace), 2)
  t.same(pace.slept, [2050])
  for (const limits of [{ deadline: 60_000 }, { deadline: Infinity, longestWaitMs: 30_000 }]) {
    await t.rejects(withRetries(failing(failure('rate_limited', { 'retry-after': '60' })), rules(limits), new RetryBudget(), stillPace()), { code: 'rate_limited' })
  }
})

t.test('what must not be repeated is not: final errors, errors of our own making, calls without a caller', async (t) => {
  const gone = AbortSignal.abort()
  await t.rejects(withRetries(failing(failure()), rules({ canRetry: () => false }), new RetryBudget(), stillPace()), { code: 'upstream_failed' })
  await t.rejects(withRetries(failing(new TypeError('bug')), rules(), new RetryBudget(), stillPace()), TypeError)
  await t.rejects(withRetries(failing(failure()), rules({ signal: gone }), new RetryBudget(), stillPace()), { code: 'upstream_failed' })
})

t.test('a caller that leaves during the wait ends it', async (t) => {
  const leaving = new AbortController()
  const running = withRetries(failing(failure('rate_limited', { 'retry-after': '20' })), rules({ deadline: Infinity, signal: leaving.signal }), new RetryBudget(), REAL_PACE)
  setImmediate(() => leaving.abort())
  await t.rejects(running, { code: 'client_closed' })
  await REAL_PACE.sleep(1, never)
  t.ok(REAL_PACE.now() > 0 && REAL_PACE.clock() > 0)
})

t.test('U19: the budget runs dry in an outage, and fills with success', async (t) => {
  const budget = new RetryBudget()
  let repeats = 0
  while (budget.spend(failure())) repeats++
  t.equal(repeats, 100)
  await t.rejects(withRetries(failing(failure()), rules(), budget, stillPace()), { code: 'upstream_failed' }, 'then nothing is repeated')
  for (let success = 0; success < 10; success++) budget.earn()
  t.equal(budget.spend(failure('upstream_timeout')), true, 'a timeout costs as much as ten successes earn')
  t.equal(budget.spend(failure()), false)
})
