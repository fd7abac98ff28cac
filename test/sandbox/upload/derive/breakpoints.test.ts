import sharp from 'sharp'
import t, { type Test } from 'tap'
import { startSandbox } from '../../../../src/sandbox/index.ts'

const BASIC = { authorization: `Basic ${btoa('1234:abcd')}` }

interface Breakpoint { width: number, height: number, bytes: number, url: string, secure_url: string }
interface Answer { http: number, public_id: string, error?: { message: string }, eager?: { transformation: string }[], responsive_breakpoints?: { transformation?: string, breakpoints: Breakpoint[] }[] }

/** A photo with something to see in every corner: its bytes fall with its width. */
const PHOTO = await (async () => {
  const [width, height] = [800, 500]
  const pixels = Buffer.alloc(width * height * 3)
  for (let at = 0; at < pixels.length; at++) pixels[at] = (Math.sin(at / 7) * 60 + Math.sin(at / (3 * width)) * 50 + (at * 7919) % 61 + 100) & 255
  return sharp(pixels, { raw: { width, height, channels: 3 } }).jpeg({ quality: 90 }).toBuffer()
})()

async function start (t: Test) {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const post = async (path: string, fields: Record<string, string>, file?: Buffer): Promise<Answer> => {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.set(name, value)
    if (file) form.set('file', new Blob([file]), 'photo.jpg')
    const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { method: 'POST', headers: BASIC, body: form })
    return { http: answer.status, ...await answer.json() as Omit<Answer, 'http'> } // the API's only two shapes
  }
  const upload = (wish: unknown, more: Record<string, string> = {}) => post('image/upload', { public_id: 'p', responsive_breakpoints: JSON.stringify(wish), ...more }, PHOTO)
  const derivedOf = async (id: string) => {
    const { derived } = await (await fetch(`${sandbox.url}/v1_1/demo/resources/image/upload/${id}?max_results=500`, { headers: BASIC })).json() as { derived: { transformation: string, format: string, bytes: number }[] } // the details
    return derived
  }
  return { sandbox, upload, post, derivedOf }
}

/** What everyone may rely on, checked on what is delivered. */
async function checkBreakpoints (t: Test, breakpoints: readonly Breakpoint[], { step, maxImages }: { step: number, maxImages: number }): Promise<void> {
  t.ok(breakpoints.length <= maxImages, `${breakpoints.length} images`)
  for (const [index, { width, height, bytes, url, secure_url: secure }] of breakpoints.entries()) {
    const delivered = Buffer.from(await (await fetch(url)).arrayBuffer())
    const { width: w, height: h } = await sharp(delivered).metadata()
    t.same({ bytes: delivered.length, w, h }, { bytes, w: width, h: height }, url)
    t.equal(secure, url)
    const wider = breakpoints[index - 1]
    if (!wider) continue
    t.ok(width < wider.width, 'the largest first')
    if (breakpoints.length > 2) t.ok(wider.bytes - bytes >= step, `${wider.width} to ${width}: ${wider.bytes - bytes} bytes`)
  }
}

t.test('widths whose pictures differ by the step, from the picture\'s own width down to the smallest', async (t) => {
  const { upload, derivedOf } = await start(t)
  const answer = await upload([{ create_derived: true, bytes_step: 15_000, min_width: 200, max_width: 1000 }])
  t.equal(answer.http, 200)
  const [{ breakpoints, ...rest } = { breakpoints: [] }] = answer.responsive_breakpoints ?? []
  t.same(rest, {}, 'no transformation, none is named')
  t.equal(breakpoints[0]?.width, 800, 'not enlarged')
  t.equal(breakpoints.at(-1)?.width, 200)
  t.ok(breakpoints.length > 3, `${breakpoints.length} breakpoints`)
  await checkBreakpoints(t, breakpoints, { step: 15_000, maxImages: 20 })
  t.match(breakpoints[1]?.url, /\/image\/upload\/c_scale,w_\d+\/v\d+\/p\.jpg$/)
  t.same((await derivedOf('p')).map(({ transformation, bytes }) => `${transformation} ${bytes}`).sort(), breakpoints.map(({ width, bytes }) => `c_scale,w_${width} ${bytes}`).sort(), 'stored, and delivering them stored nothing more')
})

t.test('create_derived=false: the widths, and nothing is stored', async (t) => {
  const { upload, derivedOf } = await start(t)
  const answer = await upload([{ create_derived: false, min_width: 100 }])
  t.ok((answer.responsive_breakpoints?.[0]?.breakpoints.length ?? 0) >= 2)
  t.same(await derivedOf('p'), [])
})

t.test('max_images: the step grows until they suffice', async (t) => {
  const { upload } = await start(t)
  const [few] = (await upload({ create_derived: false, bytes_step: 1, min_width: 100, max_images: 4 })).responsive_breakpoints ?? []
  t.ok((few?.breakpoints.length ?? 0) >= 3)
  await checkBreakpoints(t, few?.breakpoints ?? [], { step: 1, maxImages: 4 })
})

t.test('after a transformation, in another format, several at once; beside eager ones', async (t) => {
  const { upload, derivedOf } = await start(t)
  const answer = await upload([
    { create_derived: true, transformation: 'e_sepia', format: 'webp', bytes_step: 10_000, max_width: 400, min_width: 100 },
    { create_derived: true, transformation: 'w_300,ar_1:1,c_fill', bytes_step: 500_000, min_width: 50 }
  ], { eager: 'c_scale,w_70|c_fill,ar_1:1,w_300/c_scale,w_50' })
  const [sepia, square] = answer.responsive_breakpoints ?? []
  t.equal(sepia?.transformation, 'e_sepia')
  await checkBreakpoints(t, sepia?.breakpoints ?? [], { step: 10_000, maxImages: 20 })
  t.match(sepia?.breakpoints[0]?.url, /\/e_sepia\/c_scale,w_400\/v\d+\/p\.webp$/)
  t.equal(square?.breakpoints.length, 2, 'a step that is never met leaves the two ends')
  t.match(square?.breakpoints, [{ width: 300, height: 300 }, { width: 50, height: 50 }])
  t.match(answer.eager, [{ transformation: 'c_scale,w_70' }, { transformation: 'ar_1:1,c_fill,w_300/c_scale,w_50' }])
  const stored = (await derivedOf('p')).map(({ transformation, format }) => `${transformation}.${format}`)
  t.equal(new Set(stored).size, stored.length, 'each picture once')
  t.equal(stored.length, (sepia?.breakpoints.length ?? 0) + 2 + 1)
})

t.test('explicit: on an asset that is there', async (t) => {
  const { sandbox, post, derivedOf } = await start(t)
  await sandbox.add('there', { file: PHOTO })
  const answer = await post('image/explicit', { public_id: 'there', type: 'upload', responsive_breakpoints: '[{"create_derived":true,"max_images":3}]' })
  const [{ breakpoints } = { breakpoints: [] }] = answer.responsive_breakpoints ?? []
  await checkBreakpoints(t, breakpoints, { step: 20_000, maxImages: 3 })
  t.equal((await derivedOf('there')).length, breakpoints.length)
})

t.test('raw files have none; a picture that is too small has one', async (t) => {
  const { post } = await start(t)
  const wish = '[{"create_derived":true}]'
  t.notOk('responsive_breakpoints' in await post('raw/upload', { public_id: 'r', responsive_breakpoints: wish }, Buffer.from('text')))
  const dot = await sharp({ create: { width: 20, height: 10, channels: 3, background: 'red' } }).png().toBuffer()
  t.match((await post('image/upload', { public_id: 'd', responsive_breakpoints: wish }, dot)).responsive_breakpoints, [{ breakpoints: [{ width: 20, height: 10 }] }])
})

t.test('400: what is no setting, and nothing is stored', async (t) => {
  const { sandbox, upload, post } = await start(t)
  const cases: [unknown, RegExp][] = [
    [[{}], /^Missing required parameter - create_derived$/],
    [[{ create_derived: true, max_images: 2 }], /^Invalid value 2 for parameter max_images$/],
    [[{ create_derived: true, max_images: 201 }], /^Invalid value 201 for parameter max_images$/],
    [[{ create_derived: true, bytes_step: 'x' }], /^Invalid value x for parameter bytes_step$/],
    [[{ create_derived: true, min_width: 500, max_width: 100 }], /min_width is greater than max_width$/],
    [[{ create_derived: true, transformation: 'w_x' }], /^Invalid width in transformation: x$/],
    [[5], /^Invalid value for parameter responsive_breakpoints$/],
    [Array(11).fill({ create_derived: true }), /^Too many responsive_breakpoints/]
  ]
  for (const [wish, message] of cases) t.match(await upload(wish), { http: 400, error: { message } })
  t.match(await post('image/upload', { responsive_breakpoints: '[' }, PHOTO), { http: 400, error: { message: 'Invalid JSON in parameter responsive_breakpoints' } })
  t.match(await (await fetch(`${sandbox.url}/v1_1/demo/resources/image`, { headers: BASIC })).json(), { resources: [] })
})

t.test('a transformation may end in the format of its pictures', async (t) => {
  const { upload } = await start(t)
  const answer = await upload([
    { create_derived: false, transformation: 'e_sepia/png', max_images: 3 },
    { create_derived: false, transformation: { angle: 10, format: 'webp' }, max_images: 3 },
    { create_derived: false, transformation: 'e_sepia/png', format: 'gif', max_images: 3 },
    { create_derived: false, transformation: 'jpg', max_images: 3 }
  ])
  const shown = answer.responsive_breakpoints?.map(({ transformation, breakpoints: [first] }) => [transformation, first?.url.replace(/^.*\./, '')])
  t.same(shown, [['e_sepia/png', 'png'], ['a_10/webp', 'webp'], ['e_sepia/png', 'gif'], [undefined, 'jpg']])
  t.match(answer.responsive_breakpoints?.[0]?.breakpoints[0]?.url, /\/e_sepia\/c_scale,w_\d+\/v\d+\/p\.png$/)
})
