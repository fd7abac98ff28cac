import t from 'tap'
import {
  below, ERRORS, GatewayError, invalidRequest, movedBelow, overloaded, pointerTo, refusal, type ErrorCode
} from '../src/errors.ts'

t.test('every code has an HTTP error status, a title and advice', async (t) => {
  for (const [code, { status, title, advice }] of Object.entries(ERRORS)) {
    t.match(code, /^[a-z_]+$/)
    t.ok(status >= 400 && status < 600 && title.length > 3 && advice.endsWith('.'), code)
  }
})

t.test('GatewayError carries what the answer needs, and its cause', async (t) => {
  const cause = new Error('inside')
  const error = new GatewayError('rate_limited', 'Slow down.', { cause, headers: { 'retry-after': '3' }, upstream: { status: 420 }, members: { found_under: [] } })
  t.match(error, { statusCode: 429, retryable: true, message: 'Slow down.', headers: { 'retry-after': '3' }, upstream: { status: 420 }, members: { found_under: [] }, errors: [] })
  t.equal(error.cause, cause)
  t.equal(new GatewayError('not_found' satisfies ErrorCode, 'x').retryable, false)
})

t.test('overloaded asks to come back in a few seconds', async (t) => {
  t.match(overloaded('Full.', { members: { share: 'caller' } }), {
    code: 'overloaded', statusCode: 503, retryable: true, message: 'Full.', headers: { 'retry-after': '5' }, members: { share: 'caller' }
  })
})

t.test('M31: what may be stored already is not to be sent again, whatever else the failure says', async (t) => {
  for (const code of ['upstream_failed', 'upstream_timeout'] as const) {
    t.match(new GatewayError(code, 'x'), { retryable: true, advice: ERRORS[code].advice })
    t.match(new GatewayError(code, 'x', { members: { outcome: 'unknown' } }), { retryable: false, advice: ERRORS.outcome_unknown.advice })
  }
})

t.test('invalidRequest says the first fault in its message and how many more there are', async (t) => {
  t.match(invalidRequest([{ pointer: '/tags/0', message: 'must not be empty' }]), { code: 'invalid_request', message: '/tags/0: must not be empty' })
  t.match(invalidRequest([{ pointer: '', message: 'a' }, { pointer: '/b', message: 'c' }]), { message: 'A (and 1 more)' })
  t.match(invalidRequest([]), { message: 'The request is not valid.' })
})

t.test('advice speaks of `errors` only where there are some', async (t) => {
  t.match(invalidRequest([{ pointer: '/tags/0', message: 'must not be empty' }]).advice, /fields named in `errors`/)
  for (const error of [invalidRequest([]), new GatewayError('invalid_request', 'The body is not valid JSON.')]) t.equal(error.advice, 'Correct what `detail` says and send the request again.')
})

t.test('a pointer escapes names as RFC 6901 says', async (t) => {
  t.same(['folder', 'a/b', 'm~n', '~1', ''].map(pointerTo), ['/folder', '/a~1b', '/m~0n', '/~01', '/'])
})

t.test('of very many faults a hundred are listed, and that there are more is said', async (t) => {
  const faults = Array.from({ length: 5000 }, (_, index) => ({ pointer: `/tags/${index}`, message: 'must not be empty' }))
  const { errors, message } = invalidRequest(faults)
  t.equal(errors.length, 101)
  t.same(errors.slice(-2), [{ pointer: '/tags/99', message: 'must not be empty' }, { pointer: '', message: 'has further faults, which are not listed' }])
  t.equal(message, '/tags/0: must not be empty (and 4999 more)')
  t.equal(invalidRequest(faults.slice(0, 100)).errors.length, 100)
})

t.test('a failure told otherwise is the same failure', async (t) => {
  const cause = new Error('inside')
  const upstream = { status: 500, message: 'no' }
  const first = new GatewayError('upstream_failed', 'one', { cause, upstream, errors: [{ pointer: '/a', message: 'b' }], headers: { a: 'b' } })
  t.match(first.but({ members: { outcome: 'unknown' } }), { code: 'upstream_failed', message: 'one', cause, upstream, errors: [{ pointer: '/a' }], headers: { a: 'b' }, members: { outcome: 'unknown' } })
  t.match(new GatewayError('forbidden', 'one').but({ message: 'two' }), { code: 'forbidden', message: 'two', upstream: undefined, members: {} })
})

t.test('a refusal names the first fault and lists them all; it can be moved to where the fields stand', async (t) => {
  t.match(refusal('forbidden', [{ pointer: '/a', message: 'must not' }]), { code: 'forbidden', message: '/a must not.', errors: [{ pointer: '/a', message: 'must not' }] })
  const two = refusal('param_not_allowed', [{ pointer: '/a', message: 'x' }, { pointer: '/b', message: 'y' }])
  t.equal(two.message, '/a x (and 1 more).')
  t.match(movedBelow('/paramsToSign', two), { code: 'param_not_allowed', message: '/paramsToSign/a x (and 1 more).', errors: [{ pointer: '/paramsToSign/a' }, { pointer: '/paramsToSign/b' }] })
  t.match(movedBelow('/x', new GatewayError('forbidden', 'No.')), { message: 'No.', errors: [] })
  t.equal(below('/x', () => 1), 1)
  t.throws(() => below('/x', () => { throw invalidRequest([{ pointer: '/a', message: 'x' }]) }), {
    errors: [{ pointer: '/x/a' }]
  })
  t.throws(
    () => below('/x', () => { throw new TypeError('/a') }),
    { name: 'TypeError', message: '/a' },
    'another error stays as it is'
  )
})
