import fc from 'fast-check'
import t from 'tap'
import { v2 as cloudinary } from 'cloudinary'
import { buildApp } from '../../src/app.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { SIGNABLE_PARAMETER_NAMES } from '../../src/schemas/upload-parameters.ts'
import { environmentAt, startGateway, testConfig } from '../support/gateway.ts'
import { rounds, seed } from '../support/rounds.ts'

// Its types do not tell of algorithm and version.
const official = cloudinary.utils as unknown as { api_sign_request (fields: object, secret: string, algorithm?: string, version?: number): string }

const RUNS = rounds(200)
const KEY = '1234'
const BASIC = { authorization: `Basic ${btoa(`${KEY}:abcd`)}` }

interface Signed { signature: string, fields: Record<string, string> }

const wishes = fc.record({
  public_id: fc.constantFrom('victim', 'folder/victim'),
  tags: fc.subarray(['a', 'b'], { minLength: 1 }),
  context: fc.constant({ alt: 'x' }),
  folder: fc.constantFrom('folder', 'other'),
  eager: fc.constant(['w_10,c_scale']),
  overwrite: fc.boolean(),
  invalidate: fc.boolean(),
  type: fc.constantFrom('upload', 'private'),
  notification_url: fc.constant('http://127.0.0.1:9/?a=1&b=2'),
  display_name: fc.constant('Shown'),
  unique_filename: fc.boolean(),
  use_filename: fc.boolean(),
  allowed_formats: fc.constant(['png']),
  colors: fc.boolean()
}, { requiredKeys: [] })

/** Where an uploader's signature must open nothing, each with what the attacker adds to aim it. */
const AIMS: ReadonlyArray<readonly [path: string, aim: Record<string, string>]> = [
  ['image/destroy', { public_id: 'victim' }],
  ['image/rename', { from_public_id: 'victim', to_public_id: 'gone' }],
  ['image/explicit', { public_id: 'victim', type: 'upload', tags: 'stolen' }],
  ['image/tags', { command: 'remove_all', public_ids: 'victim' }],
  ['image/context', { command: 'remove_all', public_ids: 'victim' }],
  ['image/metadata', { metadata: 'a=b', public_ids: 'victim' }],
  ['image/generate_archive', { tags: 'kept' }]
]

t.test(`401: ${RUNS} random sets signed for an upload open nothing else, and change nothing`, async (t) => {
  const { url, sandbox } = await startGateway(t)
  const state = async () => (await fetch(`${sandbox.url}/v1_1/demo/resources/image/upload?tags=true&context=true&metadata=true`, { headers: BASIC })).text()
  await sandbox.add('victim', { tags: 'kept', context: { alt: 'kept' } })
  await sandbox.add('folder/victim', { tags: 'kept' })
  const before = await state()
  let signed = 0
  let replayed = 0
  await fc.assert(fc.asyncProperty(wishes, async (wish) => {
    const answer = await fetch(`${url}/signature`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(wish) })
    if (answer.status !== 200) return // refused: there is nothing to replay
    signed++
    const { signature, fields } = await answer.json() as Signed // the documented answer
    for (const [path, aim] of AIMS) {
      for (const form of [fields, { ...fields, ...aim }, { ...aim, timestamp: fields['timestamp'] ?? '' }]) {
        const { status } = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { method: 'POST', body: new URLSearchParams({ ...form, api_key: KEY, signature }) })
        replayed++
        if (status !== 401) throw new Error(`${path} answered ${status} to ${JSON.stringify(form)}`)
      }
    }
  }), { numRuns: RUNS, seed: seed(20_240_411) })
  t.equal(await state(), before, 'nothing changed')
  t.ok(signed > RUNS / 2, `${signed} sets were signed`)
  t.equal(replayed, signed * AIMS.length * 3)
})

t.test('the control case: signed with the official package for the call it is sent to, each gets through', async (t) => {
  const { sandbox } = await startGateway(t)
  for (const [path, aim] of AIMS.filter(([path]) => path !== 'image/metadata')) {
    await sandbox.reset()
    await sandbox.add('victim', { tags: 'kept' })
    const form = { ...aim, timestamp: String(Math.floor(Date.now() / 1000)) }
    const signature = official.api_sign_request(form, 'abcd')
    const { status } = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { method: 'POST', body: new URLSearchParams({ ...form, api_key: KEY, signature }) })
    t.equal(status, path === 'image/generate_archive' ? 400 : 200, path)
    const more = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { method: 'POST', body: new URLSearchParams({ ...form, api_key: KEY, unique_filename: 'true', signature: official.api_sign_request({ ...form, unique_filename: 'true' }, 'abcd') }) })
    t.equal(more.status, 401, `${path} does not know unique_filename`)
    t.notMatch(await more.text(), 'unique_filename=')
  }
})

t.test('what a call does not know has no effect on it, and is named', async (t) => {
  const { sandbox } = await startGateway(t)
  await sandbox.add('victim')
  const form = { public_id: 'victim', type: 'upload', tags: 'a', timestamp: String(Math.floor(Date.now() / 1000)) }
  const signature = official.api_sign_request(form, 'abcd')
  const answer = await fetch(`${sandbox.url}/v1_1/demo/image/explicit`, { method: 'POST', body: new URLSearchParams({ ...form, signature, api_key: KEY, moderation_status: 'rejected', folder: 'x' }) })
  t.equal(answer.headers.get('x-sandbox-ignored'), 'moderation_status, folder')
  const asset = await answer.json() as object // an upload answer
  t.match(asset, { public_id: 'victim', tags: ['a'] })
  t.notOk('moderation' in asset)
})

t.test('the Admin API: a signature only where a client sends one, and over everything that counts', async (t) => {
  const { sandbox } = await startGateway(t)
  await sandbox.add('victim')
  const ask = async (path: string, form: Record<string, string>, extra: Record<string, string> = {}) => {
    const signed = { ...form, timestamp: String(Math.floor(Date.now() / 1000)) }
    const signature = official.api_sign_request(signed, 'abcd', 'sha256', 1)
    const { status } = await fetch(`${sandbox.url}/v1_1/demo/${path}?${new URLSearchParams({ ...signed, ...extra, api_key: KEY, signature }).toString()}`, { method: 'POST' })
    return status
  }
  t.equal(await ask('resources/image/upload/victim', { tags: 'a' }), 200)
  t.equal(await ask('resources/image/upload/victim', { tags: 'a', unique_filename: 'true' }), 401)
  t.equal(await ask('resources/image/upload/victim', {}, { tags: 'b' }), 401)
  t.equal(await ask('upload_presets', {}, { name: 'p', unsigned: 'true' }), 401)
  t.equal(await ask('folders/x', {}), 401)
})

/** The calls of the Admin API that one official client signs. */
const ADMIN = [['POST', 'image/upload/victim'], ['GET', 'image/upload/victim'], ['DELETE', 'image/upload'], ['GET', 'image/context']] as const
/** One value for each parameter that may be signed and is no flag. */
const VALUES: Readonly<Record<string, unknown>> = {
  public_id: 'victim',
  public_id_prefix: 'a',
  folder: 'a',
  asset_folder: 'a',
  display_name: 'Shown',
  filename_override: 'a.png',
  type: 'upload',
  access_mode: 'public',
  access_control: [{ access_type: 'anonymous' }],
  tags: ['a'],
  context: { alt: 'HACKED' },
  metadata: { a: 'b' },
  eager: ['w_10'],
  eager_notification_url: 'http://127.0.0.1:9/',
  notification_url: 'http://127.0.0.1:9/',
  transformation: 'w_10',
  format: 'png',
  allowed_formats: ['png'],
  upload_preset: 'p',
  moderation: 'manual',
  face_coordinates: [[1, 2, 3, 4]],
  custom_coordinates: [[1, 2, 3, 4]],
  regions: { a: [[1, 2], [3, 4]] },
  responsive_breakpoints: [{ create_derived: true }],
  headers: 'X-Robots-Tag: noindex',
  proxy: 'http://example.com',
  callback: 'http://example.com/',
  source: 'uw',
  eval: 'x',
  on_success: 'x',
  raw_convert: 'aspose',
  categorization: 'google_tagging',
  auto_tagging: 0.5,
  detection: 'coco',
  ocr: 'adv_ocr',
  background_removal: 'cloudinary_ai',
  quality_override: 80
}

t.test('no parameter alone can be taken to a call of the Admin API that a client signs, whose path aims at any asset', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const app = await buildApp({ config: testConfig([environmentAt(sandbox.url, { signatureAlgorithm: 'sha256' })]) })
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  await sandbox.add('victim')
  const sign = async (body: object) => fetch(`${url}/signature`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  let tried = 0
  for (const name of SIGNABLE_PARAMETER_NAMES.filter((name) => name !== 'timestamp')) {
    const answer = await sign({ [name]: VALUES[name] ?? true })
    t.equal(answer.status, 200, `${name} ${answer.status === 200 ? '' : await answer.text()}`)
    const { fields } = await answer.json() as Signed // the documented answer
    const query = new URLSearchParams(fields).toString()
    for (const [method, path] of ADMIN) {
      const { status } = await fetch(`${sandbox.url}/v1_1/demo/resources/${path}?${query}`, { method })
      t.ok(status >= 400, `${method} ${path} answered ${status} to ${name}`)
      tried++
    }
    const exact = await sign({ paramsToSign: { [name]: fields[name], timestamp: Number(fields['timestamp']) } })
    if (exact.status !== 200) continue // refused: there is nothing to replay
    const { signature } = await exact.json() as Signed // the documented answer
    for (const method of ['POST', 'GET']) {
      const own = new URLSearchParams({ [name]: fields[name] ?? '', timestamp: fields['timestamp'] ?? '', api_key: KEY, signature })
      t.equal((await fetch(`${sandbox.url}/v1_1/demo/resources/image/upload/victim?${own.toString()}`, { method })).status, 401, `${method} ${name}, exactly`)
    }
  }
  t.equal(tried, ADMIN.length * (SIGNABLE_PARAMETER_NAMES.length - 1))
})
