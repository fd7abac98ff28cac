import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import { EVERYTHING, type Permissions } from '../../../src/auth/policy/permissions.ts'
import type { ClientOptions } from '../../../src/cloudinary/client.ts'
import { signParameters } from '../../../src/cloudinary/wire/signature.ts'
import environmentChoice from '../../../src/plugins/access/environment-choice.ts'
import cloudinary from '../../../src/plugins/actions/cloudinary.ts'
import { explainSignature } from '../../../src/plugins/actions/explain-signature.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import type { CloudinaryEnvironment } from '../../../src/schemas/environment.ts'
import { Secret } from '../../../src/secret.ts'
import { testConfig } from '../../support/gateway.ts'

const client: ClientOptions = {
  upstream: { connectTimeoutMs: 100, headersTimeoutMs: 100, uploadHeadersTimeoutMs: 100, bodyTimeoutMs: 100, maxAnswerBytes: 1024 },
  upload: testConfig([]).upload
}
const environment = (name: string, apiSecret: string): CloudinaryEnvironment => ({
  name,
  cloudName: 'demo',
  apiKey: '1234',
  apiSecret: new Secret(apiSecret),
  uploadPrefix: 'http://127.0.0.1:9',
  signatureAlgorithm: 'sha1',
  signatureVersion: 2,
  delivery: { secure: true, private_cdn: false, cdn_subdomain: false, long_url_signature: false, force_version: true },
  sandbox: false
})

const now = String(Math.floor(Date.now() / 1000))
const sign = (fields: Record<string, string>, apiSecret = 'abcd') => signParameters(fields, { apiSecret, algorithm: 'sha1', version: 2 })

async function start (t: Test, permissions: Permissions = EVERYTHING) {
  const app = fastify({ ajv: { customOptions: { removeAdditional: false, strictTypes: false } } }).withTypeProvider<TypeBoxTypeProvider>()
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  await app.register(cloudinary, { environments: [environment('production', 'abcd'), environment('staging', 'efgh')], defaultEnvironment: 'production', client })
  await app.register(async (scope) => {
    scope.decorateRequest('caller')
    scope.addHook('onRequest', async (request) => { request.caller = { name: String(request.headers['x-caller'] ?? 'web'), permissions } })
    await scope.register(environmentChoice)
    await scope.register(explainSignature)
  })
  const ask = async (payload: object, headers = {}) => (await app.inject({ method: 'POST', url: '/signature/explain', payload, headers })).json()
  return Object.assign(ask, { app })
}

t.test('200: a signature that fits', async (t) => {
  const ask = await start(t)
  const fields = { folder: 'a', timestamp: now }
  t.same(await ask({ fields, signature: sign(fields) }), { fits: true, findings: [], string_to_sign: `folder=a&timestamp=${now}` })
  t.match(await ask({ fields: { ...fields, signature: sign(fields), api_key: '1234' } }), { fits: true, findings: [] }, 'the form as it was sent')
  t.match(await ask({ fields: { folder: 'a', tags: ['x', 'y'], overwrite: true, timestamp: Number(now) }, signature: sign({ folder: 'a', tags: 'x,y', overwrite: 'true', timestamp: now }) }), { fits: true })
})

t.test('200: what is wrong with one that does not', async (t) => {
  const ask = await start(t)
  const fields = { folder: 'a', timestamp: now }
  const codes = async (payload: object) => (await ask(payload)).findings.map(({ code, pointer }: { code: string, pointer?: string }) => `${code} ${pointer ?? ''}`.trim())
  t.same(await codes({ fields: { ...fields, tags: 'x' }, signature: sign(fields) }), ['field_not_signed /tags'])
  t.same(await codes({ fields: { ...fields, timestamp: '1' }, signature: sign({ ...fields, timestamp: '1' }) }), ['timestamp_stale /timestamp'])
  t.same(await codes({ fields: { ...fields, timestamp: `${now}000` }, signature: sign({ ...fields, timestamp: `${now}000` }) }), ['timestamp_milliseconds /timestamp'])
  t.same(await codes({ fields, signature: sign(fields, 'efgh') }), ['other_environment'])
  t.same(await codes({ fields, signature: 'nonsense' }), ['signature_malformed /signature'])
})

t.test('200: the text of Cloudinary\'s refusal is enough', async (t) => {
  const ask = await start(t)
  const signature = sign({ folder: 'a', timestamp: now })
  const error = `Invalid Signature ${signature}. String to sign - 'folder=a&tags=x&timestamp=${now}'.`
  t.match(await ask({ error }), { fits: false, findings: [{ code: 'field_not_signed', pointer: '/tags' }] })
  t.match(await ask({ error, fields: { folder: 'a', timestamp: now } }), { fits: true }, 'fields that are given count before it')
})

t.test('it is no oracle: no signature in the answer but the one that was given, and nothing of other environments', async (t) => {
  const fields = { public_id: 'victim', timestamp: now }
  const ask = await start(t, { ...EVERYTHING, environments: new Set(['production']) })
  const text = JSON.stringify(await ask({ fields, signature: '0'.repeat(40) }))
  for (const algorithm of ['sha1', 'sha256'] as const) {
    for (const version of [1, 2] as const) t.notMatch(text, signParameters(fields, { apiSecret: 'abcd', algorithm, version }))
  }
  t.notMatch(text, 'abcd')
  t.notMatch(JSON.stringify(await ask({ fields, signature: sign(fields, 'efgh') })), /staging|other_environment/)
})

t.test('200: what was signed here is told exactly, to the one it was signed for', async (t) => {
  const ask = await start(t)
  const signed = { folder: 'users/1', public_id: 'hidden', tags: 'a', timestamp: now }
  const signature = ask.app.cloudinary.get('production')?.sign(signed, 'web')
  const question = { fields: { folder: 'users/2', tags: 'a', timestamp: now }, signature }
  t.match(await ask(question), { fits: false, findings: [{ message: 'folder was signed as "users/1" but sent as "users/2".' }, { message: 'public_id was signed as "hidden" but not sent.' }] })
  const others = await ask(question, { 'x-caller': 'cms' })
  t.match(others, { fits: false, findings: [{ code: 'unexplained' }] })
  t.notMatch(JSON.stringify(others), /hidden|users\/1/, 'whoever picked up a signature does not get its form')
})

t.test('400 for more text than is searched, with both numbers; up to that many it is explained', async (t) => {
  const ask = await start(t)
  const around = 'foldertimestamp'.length + now.length
  const tooMuch = { status: 400, code: 'invalid_request', errors: [{ pointer: '/fields', message: 'must have at most 100000 characters together, has 100001' }] }
  t.match(await ask({ fields: { folder: '&'.repeat(100_001 - around), timestamp: now }, signature: '0'.repeat(40) }), tooMuch)
  t.match(await ask({ fields: { folder: ['&'.repeat(50_000 - around), '&'.repeat(50_000)], timestamp: now }, signature: '0'.repeat(40) }), tooMuch, 'lists count as the text that they are')
  const fields = { folder: '&'.repeat(100_000 - around), timestamp: now }
  t.match(await ask({ fields, signature: sign(fields) }), { fits: true, findings: [] })
  t.match(await ask({ fields, signature: '0'.repeat(40) }), { fits: false, findings: [{ code: 'unexplained' }] })
})

t.test('400 names what is missing', async (t) => {
  const ask = await start(t)
  t.match(await ask({ fields: { timestamp: now } }), { status: 400, errors: [{ pointer: '/signature' }] })
  t.match(await ask({}), { status: 400, errors: [{ pointer: '/signature' }] })
  t.match(await ask({ error: 'Stale request' }), { status: 400, errors: [{ pointer: '/error' }] })
  t.match(await ask({ fields: { a: { b: 1 } }, signature: 'x' }), { status: 400 })
  t.match(await ask({ signature: 'x', other: 1 }), { status: 400, errors: [{ pointer: '/other' }] })
})
