import t from 'tap'
import { AnswerCount, CircuitBreaker, isHang } from '../../../src/cloudinary/upstream/circuit-breaker.ts'
import { TransportError } from '../../../src/cloudinary/upstream/transport.ts'
import { GatewayError } from '../../../src/errors.ts'

const OUTAGE = new GatewayError('upstream_failed', 'no connection')
const OPEN = { code: 'upstream_unavailable', headers: { 'retry-after': '1' } }

/** A breaker and the clock that it reads. */
function withClock (): { breaker: CircuitBreaker, pass: (ms: number) => void, fail: (times: number, everyMs?: number) => void } {
  let now = 1_000_000
  const breaker = new CircuitBreaker(() => now)
  const pass = (ms: number): void => { now += ms }
  return {
    breaker,
    pass,
    fail: (times, everyMs = 0) => {
      for (let count = 0; count < times; count++) {
        pass(everyMs)
        breaker.settle(OUTAGE)
      }
    }
  }
}

t.test('CircuitBreaker', async (t) => {
  t.test('ten failures in a row open it; nine do not', async (t) => {
    const { breaker, fail } = withClock()
    fail(9)
    breaker.admit()
    fail(1)
    t.throws(() => breaker.admit(), OPEN)
  })

  t.test('what waited for a connection while it opened is not sent; a probe is', async (t) => {
    const { breaker, pass, fail } = withClock()
    const begin = breaker.admit()
    t.doesNotThrow(begin)
    fail(10)
    t.throws(begin, OPEN)
    pass(1_000)
    t.doesNotThrow(breaker.admit())
  })

  t.test('a success among them begins the count anew', async (t) => {
    const { breaker, fail } = withClock()
    fail(9)
    breaker.settle()
    fail(9)
    breaker.admit()
    fail(1)
    t.throws(() => breaker.admit(), OPEN)
  })

  t.test('ten failures that are spread over more than half a minute do not', async (t) => {
    const { breaker, fail } = withClock()
    fail(40, 4_000)
    breaker.admit()
    fail(6, 3_000)
    t.throws(() => breaker.admit(), OPEN, 'now the last ten lie close enough')
  })

  t.test('while it is open one request a second goes through; its success closes it', async (t) => {
    const { breaker, pass, fail } = withClock()
    fail(10)
    pass(999)
    t.throws(() => breaker.admit(), OPEN)
    pass(1)
    breaker.admit()
    t.throws(() => breaker.admit(), OPEN, 'only one')
    breaker.settle(OUTAGE)
    pass(500)
    t.throws(() => breaker.admit(), OPEN, 'a failed probe does not put off the next one')
    pass(500)
    breaker.admit()
    breaker.settle()
    breaker.admit()
    breaker.admit()
    t.pass('closed')
  })
})

t.test('what counts as an outage', async (t) => {
  const opens = (failure: GatewayError): boolean => {
    const { breaker } = withClock()
    for (let count = 0; count < 10; count++) breaker.settle(failure)
    try {
      breaker.admit()
      return false
    } catch {
      return true
    }
  }
  const answered = (status: number): GatewayError => new GatewayError('upstream_failed', 'x', { upstream: { status } })

  t.test('502, 503 and 504, no connection, no answer', async (t) => {
    for (const status of [502, 503, 504]) t.ok(opens(answered(status)), String(status))
    t.ok(opens(OUTAGE))
    t.ok(opens(new GatewayError('upstream_timeout', 'no answer')))
  })

  t.test('answers of a service that is there do not count, and begin the count anew', async (t) => {
    for (const status of [400, 401, 403, 404, 409, 420, 429, 500]) {
      t.notOk(opens(answered(status)), String(status))
      const { breaker, fail } = withClock()
      fail(9)
      breaker.settle(answered(status))
      fail(1)
      breaker.admit()
    }
  })

  t.test('an answer that hangs counts when the environment answered nothing else in the same time', async (t) => {
    const hang = new GatewayError('upstream_timeout', 'x', { cause: new TransportError('timeout') })
    t.equal(isHang(hang), true)
    for (const cause of [new TransportError('connect_timeout'), new Error('x')]) {
      t.equal(isHang(new GatewayError('upstream_timeout', 'x', { cause })), false)
    }
    const answers = new AnswerCount()
    const [uploads, calls] = [new CircuitBreaker(() => 1, answers), new CircuitBreaker(() => 1, answers)]
    const hangs = (meanwhile: () => void): void => {
      for (let count = 0; count < 10; count++) {
        const { answered } = uploads
        meanwhile()
        uploads.settle(hang, answered)
      }
    }
    for (const failure of [undefined, answered(404)]) hangs(() => { calls.settle(failure) })
    uploads.admit()
    hangs(() => { calls.settle(answered(503)) })
    t.throws(() => uploads.admit(), OPEN, 'what stands before a service that is gone is no answer of it')
    uploads.settle()
    hangs(() => { calls.settle(new GatewayError('client_closed', 'x')) })
    t.throws(() => uploads.admit(), OPEN)
  })

  t.test('an answer that is too large does not count: one caller could ask for it again and again', async (t) => {
    for (const fault of ['too_large', 'broken'] as const) t.notOk(opens(new GatewayError('upstream_failed', 'x', { cause: new TransportError(fault) })), fault)
    t.ok(opens(new GatewayError('upstream_failed', 'x', { cause: new TransportError('cut') })))
  })

  t.test('a caller that leaves, or whose body breaks, changes nothing', async (t) => {
    t.notOk(opens(new GatewayError('client_closed', 'the caller left')))
    const { breaker, fail } = withClock()
    fail(9)
    breaker.settle(new GatewayError('invalid_request', 'the body broke'))
    fail(1)
    t.throws(() => breaker.admit(), OPEN)
  })
})
