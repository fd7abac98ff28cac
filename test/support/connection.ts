import type { Test } from 'tap'
import { Accounts } from '../../src/cloudinary/upstream/account/account-state.ts'
import type { Connection } from '../../src/cloudinary/upstream/json-calls.ts'
import { AnswerCount, CircuitBreaker } from '../../src/cloudinary/upstream/circuit-breaker.ts'
import { REAL_PACE, RetryBudget, type Pace } from '../../src/cloudinary/upstream/retry.ts'
import { Transport } from '../../src/cloudinary/upstream/transport.ts'
import type { UpstreamLimits } from '../../src/config/types.ts'
import type { CloudinaryEnvironment } from '../../src/schemas/environment.ts'
import { environmentAt, testConfig } from './gateway.ts'

/** Nobody leaves. A new one each time: listeners do not pile up. */
export function call (): { signal: AbortSignal } { return { signal: new AbortController().signal } }

/** Sleeps that are noted, not slept. */
export function quickPace (): Pace & { slept: number[] } {
  const slept: number[] = []
  return { ...REAL_PACE, random: () => 0.5, slept, sleep: async (ms) => { slept.push(ms) } }
}

/** What the calls of one environment share, before an upstream at `url`; closes with the test. */
export function connectionTo (t: Test, url: string, { pace = quickPace(), limits = {}, environment = {}, tried = () => {} }: { pace?: Pace, limits?: Partial<UpstreamLimits>, environment?: Partial<CloudinaryEnvironment>, tried?: Connection['tried'] } = {}): Connection {
  const transport = new Transport({ origin: new URL(url).origin, limits: { ...testConfig([]).upstream, ...limits } })
  t.teardown(() => transport.close())
  const answers = new AnswerCount()
  const circuits = {
    json: new CircuitBreaker(pace.clock, answers), upload: new CircuitBreaker(pace.clock, answers)
  }
  const account = new Accounts().of(url, pace)
  return { environment: environmentAt(url, environment), transport, pace, budget: new RetryBudget(), circuits, account, tried }
}
