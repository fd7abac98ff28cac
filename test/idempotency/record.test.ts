import t from 'tap'
import { GatewayError } from '../../src/errors.ts'
import {
  failedOutcome, idempotencyKey, keptAnswer, recordName, recordOf, replay, type Identity
} from '../../src/idempotency/record.ts'

const identity: Identity = { fields: { folder: 'cats', public_id: 'tom', resource_type: 'image' }, filename: 'tom.jpg', sha256: 'ab', bytes: 5 }
const NOON = Date.UTC(2024, 0, 1, 12)

t.test('a key is 1 to 255 visible ASCII characters', async (t) => {
  t.equal(idempotencyKey(undefined), undefined)
  for (const key of ['a', '"8e03978e-40d5-43dd-bc93-6894a57f9324"', '!~', 'k'.repeat(255)]) t.equal(idempotencyKey(key), key)
  for (const key of ['', ' ', 'a b', 'a\t', 'é', 'k'.repeat(256), ['a', 'b c']]) {
    t.throws(() => idempotencyKey(key), { code: 'invalid_request', errors: [{ pointer: '/Idempotency-Key' }] }, JSON.stringify(key))
  }
})

t.test('a key is remembered per account, environment and caller, under a name that tells none of them', async (t) => {
  const nameOf = (account: string, environment: string, caller: string, key: string): string =>
    recordName({ account, environment, caller }, key)
  const names = [
    nameOf('a', 'b', 'c', 'd'),
    nameOf('x', 'b', 'c', 'd'),
    nameOf('a', 'x', 'c', 'd'),
    nameOf('a', 'b', 'x', 'd'),
    nameOf('a', 'b', 'c', 'x'),
    nameOf('a', 'b', 'cd', ''),
    nameOf('ab', '', 'c', 'd'),
    nameOf('b', 'a', 'c', 'd')
  ]
  t.equal(new Set(names).size, names.length)
  t.match(names[0], /^[0-9a-f]{64}$/)
  t.equal(nameOf('a', 'b', 'c', 'd'), names[0])
})

t.test('the fingerprint holds what makes a request this one, in no order', async (t) => {
  const { fingerprint } = recordOf(identity, NOON)
  t.equal(recordOf({ ...identity, fields: { resource_type: 'image', public_id: 'tom', folder: 'cats' } }, NOON + 1).fingerprint, fingerprint)
  const others: Identity[] = [
    { ...identity, sha256: 'ac' },
    { ...identity, filename: 'tim.jpg' },
    { ...identity, filename: undefined },
    { ...identity, fields: { ...identity.fields, tags: '' } },
    { ...identity, fields: { ...identity.fields, folder: 'dogs' } }
  ]
  t.equal(new Set([fingerprint, ...others.map((other) => recordOf(other, NOON).fingerprint)]).size, others.length + 1)
})

t.test('the answer is repeated byte by byte, and says that it is', async (t) => {
  const body = Buffer.from([0x7b, 0x22, 0xff, 0x00, 0xc3, 0xa4, 0x7d])
  const outcome = keptAnswer({ status: 200, headers: { 'x-request-id': 'ab' }, body })
  const record = JSON.parse(JSON.stringify({ ...recordOf(identity, NOON), outcome }))
  t.same(replay(record, identity), { status: 200, headers: { 'x-request-id': 'ab', 'idempotent-replayed': 'true' }, body })
  t.throws(() => replay(record, { ...identity, sha256: 'ac' }), { code: 'idempotency_key_reused' })
})

t.test('an unknown outcome says what to look for', async (t) => {
  const told = (changes: Partial<Identity>): { message: string, lookFor: unknown } => {
    const one = { ...identity, ...changes }
    try {
      replay(recordOf(one, NOON), one)
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'outcome_unknown') return { message: error.message, lookFor: error.members['look_for'] }
    }
    throw new Error('not unknown')
  }
  const since = '2024-01-01T12:00:00.000Z'
  const named = told({})
  t.match(named.message, 'Look for the public_id "cats/tom".')
  t.same(named.lookFor, { public_id: 'cats/tom', folder: 'cats', resource_type: 'image', filename: 'tom.jpg', bytes: 5, since })
  t.match(told({ fields: { public_id: 'tom' } }).message, 'the public_id "tom"')
  t.match(told({ fields: {} }).message, `an asset of the file "tom.jpg" (5 bytes) made after ${since}; its public_id was left to Cloudinary`)
  const text = told({ fields: { asset_folder: 'f', type: 'private' }, filename: undefined })
  t.match(text.message, `Look for an asset made after ${since}`)
  t.same(text.lookFor, { asset_folder: 'f', type: 'private', since })
  t.throws(() => replay(recordOf(identity, NOON), { ...identity, bytes: 6, sha256: 'cd' }), { code: 'idempotency_key_reused' })
})

t.test('a failure that stored something is repeated; others mean that nothing was stored, or that nobody knows', async (t) => {
  const differs = failedOutcome(new GatewayError('integrity_failed', 'differs', { members: { stored: { public_id: 'p' } } }))
  if (typeof differs === 'string') throw new Error(differs)
  t.throws(() => replay({ ...recordOf(identity, NOON), outcome: differs }, identity), {
    code: 'integrity_failed', message: 'differs', members: { stored: { public_id: 'p' } }, headers: { 'idempotent-replayed': 'true' }
  })
  t.equal(failedOutcome(new GatewayError('upstream_timeout', 'slow', { members: { outcome: 'unknown' } })), 'unknown')
  t.equal(failedOutcome(new TypeError('a fault of ours')), 'unknown')
  t.equal(failedOutcome(new GatewayError('upstream_rejected', 'no')), 'not_stored')
})
