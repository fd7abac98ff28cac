import sharp from 'sharp'
import t from 'tap'
import { buildSandbox, type SandboxApp } from '../../../src/sandbox/app.ts'
import { coverage, coverageHtml, coverageText } from '../../../src/sandbox/pages/coverage.ts'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { wav } from '../../support/silence.ts'

const BASIC = { authorization: `Basic ${btoa('1234:abcd')}` }
const png = await sharp({ create: { width: 60, height: 40, channels: 3, background: '#336699' } }).png().toBuffer()
/** What stands in the place of a variable that not every word fits. */
const SAMPLES: Readonly<Record<string, string>> = { asset_id: '0'.repeat(32), type: 'upload' }
const linesOf = (kind: string) => coverage().filter((line) => line.kind === kind)

t.test('endpoints: refused ones say so in a header, real ones do not', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  for (const { name, support } of linesOf('endpoint')) {
    const [method = '', path = ''] = name.replace('{cloud}', 'demo').split(' ')
    const url = sandbox.url + path.replace(/\{([^}]+)\}/g, (_whole, choice: string) => SAMPLES[choice] ?? choice.split('|')[0] ?? '')
    const answer = await fetch(url, { method, headers: BASIC })
    const header = answer.headers.get('x-sandbox-not-imitated')
    t.equal(header !== null, support === 'refused', `${name} ${answer.status} ${header}`)
    if (header !== null) t.equal(answer.status, 400, name)
    t.not(answer.status, 500)
    t.not(answer.status, 405)
    await answer.arrayBuffer()
  }
})

/** Values that must show, and what else must be sent for them to. Flags are simply set. */
const SHOWING: Readonly<Record<string, readonly [value: string, beside?: Record<string, string>]>> = {
  access_control: ['[{"access_type":"token"}]'],
  access_mode: ['authenticated'],
  allowed_formats: ['jpg'],
  clear_invalid: ['true', { metadata: 'level=none' }],
  context: ['a=b'],
  custom_coordinates: ['1,2,3,4'],
  eager: ['c_scale,w_10'],
  eager_async: ['true', { eager: 'c_scale,w_20' }],
  face_coordinates: ['1,2,3,4'],
  file: ['data:text/plain;base64,aGk='],
  format: ['webp'],
  headers: ['X-Robots-Tag: noindex'],
  metadata: ['level=5'],
  moderation: ['manual'],
  overwrite: ['false', { public_id: 'present' }],
  phash: ['true'],
  regions: ['{"a":[[1,2],[3,4]]}'],
  responsive_breakpoints: ['[{"create_derived":true,"max_images":3}]'],
  transformation: ['c_scale,w_10'],
  type: ['private'],
  unique_display_name: ['true', { display_name: 'present' }],
  unique_filename: ['false', { use_filename: 'true' }],
  upload_preset: ['tagging'],
  use_asset_folder_as_public_id_prefix: ['true', { asset_folder: 'f' }],
  use_filename_as_display_name: ['true', { public_id: 'other' }]
}
const FLAG = new Set(['async', 'backup', 'clear_invalid', 'colors', 'discard_original_filename', 'exif', 'faces', 'image_metadata', 'invalidate', 'media_metadata', 'return_delete_token', 'use_filename', 'phash'])
/** They show elsewhere: in what is sent to others. */
const NOTIFIES = new Set(['notification_url', 'eager_notification_url'])

/** What an upload with these fields comes to, random names and all: clock and seed stand still. */
async function outcome ({ app, context, reset }: SandboxApp, fields: Record<string, string>, { type = 'image', file = png }: { type?: string, file?: Buffer } = {}): Promise<{ status: number, ignored: string, everything: string }> {
  const post = async (path: string, form: Record<string, string>) => {
    const body = new FormData()
    for (const [name, value] of Object.entries(form)) body.set(name, value)
    if (path.endsWith('/upload') && form['file'] === undefined) body.set('file', new Blob([path === `${type}/upload` ? file : png]), 'picture.png')
    const request = new Request('http://sandbox.example/', { method: 'POST', body })
    return app.inject({ method: 'POST', url: `/v1_1/demo/${path}`, headers: { ...BASIC, 'content-type': request.headers.get('content-type') ?? '' }, payload: Buffer.from(await request.arrayBuffer()) })
  }
  await reset()
  await post('image/upload', { public_id: 'present' })
  await post('upload_presets', { name: 'tagging', tags: 'by-preset' })
  await post('metadata_fields', { external_id: 'level', label: 'Level', type: 'integer' })
  const answer = await post(`${type}/upload`, fields)
  await context.background.settle()
  // Keys of bytes are never seeded.
  const records = JSON.stringify([...context.store.cloud('demo').all()], (key, value: unknown) => key === 'blob' ? undefined : value)
  return { status: answer.statusCode, ignored: String(answer.headers['x-sandbox-ignored'] ?? ''), everything: answer.body + records }
}

t.test('upload parameters: real ones change what comes of it, ignored ones do not and are named, refused ones are refused', async (t) => {
  const sandbox = await buildSandbox({ seed: 1, clock: () => Date.UTC(2030, 0, 1), publicUrl: 'http://sandbox.example' })
  t.teardown(() => sandbox.app.close())
  const plain = await outcome(sandbox, {})
  t.equal((await outcome(sandbox, {})).everything, plain.everything, 'the control case: nothing else changes between two uploads')
  for (const { name, support } of linesOf('upload parameter')) {
    if (NOTIFIES.has(name)) continue
    const [value = FLAG.has(name) ? 'true' : 'sample', beside] = SHOWING[name] ?? []
    const without = beside ? await outcome(sandbox, beside) : plain
    const answer = await outcome(sandbox, { ...beside, [name]: value })
    if (support === 'refused') t.not(answer.status, 200, name)
    else t.equal(answer.everything === without.everything, support === 'ignored', `${name} is ${support}`)
    t.equal(answer.ignored === name, support === 'ignored', `${name} in the header: ${answer.ignored}`)
  }
})

t.test('upload parameters of videos and raw files: those that are treated otherwise than for images', async (t) => {
  const sandbox = await buildSandbox({ seed: 1, clock: () => Date.UTC(2030, 0, 1), publicUrl: 'http://sandbox.example' })
  t.teardown(() => sandbox.app.close())
  for (const [type, file] of [['video', wav(1)], ['raw', Buffer.from('text')]] as const) {
    const plain = await outcome(sandbox, {}, { type, file })
    const lines = linesOf(`upload parameter, ${type}`)
    t.ok(lines.length > 5)
    for (const { name, support } of lines) {
      const answer = await outcome(sandbox, { [name]: SHOWING[name]?.[0] ?? 'true' }, { type, file })
      t.equal(answer.status === 200, support !== 'refused', `${name} of ${type}`)
      if (support === 'ignored') t.match(answer, { everything: plain.everything, ignored: name }, `${name} of ${type}`)
    }
  }
})

t.test('GET /_sandbox/coverage: JSON, a page for browsers, a link from the first page; text for a terminal', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const get = (path: string, accept: string) => fetch(sandbox.url + path, { headers: { accept } })
  t.same(await (await get('/_sandbox/coverage', '*/*')).json(), { coverage: coverage() })
  const page = await get('/_sandbox/coverage', 'text/html,*/*;q=0.8')
  t.match(page.headers.get('content-type'), 'text/html')
  t.match(await page.text(), coverageHtml())
  t.match(await (await get('/', 'text/html')).text(), '<a href="/_sandbox/coverage">')
  t.match(coverage().filter(({ support }) => support === 'deviates'), [{ name: /^url and secure_url/ }])
  t.match(coverageText(), /^endpoint\n {2}POST \/v1_1\/\{cloud\}\/upload +real\n[^]*\nupload parameter\n[^]* ocr +refused\n[^]*\ntransformation flag\n/)
  for (const { name } of coverage()) t.ok(coverageText().includes(name), name)
})
