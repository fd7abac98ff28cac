import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { v2 as cloudinary } from 'cloudinary'
import { privateDownloadUrl } from '../../src/cloudinary/wire/download-url.ts'
import { encodeUploadParameters } from '../../src/cloudinary/wire/parameters.ts'
import { signParameters, verifyParameters } from '../../src/cloudinary/wire/signature.ts'
import { SIGNABLE_PARAMETER_NAMES } from '../../src/schemas/upload-parameters.ts'
import { Secret } from '../../src/secret.ts'
import { rounds, seed } from '../support/rounds.ts'

// What the package exports but its types do not tell.
const official = cloudinary.utils as unknown as {
  api_sign_request (fields: object, secret: string, algorithm: string, version: number): string
  build_upload_params (options: object): Record<string, unknown>
  private_download_url (publicId: string, format: string, options: object): string
}

const RUNS = rounds(5_000)
const SEED = seed(20_240_411)
const EXCLUDED = ['file', 'cloud_name', 'resource_type', 'api_key', 'signature']

/** Where we differ from the official package on purpose, each with the reason. The tests below hold us to both sides. */
const DIFFERENCES = {
  order: 'The package sorts names with localeCompare, which depends on the language data of the machine and puts "_" before digits ' +
    'and capitals after small letters. Cloudinary sorts bytes; so do we. Names in use are small letters and "_", where both agree.',
  excluded: 'The package signs whatever it is given; who calls it must leave out file, cloud_name, resource_type, api_key and signature. We leave them out.',
  booleans: 'The package sends 1 and 0 for flags; we send true and false, as newer clients do. Cloudinary takes both, and both are signed as sent.',
  quotes: 'Inside a list of metadata the package leaves quotes and backslashes bare, which is not JSON; we escape them.'
} as const

// Text of every sort: separators of the signed text, blanks, line ends, other scripts, halves of surrogate pairs.
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 24 }),
  fc.string({ unit: fc.constantFrom('&', '=', '%', '%26', '|', '\\', ',', ' ', '\n', '"', '/', 'é', '日', '😀', '\ud800', 'a', '0'), maxLength: 12 }),
  fc.constantFrom('', '0', 'true', 'false', 'null', 'undefined', '1700000000', 'a,b', 'k=v|k2=v2')
)
const names = fc.oneof(
  fc.constantFrom(...SIGNABLE_PARAMETER_NAMES),
  fc.stringMatching(/^[a-z]+(?:_[a-z]+)*$/).filter((name) => !EXCLUDED.includes(name) && name in {} === false)
)
const secrets = fc.string({ minLength: 1, maxLength: 40 })
const parameters = fc.dictionary(names, text, { maxKeys: 20, noNullPrototype: true })

for (const algorithm of ['sha1', 'sha256'] as const) {
  for (const version of [1, 2] as const) {
    t.test(`${RUNS} random parameter sets: ${algorithm}, version ${version}, equal to the official package`, async (t) => {
      fc.assert(fc.property(parameters, secrets, (fields, secret) => {
        const ours = signParameters(fields, { apiSecret: secret, algorithm, version })
        return ours === official.api_sign_request(fields, secret, algorithm, version) &&
          verifyParameters(fields, ours, new Secret(secret))?.algorithm === algorithm
      }), { numRuns: RUNS, seed: SEED })
      t.pass('no counterexample')
    })
  }
}

const safeText = text.filter((value) => value !== '' && !/\\(?:[=|]|$)/.test(value))
const mapNames = fc.stringMatching(/^[a-z][a-z0-9_ ]{0,12}$/)
const word = fc.stringMatching(/^[a-z0-9 _é]{1,12}$/)
const uploads = fc.record({
  public_id: safeText,
  tags: fc.array(word, { minLength: 1, maxLength: 5 }),
  allowed_formats: fc.array(fc.constantFrom('jpg', 'png'), { minLength: 1, maxLength: 3 }),
  context: fc.dictionary(mapNames, safeText, { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
  metadata: fc.dictionary(mapNames, fc.oneof(safeText, fc.integer(), fc.array(word, { minLength: 1, maxLength: 3 })), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
  eager: fc.array(fc.record({ width: fc.integer({ min: 1, max: 4000 }), crop: fc.constantFrom('fill', 'scale') }), { minLength: 1, maxLength: 3 }),
  face_coordinates: fc.array(fc.tuple(fc.nat(999), fc.nat(999), fc.nat(999), fc.nat(999)), { minLength: 1, maxLength: 3 }),
  overwrite: fc.boolean(),
  notification_url: fc.webUrl({ withQueryParameters: true })
}, { requiredKeys: [] })

t.test('random uploads: encoded as by the official package, flags aside', async (t) => {
  fc.assert(fc.property(uploads, (input) => {
    const wireOf = official.build_upload_params({ ...structuredClone(input), timestamp: 1 })
    const { overwrite, ...ours } = encodeUploadParameters({ ...input, timestamp: 1 })
    const wire = Object.fromEntries(Object.entries({ ...wireOf, overwrite: undefined })
      .map(([name, value]) => [name, value === undefined || value === null ? '' : String(value)])
      .filter(([, value]) => value !== ''))
    const flag = input.overwrite === undefined ? undefined : String(input.overwrite) // see DIFFERENCES.booleans
    return isDeepStrictEqual(ours, wire) && overwrite === flag
  }), { numRuns: rounds(2_000), seed: SEED })
  t.pass('no counterexample')
})

t.test('private download URLs: 2000 random ones, equal to the official package', async (t) => {
  const environment = {
    cloudName: 'demo', apiKey: '1234', apiSecret: new Secret('abcd'), uploadPrefix: 'https://api.cloudinary.com', signatureAlgorithm: 'sha1', signatureVersion: 2
  } as const
  const publicId = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  const options = fc.record({
    type: fc.constantFrom('upload', 'private', 'authenticated'),
    attachment: fc.boolean(),
    expires_at: fc.integer({ min: 1, max: 2 ** 33 }),
    resource_type: fc.constantFrom('image', 'video', 'raw')
  }, { requiredKeys: [] })
  fc.assert(fc.property(publicId, fc.constantFrom('', 'jpg', 'pdf'), options, (id, format, choice) => {
    const expected = official.private_download_url(id, format, {
      ...choice, timestamp: 1_700_000_000, cloud_name: 'demo', api_key: '1234', api_secret: 'abcd', upload_prefix: 'https://api.cloudinary.com'
    })
    const ours = new URL(privateDownloadUrl(environment, { public_id: id, format, ...choice }, 1_700_000_000))
    const theirs = new URL(expected)
    const drop = (url: URL) => [...url.searchParams].filter(([, value]) => value !== '')
    return isDeepStrictEqual([ours.origin, ours.pathname, drop(ours)], [theirs.origin, theirs.pathname, drop(theirs)])
  }), { numRuns: rounds(2_000), seed: SEED })
  t.pass('no counterexample')
})

t.test('where we differ on purpose', async (t) => {
  const form = { apiSecret: 'abcd', algorithm: 'sha1', version: 2 } as const
  const theirs = (fields: Record<string, string>) => official.api_sign_request(fields, 'abcd', 'sha1', 2)
  const mixed = { a_b: '1', a1: '2', B: '3', b: '4' }
  t.not(signParameters(mixed, form), theirs(mixed), DIFFERENCES.order)
  t.equal(signParameters(mixed, form), createHash('sha1').update('B=3&a1=2&a_b=1&b=4abcd').digest('hex'), 'sorted by bytes')
  for (const name of EXCLUDED) {
    t.equal(signParameters({ timestamp: '1', [name]: 'x' }, form), theirs({ timestamp: '1' }), DIFFERENCES.excluded)
  }
  t.equal(encodeUploadParameters({ overwrite: false })['overwrite'], 'false', DIFFERENCES.booleans)
  t.equal(official.build_upload_params({ overwrite: false }).overwrite, 0)
  t.strictSame(encodeUploadParameters({ metadata: { sizes: ['5"', 'a\\b'] } }), {
    metadata: 'sizes=["5\\"","a\\\\b"]'
  }, DIFFERENCES.quotes)
})
