import t from 'tap'
import { compare, integrityFailure, readStored, type Sent } from '../../../src/cloudinary/upload/integrity.ts'

const stored = (answer: object): Buffer => Buffer.from(JSON.stringify(answer))

t.test('what was stored is compared with what was sent', async (t) => {
  t.equal(compare({ bytes: 5 }, { bytes: 5, md5: undefined }), 'verified')
  t.equal(compare({ bytes: 5, etag: 'ab' }, { bytes: 5, md5: 'ab' }), 'verified')
  t.equal(compare({ etag: 'cd' }, { bytes: 5, md5: 'ab' }), 'differs', 'an MD5 alone can tell')
  t.equal(compare({ bytes: 4 }, { bytes: 5, md5: undefined }), 'differs')
  t.equal(compare({ bytes: 5, etag: 'cd' }, { bytes: 5, md5: 'ab' }), 'differs')
})

t.test('what cannot be compared is not: fetched files, answers without a size, assets that were there before', async (t) => {
  t.equal(compare({ bytes: 5 }, { bytes: undefined, md5: undefined }), 'not-checked')
  t.equal(compare({ bytes: 5 }, { bytes: 5, md5: 'ab' }), 'not-checked', 'the MD5 was asked for')
  t.equal(compare({ etag: 'ab' }, { bytes: 5, md5: 'ab' }), 'not-checked')
  t.equal(compare({ bytes: 9, etag: 'cd' }, { bytes: undefined, md5: undefined }), 'not-checked')
  t.equal(compare({ status: 'pending' }, { bytes: 5, md5: undefined }), 'not-checked')
  t.equal(compare({ bytes: 9, existing: true }, { bytes: 5, md5: undefined }), 'not-checked')
})

const SENT: Sent = { bytes: 600_000, md5: undefined }

t.test('a raw file that differs is a failure, by what was asked for and by what Cloudinary made of it', async (t) => {
  const failureOf = (answer: object, sent: Partial<Sent>, strict = false) =>
    integrityFailure(readStored(stored({ public_id: 'a', ...answer }), { ...SENT, ...sent }), strict)
  const failing: Array<[object, Partial<Sent>]> = [
    [{ bytes: 1, resource_type: 'raw' }, { resourceType: 'raw' }],
    [{ bytes: 1 }, { resourceType: 'raw' }],
    [{ bytes: 1, resource_type: 'raw' }, { resourceType: 'auto' }],
    [{ bytes: 600_001, resource_type: 'raw' }, { resourceType: 'auto' }],
    [{ bytes: 0, resource_type: 'raw' }, { resourceType: 'auto' }],
    [{ bytes: 600_000, etag: 'cd', resource_type: 'raw' }, { resourceType: 'raw', md5: 'ab' }]
  ]
  for (const [answer, sent] of failing) {
    const failure = failureOf(answer, sent)
    const expected = { code: 'integrity_failed', statusCode: 502, retryable: false, members: { stored: answer } }
    t.match(failure, expected, JSON.stringify([answer, sent]))
  }
  t.equal(failureOf({ bytes: 1 }, { resourceType: 'raw' })?.message, '600000 bytes were sent; Cloudinary stored 1.')
  t.match(failureOf({ bytes: 600_000, etag: 'cd' }, { resourceType: 'raw', md5: 'ab' })?.message, /the MD5 ab was sent; .* the MD5 cd\./)
  for (const kind of ['image', 'video'] as const) {
    for (const sent of [{ resourceType: kind }, { resourceType: 'auto' }]) {
      t.equal(failureOf({ bytes: 1, resource_type: kind }, sent), undefined, `${kind} by ${sent.resourceType}: a preset may have changed it`)
      t.match(failureOf({ bytes: 1, resource_type: kind }, sent, true), { code: 'integrity_failed' }, 'unless nothing may differ')
    }
  }
})

t.test('a raw file whose stored size is not told is not checked, and not a failure', async (t) => {
  for (const answer of [{ public_id: 'a' }, { public_id: 'a', bytes: 1, existing: true }, { status: 'pending' }]) {
    const file = readStored(stored(answer), { ...SENT, resourceType: 'raw' })
    t.equal(file.integrity, 'not-checked', JSON.stringify(answer))
    t.equal(integrityFailure(file, true), undefined)
  }
})

t.test('a failure names what was stored, and nothing else of the answer', async (t) => {
  const answer = { public_id: 'a', bytes: 4, etag: 'ab', api_key: '1' }
  const failure = integrityFailure(readStored(stored(answer), { bytes: 5, md5: undefined }), true)
  t.strictSame(failure?.members, { stored: { public_id: 'a', bytes: 4, etag: 'ab' } })
  t.equal(integrityFailure(readStored(stored({ public_id: 'a', bytes: 5 }), { bytes: 5, md5: undefined }), true), undefined)
})

t.test('502 for an answer that nobody can read, that describes no stored file, or that says it is not complete: it may be stored', async (t) => {
  const odd = [
    {}, { bytes: 5 }, { public_id: '' }, { public_id: 7, bytes: 5 }, { public_id: null, bytes: 5 }, { done: false, public_id: 'a', bytes: 5 },
    ...[null, '600000', [600_000], {}, -1, 1.5, 1e300, true].map((bytes) => ({ public_id: 'a', bytes })),
    ...[null, 7, ['ab'], {}].map((etag) => ({ public_id: 'a', bytes: 600_000, etag })),
    { existing: true, public_id: 'a', bytes: '1' }
  ]
  const headers = { 'x-upload-attempts': '2' }
  for (const body of [...['{"bytes":', '[]', 'null', '1'].map((text) => Buffer.from(text)), ...odd.map(stored)]) {
    for (const sent of [SENT, { bytes: undefined, md5: undefined }]) {
      t.throws(() => readStored(body, sent, headers), { code: 'upstream_failed', retryable: false, members: { outcome: 'unknown' }, headers }, body.toString())
    }
  }
})
