import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { SIGNABLE_PARAMETER_NAMES } from '../../src/schemas/upload-parameters.ts'
import { startFaultUpstream } from '../support/fault-upstream.ts'
import { environmentAt, startGateway, startGatewayAt, testConfig } from '../support/gateway.ts'
import { rounds, seed } from '../support/rounds.ts'

// Sign some settings, then send the same settings with the signature: as text, or as the JSON that was signed.

const PICTURE = readFileSync(new URL('../fixtures/landscape.jpg', import.meta.url))
const RUNS = rounds(300)
/** These are stored, and tried against forty other calls each. */
const STORED_RUNS = rounds(80)

type Settings = Readonly<Record<string, unknown>>
interface Signed { signature: string, timestamp: number, upload_url: string, fields: Record<string, string> }

const flag = fc.boolean()
const letters = (unit: string, maxLength = 12) => fc.string({ unit: fc.constantFrom(...unit), minLength: 1, maxLength })
const usual = letters('aZ9 é😀-_.')
const awkward = letters('aZ9 é😀&=|"\'[]{}()%+#?;:<>@\\\n', 20)
const named = (value: fc.Arbitrary<string>) => fc.dictionary(letters('abcé_', 4), fc.oneof(value, fc.integer(), flag), { minKeys: 1, maxKeys: 3 })
/** A value may not end in a backslash, or hold one before `=` or `|`. */
const inMap = (value: fc.Arbitrary<string>) => value.filter((text) => !/\\(?:[=|]|$)/.test(text))
const areas = fc.array(fc.tuple(fc.nat(50), fc.nat(50), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 })), { minLength: 1, maxLength: 3 })
const component = fc.record({
  width: fc.integer({ min: 1, max: 60 }), height: fc.integer({ min: 1, max: 60 }), crop: fc.constantFrom('scale', 'fill', 'pad'), angle: fc.constantFrom(90, 180)
}, { requiredKeys: ['width'] })
const transformation = fc.oneof(component, fc.array(component, { minLength: 1, maxLength: 2 }), fc.constantFrom('w_10', 'c_fill,h_20,w_10/a_90'))

/** Values that the sandbox takes, by parameter. */
const TAKEN = {
  public_id: fc.tuple(fc.constantFrom('', 'flow/', 'flow/deep/'), letters('abc019_é-')).map((parts) => parts.join('')),
  folder: fc.constantFrom('flow', 'other/place'),
  asset_folder: fc.constantFrom('shown', 'shown/below'),
  display_name: usual.filter((text) => text.trim() !== ''),
  tags: fc.array(letters('aZ9 é&=|"[]-').filter((text) => text.trim() === text), { minLength: 1, maxLength: 4 }),
  context: named(inMap(letters('aZ9 é&=|"[]{}:\\'))),
  eager: fc.array(transformation, { minLength: 1, maxLength: 2 }),
  transformation,
  type: fc.constantFrom('upload', 'private', 'authenticated'),
  allowed_formats: fc.subarray(['png', 'gif'], { minLength: 0 }).map((formats) => ['jpg', ...formats]),
  access_control: fc.constant([{ access_type: 'token' }]),
  notification_url: fc.constant('http://127.0.0.1:9/?a=1&b=2'),
  filename_override: letters('abc_é'),
  moderation: fc.constant('manual'),
  source: fc.constantFrom('uw', 'page'),
  face_coordinates: areas,
  custom_coordinates: areas.map((list) => list.slice(0, 1)),
  regions: fc.constant({ face: [[1, 2], [3, 4]] }),
  ...Object.fromEntries([
    'overwrite', 'use_filename', 'unique_filename', 'use_filename_as_display_name', 'discard_original_filename', 'invalidate', 'return_delete_token', 'backup',
    'colors', 'faces', 'phash', 'media_metadata', 'image_metadata', 'exif', 'quality_analysis', 'accessibility_analysis', 'cinemagraph_analysis', 'eager_async', 'unique_display_name'
  ].map((name) => [name, flag]))
} as const

/** Values of everything that may be signed, with text that is hard to carry. */
const SIGNABLE: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  ...Object.fromEntries(SIGNABLE_PARAMETER_NAMES.map((name) => [name, flag])),
  ...Object.fromEntries([
    'upload_preset', 'moderation', 'headers', 'source', 'eval', 'on_success', 'raw_convert', 'categorization', 'detection', 'ocr', 'background_removal', 'similarity_search',
    'quality_override', 'proxy', 'callback'
  ].map((name) => [name, awkward])),
  ...TAKEN,
  display_name: awkward,
  filename_override: awkward,
  context: named(inMap(awkward)),
  metadata: fc.dictionary(letters('abc', 4), fc.oneof(inMap(awkward), fc.array(inMap(awkward), { minLength: 1, maxLength: 3 })), { minKeys: 1, maxKeys: 3 }),
  public_id: letters('abc é&=|"[]{}+#?@', 12).filter((text) => text.trim() === text),
  public_id_prefix: fc.constantFrom('before', 'before/it'),
  access_mode: fc.constantFrom('public', 'authenticated'),
  auto_tagging: fc.constantFrom(0.25, 0.5, 1),
  eager_notification_url: fc.webUrl({ withQueryParameters: true }),
  notification_url: fc.constant('http://127.0.0.1:9/?a=1&b=2'),
  format: fc.constantFrom('png', 'webp'),
  responsive_breakpoints: fc.array(fc.record({
    create_derived: flag, transformation: component, min_width: fc.integer({ min: 1, max: 9 })
  }, { requiredKeys: ['create_derived'] }), { minLength: 1, maxLength: 2 }),
  timestamp: fc.constant(0).map(() => Math.floor(Date.now() / 1000))
}

/** Few of many parameters at a time: whole sets would all be alike. */
function someOf (values: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Settings> {
  return fc.subarray(Object.keys(values), { minLength: 1, maxLength: 7 }).chain((names) =>
    fc.record(Object.fromEntries(names.map((name) => [name, values[name] ?? flag]))) as fc.Arbitrary<Settings>)
}

/** How a page sends a setting: the text that is signed, or the JSON that it asked with. */
type Spelling = 'wire' | 'json'
const spellings = fc.array(fc.constantFrom<Spelling>('wire', 'json'), { minLength: 1, maxLength: 4 })

async function sign (url: string, settings: Settings): Promise<Signed | undefined> {
  const answer = await fetch(`${url}/signature`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(settings) })
  if (answer.status === 422) return undefined // no marker helps: nothing is signed
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()} to ${JSON.stringify(settings)}`)
  return await answer.json() as Signed // the documented answer
}

/** The settings again, the signature and the timestamp: no marker that the caller did not ask for. */
function literal (settings: Settings, how: readonly Spelling[], { signature, timestamp, fields }: Signed): Array<[string, string]> {
  const sent = Object.entries(settings).filter(([name]) => name !== 'timestamp').map(([name, value], index): [string, string] => {
    const isJson = how[index % how.length] === 'json'
    return [name, isJson ? typeof value === 'string' ? value : JSON.stringify(value) : fields[name] ?? '']
  })
  return [...sent, ['timestamp', String(timestamp)], ['signature', signature]]
}

async function upload (url: string, fields: ReadonlyArray<readonly [string, string]>, isFileFirst = false): Promise<{ status: number, text: string }> {
  const form = new FormData()
  const addFile = (): void => { form.append('file', new Blob([PICTURE]), 'flow.jpg') }
  if (isFileFirst) addFile()
  for (const [name, value] of fields) form.append(name, value)
  if (!isFileFirst) addFile()
  const answer = await fetch(url, { method: 'POST', body: form })
  return { status: answer.status, text: await answer.text() }
}

t.test(`${RUNS} random sets of all that may be signed: Cloudinary gets the signed form, and nothing else`, async (t) => {
  const upstream = await startFaultUpstream(t)
  const { url: usual } = await startGatewayAt(t, upstream.url)
  const old = await buildApp({ config: testConfig([environmentAt(upstream.url, { signatureAlgorithm: 'sha256', signatureVersion: 1 })]) })
  t.teardown(() => old.close())
  const gateways = fc.constantFrom(usual, await old.listen({ host: '127.0.0.1', port: 0 }))
  let sent = 0
  await fc.assert(fc.asyncProperty(someOf(SIGNABLE), spellings, flag, gateways, async (settings, how, isFileFirst, url) => {
    const answer = await sign(url, settings)
    if (!answer) return
    upstream.seen.length = 0
    const { status, text } = await upload(`${url}/direct-upload`, literal(settings, how, answer), isFileFirst)
    if (status !== 200) throw new Error(`${status} ${text} to ${JSON.stringify(settings)}, signed as ${JSON.stringify(answer.fields)}`)
    const [seen] = upstream.seen
    const { file: _, ...fields } = seen?.fields ?? {}
    t.strictSame(fields, answer.fields, JSON.stringify({ settings, how }))
    sent++
  }), { numRuns: RUNS, seed: seed(20_261_129) })
  t.ok(sent > RUNS * 0.7, `${sent} sets were signed`)
})

/** Other methods, each with what aims them at an asset that is there. */
const OTHERS: ReadonlyArray<readonly [path: string, aim: Readonly<Record<string, string>>]> = [
  ['image/destroy', { public_id: 'victim' }],
  ['image/rename', { from_public_id: 'victim', to_public_id: 'gone' }],
  ['image/explicit', { public_id: 'victim', type: 'upload', tags: 'stolen' }],
  ['image/tags', { command: 'remove_all', public_ids: 'victim' }],
  ['image/context', { command: 'remove_all', public_ids: 'victim' }],
  ['image/metadata', { metadata: 'a=b', public_ids: 'victim' }],
  ['image/generate_archive', { tags: 'kept' }],
  ['resources/image/upload/victim', {}]
]

/** Is there a way from these fields to another method? Tried whole, aimed elsewhere, and without the markers. */
async function replay (t: Test, cloud: string, settings: Settings, { fields }: Signed): Promise<void> {
  const asked = Object.fromEntries(Object.entries(fields).filter(([name]) => Object.hasOwn(settings, name)))
  const { signature = '', api_key: apiKey = '', timestamp = '' } = fields
  const proof = { signature, api_key: apiKey, timestamp }
  for (const [path, aim] of OTHERS) {
    for (const form of [fields, { ...fields, ...aim }, { ...asked, ...proof }, { ...asked, ...aim, ...proof }, { ...aim, ...proof }]) {
      const { status } = await fetch(`${cloud}/${path}`, { method: 'POST', body: new URLSearchParams(form) })
      // Without its aim a method does nothing, whatever it says of the signature.
      const isAimed = Object.keys(aim).every((name) => Object.hasOwn(form, name))
      if (isAimed ? status !== 401 : status < 400) t.fail(`${path} answered ${status} to ${JSON.stringify(form)}`)
    }
  }
}

t.test(`${STORED_RUNS} random sets: the settings do at /direct-upload, the whole form at Cloudinary, and no other method takes them`, async (t) => {
  const { url, sandbox } = await startGateway(t)
  await sandbox.add('victim', { tags: 'kept', context: { alt: 'kept' } })
  const victim = async (): Promise<object> => (await fetch(`${url}/resources/victim`)).json() as Promise<object>
  const before = await victim()
  let stored = 0
  await fc.assert(fc.asyncProperty(someOf(TAKEN), spellings, flag, async (settings, how, isFileFirst) => {
    const answer = await sign(url, settings)
    if (!answer) return
    const direct = await upload(`${url}/direct-upload`, literal(settings, how, answer), isFileFirst)
    if (direct.status !== 200) throw new Error(`${direct.status} ${direct.text} to ${JSON.stringify(settings)}`)
    t.strictSame(sandbox.requests.at(-1)?.fields, answer.fields, JSON.stringify(settings))
    const whole = await upload(answer.upload_url, Object.entries(answer.fields), isFileFirst)
    if (whole.status !== 200) throw new Error(`${whole.status} ${whole.text} to all of ${JSON.stringify(answer.fields)}`)
    await replay(t, `${sandbox.url}/v1_1/demo`, settings, answer)
    stored++
  }), { numRuns: STORED_RUNS, seed: seed(20_261_130) })
  t.strictSame(await victim(), before, 'nothing changed')
  t.ok(stored > STORED_RUNS * 0.8, `${stored} sets were stored`)
})
