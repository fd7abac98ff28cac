import t from 'tap'
import { checkStored, compare } from '../../src/cloudinary/upload-integrity.ts'

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

t.test('502 when it must not differ, naming what was stored', async (t) => {
  const answer = { public_id: 'a', bytes: 4, etag: 'ab', api_key: '1' }
  t.equal(checkStored(stored(answer), { bytes: 5, md5: undefined }, false), 'differs')
  t.throws(() => checkStored(stored(answer), { bytes: 5, md5: undefined }, true), { code: 'integrity_failed', members: { stored: { public_id: 'a', bytes: 4, etag: 'ab' } } })
  t.equal(checkStored(stored({ bytes: 5 }), { bytes: 5, md5: undefined }, true), 'verified')
})

t.test('502 for an answer that nobody can read, and for one that says the file is not complete', async (t) => {
  t.throws(() => checkStored(Buffer.from('{"bytes":'), { bytes: 5, md5: undefined }, false), { code: 'upstream_failed' })
  t.throws(() => checkStored(stored({ done: false, bytes: 5 }), { bytes: 5, md5: undefined }, false), { code: 'upstream_failed' })
})
