import t from 'tap'
import { withRetries } from '../../src/api/attempts.ts'
import { GatewayProblem, GatewayUnreachable } from '../../src/api/problem.ts'

function problem (code: string, retryable: boolean, retryAfter?: number): GatewayProblem {
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  return new GatewayProblem(new Response(null, { status: 503, headers }), { code, detail: code, retryable })
}

/** Fails with each of the errors in turn, then succeeds. */
function failing (...errors: unknown[]) {
  const attempt = async (): Promise<number> => {
    attempt.count++
    if (errors.length > 0) throw errors.shift()
    return attempt.count
  }
  attempt.count = 0
  return attempt
}

t.test('withRetries', async (t) => {
  t.test('repeats what may succeed later', async (t) => {
    t.equal(
      await withRetries(failing(problem('overloaded', true), new GatewayUnreachable('x')), { retries: 2 }),
      3
    )
  })

  t.test('gives up after as many repetitions as it was allowed', async (t) => {
    const attempt = failing(...Array.from({ length: 5 }, () => new GatewayUnreachable('x')))
    await t.rejects(withRetries(attempt, { retries: 1 }), { name: 'GatewayUnreachable' })
    t.equal(attempt.count, 2)
  })

  t.test('repeats nothing that fails for good, or must wait for long', async (t) => {
    const final = [
      problem('invalid_request', false), problem('quota_exhausted', true, 3600), new Error('other')
    ]
    for (const error of final) {
      const attempt = failing(error)
      await t.rejects(withRetries(attempt, { retries: 2 }), error)
      t.equal(attempt.count, 1)
    }
  })

  t.test('ends its wait, which is at least that of Retry-After, with the reason of the signal', async (t) => {
    const controller = new AbortController()
    const attempt = failing(problem('overloaded', true, 20))
    const ended = withRetries(attempt, { retries: 2, signal: controller.signal })
    await new Promise(setImmediate)
    controller.abort(new Error('enough'))
    await t.rejects(ended, { message: 'enough' })
    await t.rejects(
      withRetries(failing(problem('overloaded', true)), { retries: 2, signal: controller.signal }),
      { message: 'enough' }
    )
    t.equal(attempt.count, 1)
    const other = new AbortController()
    t.equal(await withRetries(failing(new GatewayUnreachable('x')), { retries: 1, signal: other.signal }), 2)
  })
})
