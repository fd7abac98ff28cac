import t from 'tap'
import { compare, integrityFailure, readStored, type Sent } from '../../../src/cloudinary/upload/integrity.ts'

const stored = (answer: object): Buffer => Buffer.from(JSON.stringify(answer))

t.test('what was stored is compared with what was sent', async (t) => {
  t.equal(compare({ bytes: 5 }, { bytes: 5, md5: undefined }), 'verified')
  t.equal(compare({ bytes: 5, etag: 'ab' }, { bytes: 5, md5: 'ab' }), 'verified')
  t.equal(compare({ bytes: 5 }, { bytes: 5, md5: 'ab' }), 'verified', 'without an etag the size has to do')
  t.equal(compare({ bytes: 4 }, { bytes: 5, md5: undefined }), 'differs')
  t.equal(compare({ bytes: 5, etag: 'cd' }, { bytes: 5, md5: 'ab' }), 'differs')
})

t.test('what cannot be compared is not: fetched files, answers without a size, assets that were there before', async (t) => {
  t.equal(compare({ bytes: 5 }, { bytes: undefined, md5: undefined }), 'not-checked')
  t.equal(compare({ status: 'pending' }, { bytes: 5, md5: undefined }), 'not-checked')
  t.equal(compare({ bytes: 9, existing: true }, { bytes: 5, md5: undefined }), 'not-checked')
})

const SENT: Sent = { bytes: 600_000, md5: undefined }

t.test('a raw file that differs is a failure, by what was asked for and by what Cloudinary made of it', async (t) => {
  const failureOf = (answer: object, sent: Partial<Sent>, strict = false) =>
    integrityFailure(readStored(stored(answer), { ...SENT, ...sent }), strict)
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
  for (const answer of [{}, { bytes: null }, { bytes: '1' }, { bytes: [1] }, { bytes: 1, existing: true }, { status: 'pending' }]) {
    const file = readStored(stored(answer), { ...SENT, resourceType: 'raw' })
    t.equal(file.integrity, 'not-checked', JSON.stringify(answer))
    t.equal(integrityFailure(file, true), undefined)
  }
})

t.test('a failure names what was stored, and nothing else of the answer', async (t) => {
  const answer = { public_id: 'a', bytes: 4, etag: 'ab', api_key: '1' }
  const failure = integrityFailure(readStored(stored(answer), { bytes: 5, md5: undefined }), true)
  t.strictSame(failure?.members, { stored: { public_id: 'a', bytes: 4, etag: 'ab' } })
  t.equal(integrityFailure(readStored(stored({ bytes: 5 }), { bytes: 5, md5: undefined }), true), undefined)
})

t.test('502 for an answer that nobody can read, and for one that says the file is not complete: it may be stored', async (t) => {
  for (const body of [Buffer.from('{"bytes":'), stored({ done: false, bytes: 5 })]) {
    t.throws(() => readStored(body, SENT), { code: 'upstream_failed', retryable: false, members: { outcome: 'unknown' } })
  }
})
