import { createHash, createHmac } from 'node:crypto'
import t from 'tap'
import { findMistake } from '../../../src/cloudinary/explain/signing-mistakes.ts'
import { signParameters } from '../../../src/cloudinary/wire/signature.ts'
import { Secret } from '../../../src/secret.ts'

const SECRET = 'quite-a-secret'
const environment = { cloudName: 'demo', apiKey: '1234', apiSecret: new Secret(SECRET) } as const

type Fields = Record<string, string>
const sign = (fields: Fields, version: 1 | 2 = 2) => signParameters(fields, { apiSecret: SECRET, algorithm: 'sha1', version })
const digest = (text: string) => createHash('sha1').update(text + SECRET).digest('hex')
const time = { timestamp: '1700000000' }

/** Looks at fields that were sent, and a signature made over others. */
const mismatches = (fields: Fields, signature: string) => findMistake({ fields, environment }, signature, 'sha1')
const codes = (...args: Parameters<typeof mismatches>) => mismatches(...args).map(({ code, pointer = '' }) => `${code} ${pointer}`.trim())

t.test('fields that were not signed: one, two', async (t) => {
  const signed = { ...time, folder: 'a' }
  t.strictSame(codes({ ...signed, tags: 'b' }, sign(signed)), ['field_not_signed /tags'])
  t.strictSame(codes({ ...signed, tags: 'b', 'a/b': 'c' }, sign(signed)), ['field_not_signed /a~1b', 'field_not_signed /tags'])
  t.strictSame(codes({ ...signed, tags: 'b', context: 'c=d', eager: 'w_1' }, sign(signed)), ['unexplained'], 'three are not guessed')
})

t.test('fields spelled otherwise: one, or all', async (t) => {
  t.match(mismatches({ ...time, tags: 'a,b' }, sign({ ...time, tags: '["a","b"]' })), [{
    code: 'field_spelled_differently', pointer: '/tags', message: 'tags was signed as a JSON list: as "[\\"a\\",\\"b\\"]", but sent as "a,b".'
  }])
  t.strictSame(codes({ ...time, overwrite: 'true' }, sign({ ...time, overwrite: '1' })), ['field_spelled_differently /overwrite'])
  t.strictSame(codes({ ...time, async: 'true', overwrite: 'false' }, sign({ ...time, async: '1', overwrite: '0' })),
    ['field_spelled_differently /async', 'field_spelled_differently /overwrite'])
  t.strictSame(codes({ ...time, public_id: 'a b' }, sign({ ...time, public_id: 'a%20b' }, 1)), ['field_spelled_differently /public_id'])
  t.strictSame(codes(time, sign({ timestamp: `${time.timestamp}000` })), ['field_spelled_differently /timestamp'])
  t.strictSame(codes({ ...time, notification_url: 'https://a.b/?c=1&d=2 ' }, sign({ ...time, notification_url: 'https://a.b/?c=1&d=2' }, 1)),
    ['field_spelled_differently /notification_url'], 'version 1 is tried as well')
})

t.test('signed with what is never signed', async (t) => {
  const sent = { ...time, api_key: '1234', resource_type: 'auto', file: 'https://a.b/c' }
  t.strictSame(codes(sent, digest(`api_key=1234&timestamp=${time.timestamp}`)), ['unsignable_signed /api_key'])
  t.strictSame(codes(sent, digest(`file=https://a.b/c&resource_type=auto&timestamp=${time.timestamp}`)), ['unsignable_signed /file', 'unsignable_signed /resource_type'])
  t.strictSame(codes(time, digest(`cloud_name=demo&resource_type=image&timestamp=${time.timestamp}`)), ['unsignable_signed /cloud_name', 'unsignable_signed /resource_type'])
})

t.test('signed by another method', async (t) => {
  t.strictSame(codes({ ...time, folder: '', tags: '' }, digest(`folder=&tags=&timestamp=${time.timestamp}`)), ['empty_signed /folder', 'empty_signed /tags'])
  t.strictSame(codes({ public_id: 'a', ...time, folder: 'b' }, digest(`public_id=a&folder=b&timestamp=${time.timestamp}`)), ['not_sorted'])
  t.strictSame(codes(time, createHmac('sha1', SECRET).update(`timestamp=${time.timestamp}`).digest('hex')), ['signed_with_hmac'])
})

t.test('work is bounded', async (t) => {
  const many: Fields = { ...time }
  for (let index = 0; index < 30; index++) many[`field_${index}`] = 'x'.repeat(200)
  t.strictSame(codes({ ...many, one: '1', two: '2' }, sign(many)), ['unexplained'], 'pairs are tried among a few fields only')
  t.strictSame(codes({ ...time, a: 'x'.repeat(5_000_000), b: 'c' }, sign({ ...time, b: 'c' })), ['unexplained'], 'no more is hashed than the limit')
  const wide: Fields = { ...time }
  for (let index = 0; index < 20; index++) wide[`field_${index}`] = 'x'.repeat(3000)
  t.strictSame(codes({ ...wide, y: '1', z: '2' }, sign(wide)), ['unexplained'], 'the limit holds among pairs, too')
})

t.test('hardly any text is built of very long fields', async (t) => {
  let reads = 0
  const long: Fields = { ...time }
  for (let index = 0; index < 10; index++) Object.defineProperty(long, `field_${index}`, { enumerable: true, get: () => { reads++; return '&'.repeat(65_000) } })
  t.strictSame(codes(long, 'a'.repeat(40)), ['unexplained'])
  t.ok(reads < 150, `each of ten fields is read a few times, not for every attempt: ${reads}`)
})

t.test('characters that version 2 writes as three count as three', async (t) => {
  let computed = 0
  class CountedSecret extends Secret {
    override reveal (): string {
      computed++
      return super.reveal()
    }
  }
  const attemptsOn = (unit: string): number => {
    computed = 0
    const found = findMistake({ fields: { ...time, folder: unit.repeat(90_000) }, environment: { ...environment, apiSecret: new CountedSecret(SECRET) } }, 'a'.repeat(40), 'sha1')
    t.match(found, [{ code: 'unexplained' }])
    return computed
  }
  t.equal(attemptsOn('x'), 11, 'signatures tried on a long text')
  t.equal(attemptsOn('&'), 3, 'and on one that is three times as long where it is signed')
})

t.test('no spelling is made that could not be tried', async (t) => {
  let made = 0
  const text = `{"a":"${'x'.repeat(8_000)}"}`
  const parse = JSON.parse
  t.intercept(JSON, 'parse', { value: (json: string): unknown => { made++; return parse(json) as unknown } })
  const fields: Fields = { ...time }
  for (let index = 0; index < 40; index++) fields[`field_${index}`] = text
  t.strictSame(codes(fields, 'a'.repeat(40)), ['unexplained'])
  t.equal(made, 0)
})

t.test('what no known mistake explains: the names that count are told', async (t) => {
  t.match(mismatches({ ...time, folder: 'a', api_key: '1', tags: '' }, 'f'.repeat(40)), [{ code: 'unexplained', message: /What counts here: folder, timestamp\.$/ }])
  t.match(mismatches({}, 'f'.repeat(40)), [{ code: 'unexplained', message: /no field at all\.$/ }])
})
