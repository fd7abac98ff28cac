import t from 'tap'
import { GatewayError, type ErrorCode } from '../../src/errors.ts'
import { proofOf } from '../../src/proofs/proof.ts'

const failed = (code: ErrorCode, status?: number, message?: string, cause?: unknown): GatewayError => new GatewayError(code, 'It failed.', {
  cause, ...status !== undefined && { upstream: { status, ...message !== undefined && { message } } }
})

t.test('refused credentials are rejected: for certain when the call carried them, and not when only a signature was refused', async (t) => {
  t.same(proofOf(failed('credentials_rejected', 401, 'api_secret mismatch'), true), { shows: 'rejected', rejection: { told: 'api_secret mismatch', certain: true } })
  t.same(proofOf(failed('credentials_rejected', 401), false), { shows: 'rejected', rejection: { told: undefined, certain: false } })
  const signature = 'Invalid Signature abc. String to sign - \'canary\'.'
  t.same(proofOf(failed('signature_mismatch', 401, signature), false), { shows: 'rejected', rejection: { told: undefined, certain: false } })
  t.equal(proofOf(failed('signature_mismatch'), false), undefined, 'refused here, without a call')
})

t.test('whatever else Cloudinary refuses a call with that carried them, it has accepted them', async (t) => {
  for (const [code, status] of [['quota_exhausted', 420], ['rate_limited', 429], ['not_found', 404], ['upstream_rejected', 400], ['upstream_forbidden', 403], ['upstream_conflict', 409]] as const) {
    t.match(proofOf(failed(code, status, 'no'), true), { shows: 'accepted' }, code)
    t.equal(proofOf(failed(code, status, 'no'), false), undefined, `${code} to a call without them`)
  }
  for (const status of [420, 429]) t.match(proofOf(failed('quota_exhausted', status), true), { shows: 'accepted' }, 'also without a text')
})

t.test('a 404 or 403 that is not in Cloudinary\'s form proves nothing: something else answered', async (t) => {
  t.match(proofOf(failed('not_found', 404), true), { shows: 'away', reason: 'not_found: It failed.' })
  t.match(proofOf(failed('upstream_forbidden', 403), true), { shows: 'away' })
})

t.test('failures without an answer prove nothing, and name what the system said', async (t) => {
  const cause = new Error('no', { cause: Object.assign(new Error('socket'), { code: 'ECONNREFUSED' }) })
  t.match(proofOf(failed('upstream_failed', undefined, undefined, cause), true), { shows: 'away', reason: 'upstream_failed: It failed. (ECONNREFUSED)' })
  for (const [code, status] of [['upstream_failed', 503], ['upstream_timeout', undefined]] as const) t.match(proofOf(failed(code, status), true), { shows: 'away', reason: `${code}: It failed.` }, code)
  t.equal(proofOf(failed('upstream_failed', 503, 'no'), false), undefined, 'the request may be at fault')
})

t.test('a caller that left, an error of ours, and a quota that is refused without a call show nothing', async (t) => {
  for (const code of ['client_closed', 'internal', 'overloaded', 'quota_exhausted', 'rate_limited'] as const) t.equal(proofOf(failed(code), true), undefined, code)
})
