import fc from 'fast-check'
import t from 'tap'
import { diagnose, lengthOf, MAX_SEARCHED, type DiagnosisInput } from '../../../src/cloudinary/explain/diagnosis.ts'
import { IssuedSignatures } from '../../../src/cloudinary/explain/issued-signatures.ts'
import { signParameters } from '../../../src/cloudinary/wire/signature.ts'
import { Secret } from '../../../src/secret.ts'
import { rounds, seed } from '../../support/rounds.ts'

const NOW = 1_700_000_100
const SECRET = 'quite-a-secret'
const environment = { name: 'production', cloudName: 'demo', apiKey: '1234', apiSecret: new Secret(SECRET), signatureVersion: 2 } as const
const staging = { ...environment, name: 'staging', apiSecret: new Secret('another-secret') }

type Fields = Record<string, string>
const sign = (fields: Fields, version: 1 | 2 = 2, algorithm: 'sha1' | 'sha256' = 'sha1', apiSecret = SECRET) => signParameters(fields, { apiSecret, algorithm, version })
const time = { timestamp: String(NOW - 100) }

/** Diagnoses fields that were sent, against a signature made over others. */
function mismatches (sent: Fields, signature: string, more: Partial<DiagnosisInput> = {}) {
  return diagnose({ fields: sent, signature, environment, others: [environment, staging], nowSeconds: NOW, ...more })
}
const codes = (...args: Parameters<typeof mismatches>) => mismatches(...args).map(({ code, pointer = '' }) => `${code} ${pointer}`.trim())

t.test('a signature that fits has nothing to explain', async (t) => {
  t.strictSame(codes({ ...time, folder: 'a' }, sign({ ...time, folder: 'a' })), [])
  t.strictSame(codes(time, sign(time, 2, 'sha256')), [])
  const address = { ...time, notification_url: 'https://a.b/?c=1&d=2' }
  t.strictSame(codes(address, sign(address, 1)), ['signature_version_1'])
  t.strictSame(codes(address, sign(address, 1), { environment: { ...environment, signatureVersion: 1 } }), [], 'an environment of version 1 wants no hint')
})

t.test('timestamps', async (t) => {
  const about = (timestamp?: string) => {
    const fields: Fields = timestamp === undefined ? { folder: 'a' } : { timestamp }
    return codes(fields, sign(fields))
  }
  t.strictSame(about(), ['timestamp_missing /timestamp'])
  t.strictSame(about('yesterday'), ['timestamp_invalid /timestamp'])
  t.strictSame(about(`${NOW}000`), ['timestamp_milliseconds /timestamp'])
  t.strictSame(about(String(NOW - 3601)), ['timestamp_stale /timestamp'])
  t.strictSame(about(String(NOW - 3600)), [])
  t.strictSame(about(String(NOW + 301)), ['timestamp_future /timestamp'])
  t.strictSame(about(String(NOW + 300)), [])
})

t.test('signatures that are none', async (t) => {
  t.strictSame(codes(time, 'abc'), ['signature_malformed /signature'])
  t.strictSame(codes(time, ` ${sign(time).toUpperCase()}`), ['signature_malformed /signature'], 'told, and found right otherwise')
})

t.test('signed for another environment', async (t) => {
  t.match(mismatches(time, sign(time, 2, 'sha1', 'another-secret')), [{ code: 'other_environment', message: /"staging" but sent to "production"/ }])
  t.strictSame(codes(time, sign(time, 2, 'sha1', 'a third')), ['unexplained'])
  t.strictSame(diagnose({ fields: {}, signature: sign(time), environment, nowSeconds: NOW }).map(({ code }) => code), ['timestamp_missing', 'unexplained'])
})

t.test('what this process signed is compared with the nearest of several readings, and told of the fields as they came', async (t) => {
  const issued = new IssuedSignatures()
  const signed = { ...time, tags: 'a,b', folder: 'x', return_delete_token: 'false' }
  const signature = sign(signed)
  issued.remember(signature, { environment: 'production', fields: signed, owner: '' })
  const sent = { ...time, tags: '["a","b"]', folder: 'y' }
  const forms = [sent, { ...sent, tags: 'a,b' }, { ...sent, tags: 'a,b', return_delete_token: 'false' }]
  t.strictSame(codes(sent, signature, { issued, forms }), ['field_changed /folder'])
  t.strictSame(codes(sent, signature, { issued }).sort(), ['field_changed /folder', 'field_changed /tags', 'field_not_sent /return_delete_token'])
  const other = { ...time, tags: '["a","c"]', folder: 'x', return_delete_token: 'false' }
  const [mismatch] = mismatches(other, signature, { issued, forms: [other, { ...other, tags: 'a,c' }] })
  t.match(mismatch?.message, /but sent as "\[\\"a\\",\\"c\\"\]"/)
})

t.test('what this process signed is told exactly', async (t) => {
  const issued = new IssuedSignatures()
  const signed = { ...time, folder: 'users/1', tags: 'a', eager: 'w_1' }
  const signature = sign(signed)
  issued.remember(signature, { environment: 'production', fields: signed, owner: '' })
  t.strictSame(mismatches({ ...time, folder: 'users/2', eager: 'w_1', context: 'c=d', api_key: '1234' }, signature, { issued }), [
    { code: 'field_changed', pointer: '/folder', message: 'folder was signed as "users/1" but sent as "users/2".' },
    { code: 'field_not_sent', pointer: '/tags', message: 'tags was signed as "a" but not sent.' },
    { code: 'field_not_signed', pointer: '/context', message: 'context was sent but not signed.' }
  ])
  t.match(mismatches({ ...signed, folder: 'x'.repeat(500) }, signature, { issued })[0]?.message, /sent as "x{120}…"/)
  t.strictSame(codes(signed, signature, { issued, environment: staging }), ['other_environment'])
  issued.remember(signature, { environment: 'production', fields: signed, owner: 'web' })
  t.match(mismatches({ ...time, folder: 'users/2' }, signature, { issued, asker: 'web' })[0]?.code, 'field_changed', 'who asked for it is told')
  t.strictSame(codes({ ...time, folder: 'users/2' }, signature, { issued, asker: 'cms' }), ['unexplained'], 'nobody else is')
  // A signature without its form: what is missing is named, and what it was is not.
  const bare = mismatches({ timestamp: '1700000001', folder: 'mine' }, signature, { issued }).map(({ message }) => message).join('\n')
  t.match(bare, /folder was signed with another value but sent as "mine"/)
  t.match(bare, /timestamp was signed with another value/)
  t.match(bare, /was signed but not sent/)
  t.notMatch(bare, /users\/1/)
  t.strictSame(codes(time, sign({ ...time, tags: 'x' }), { issued }), ['unexplained'], 'a signature of somebody else')
})

t.test('a stranger is told a signed value only where it is the one that differs', async (t) => {
  const issued = new IssuedSignatures()
  const signed = { ...time, folder: 'users/1', public_id: 'hidden' }
  const signature = sign(signed)
  issued.remember(signature, { environment: 'production', fields: signed, owner: '' })
  const told = (sent: Fields) => mismatches(sent, signature, { issued, stranger: true }).map(({ message }) => message).join(' ')
  t.equal(told({ ...signed, folder: 'users/2' }), 'folder was signed as "users/1" but sent as "users/2".')
  t.equal(told({ ...signed, folder: 'users/2', tags: 'x' }), 'folder was signed as "users/1" but sent as "users/2". tags was sent but not signed.', 'what was not signed has no value to tell')
  t.equal(told({ ...time, public_id: 'hidden' }), 'folder was signed as "users/1" but not sent.')
  t.equal(told({ ...time, folder: 'users/2' }), 'folder was signed with another value but sent as "users/2". public_id was signed but not sent.')
  t.equal(told({ ...signed, timestamp: '1700000001' }), 'timestamp was signed with another value but sent as "1700000001".', 'the time is never told')
})

t.test('in more text than the bound no mistake is searched, with however many environments; the answer says so', async (t) => {
  const many = (length: number) =>
    Array.from({ length }, (_, index) => ({ ...staging, name: `other${index}` }))
  type Others = ReturnType<typeof many>
  const workOn = (
    length: number, others: Others
  ): { reads: number, tried: number, found: ReturnType<typeof mismatches> } => {
    let [reads, tried] = [0, 0]
    const fields: Fields = Object.defineProperty({ ...time }, 'folder', { enumerable: true, get: () => { reads++; return '&'.repeat(length) } })
    const counted = others.map((other) => ({
      ...other, apiSecret: Object.assign(new Secret('x'), { reveal: () => { tried++; return 'x' } })
    }))
    const found = mismatches(fields, sign(time, 2, 'sha1', 'another-secret'), { others: counted })
    return { reads, tried, found }
  }
  const around = lengthOf({ ...time, folder: '' })
  const { reads, tried, found } = workOn(MAX_SEARCHED - around + 1, many(50))
  t.match(found, [{ code: 'unexplained', message: `The signature does not fit. The fields have ${MAX_SEARCHED + 1} characters together; mistakes are searched in up to ${MAX_SEARCHED}.` }])
  t.ok(reads < 5, `the field is read ${reads} times: for both versions of the text, and to be measured`)
  t.equal(tried, 0)
  const within = workOn(MAX_SEARCHED - around, many(50))
  t.match(within.found, [{ code: 'unexplained', message: /^No single known mistake/ }])
  t.ok(within.tried >= 50, 'up to the bound every environment is tried')
  t.equal(
    workOn(MAX_SEARCHED - around, many(500)).reads, within.reads, 'the text is built once, for however many'
  )
})

t.test('beyond the bound what this process signed is told all the same', async (t) => {
  const issued = new IssuedSignatures()
  const signed = { ...time, context: 'x'.repeat(MAX_SEARCHED) }
  const signature = sign(signed)
  issued.remember(signature, { environment: 'production', fields: signed, owner: '' })
  t.strictSame(codes({ ...signed, folder: 'a' }, signature, { issued }), ['field_not_signed /folder'])
})

t.test('random mismatches: none holds the secret or a signature that would be valid', async (t) => {
  const fields = fc.dictionary(fc.constantFrom('folder', 'tags', 'context', 'public_id', 'overwrite'), fc.string({ maxLength: 10 }), { noNullPrototype: true })
  fc.assert(fc.property(fields, fields, (signed, sent) => {
    const signature = sign({ ...signed, ...time })
    const text = JSON.stringify(mismatches({ ...sent, ...time }, signature))
    const valid = [1, 2].flatMap((version) => (['sha1', 'sha256'] as const).map((algorithm) => sign({ ...sent, ...time }, version as 1 | 2, algorithm)))
    return !text.includes(SECRET) && !valid.some((each) => text.includes(each))
  }), { numRuns: rounds(1_000), seed: seed(11) })
  t.pass('no counterexample')
})
