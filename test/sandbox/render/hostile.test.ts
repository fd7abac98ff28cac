/*
 * Images made to hurt. Which test holds which danger:
 *   more pixels than may be read, told by the header      "a 256 megapixel PNG"
 *   small input, huge output                              "outputs beyond the cap"
 *   thousands of frames                                   "an animation of 10,000 frames" (GIF), "frames within the cap, pixels beyond it" (WebP)
 *   SVG: entities, outside references, scripts, sizes     "SVG"
 *   cut off, empty, not an image                          "what is no image, or half of one"
 *   a rendering that does not end                         "a job that takes too long"
 *   a renderer that the system kills for its memory       "a process that dies", "a renderer that is killed" (a limit of memory cannot be set for a child of Node; SIGKILL is what follows from one)
 *   many at once                                          "the queue has an end", "eight worst cases at once"
 *   names that mean something to a file system            ../delivery/names.test.ts
 * That a sandbox does not start by itself in production is the server's affair and tested there.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { open, readFile, rm, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { deflateSync, crc32 as zlibCrc32 } from 'node:zlib'
import sharp from 'sharp'
import { addAsset } from '../../../src/sandbox/add-asset.ts'
import { buildSandbox, startSandbox, type Sandbox } from '../../../src/sandbox/index.ts'
import { RENDER_LIMITS } from '../../../src/sandbox/render/limits.ts'
import { RenderPool } from '../../../src/sandbox/render/pool.ts'
import type { RenderJob } from '../../../src/sandbox/render/job.ts'
import { processTree } from '../../bench/process-stats.ts'
import { parseComponents } from '../../../src/sandbox/transformation/parser.ts'
import { LONG } from '../../support/rounds.ts'

t.setTimeout(300_000)

const ONLY_LINUX = process.platform !== 'linux' && 'processes are looked up in /proc'
const pool = new RenderPool({ processes: 2, timeoutMs: 10_000 })
t.teardown(() => { pool.close() })

function job (bytes: Uint8Array, text: string, storedFormat = 'png'): RenderJob {
  return { source: { bytes }, storedFormat, components: parseComponents(text.split('/')), format: storedFormat === 'svg' ? 'png' : storedFormat, accept: '', layers: new Map(), coordinates: { regions: {} }, tags: [], context: {}, metadata: {}, limits: RENDER_LIMITS }
}

/**
 * Makes a file of which a reader gets nothing until somebody writes, so that whoever reads it is at work
 * for as long as a test wants.
 */
function makeFifo (path: string): string {
  execFileSync('mkfifo', [path])
  return path
}

/** Resolves when a renderer has opened the picture, which it does not get: the other end of the pipe. */
function readBegun (fifo: string): Promise<FileHandle> {
  return open(fifo, 'w')
}

/** A PNG of one colour, whatever its size: a bit per pixel, packed. */
function hugePng (width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const frame = Buffer.alloc(8)
    frame.writeUInt32BE(data.length, 0)
    frame.writeUInt32BE(crc(body), 4)
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 1
  const rows = deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * height), { level: 9 })
  return Buffer.concat([Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))])
}

function crc (bytes: Buffer): number {
  return typeof zlibCrc32 === 'function'
    ? zlibCrc32(bytes)
    : bytes.reduce((sum, byte) => {
      let mixed = (sum ^ byte) & 0xFF
      for (let bit = 0; bit < 8; bit++) mixed = mixed & 1 ? (mixed >>> 1) ^ 0xEDB88320 : mixed >>> 1
      return (sum >>> 8) ^ mixed
    }, 0xFFFFFFFF) ^ 0xFFFFFFFF
}

t.test('400: a 256 megapixel PNG is refused by its header, before a process sees it', async (t) => {
  const { app, context } = await buildSandbox()
  t.teardown(() => app.close())
  await addAsset(context, 'huge', { file: hugePng(16_000, 16_000) })
  const answer = await app.inject('/demo/image/upload/w_100/huge.png')
  t.match(answer, { statusCode: 400, headers: { 'x-cld-error': 'Maximum image size is 50.00 Megapixels. Requested 256.00 Megapixels' } })
  await t.rejects(pool.run(job(hugePng(16_000, 16_000), 'w_100')), { status: 400, message: /^Maximum image size/ }, 'and by the process itself')
})

t.test('400: outputs beyond the cap, by whatever way they are asked for', async (t) => {
  const small = await sharp({ create: { width: 4000, height: 4000, channels: 3, background: '#123' } }).png().toBuffer()
  for (const text of ['w_30000', 'c_pad,w_30000,h_30000', 'c_scale,w_5000/a_45', 'bo_30000px_solid_red', 'w_8.0', 'dpr_10.0,w_4000', 'e_shear:89:89', 'l_text:Arial_900:' + 'W'.repeat(1500), 'e_shadow,x_20000,y_20000', 'c_lpad,ar_1:1000', 'w_40000,h_1']) {
    await t.rejects(pool.run(job(small, text)), { status: 400, message: /Maximum image size/ }, text.slice(0, 40))
  }
})

t.test('400: an animation of 10,000 frames', async (t) => {
  const frame = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#f00' } }).gif().toBuffer()
  // One image block, repeated: header and colours once, then ten thousand frames that differ in their delay.
  const blockStart = frame.indexOf(Buffer.from([0x21, 0xF9]))
  const start = blockStart < 0 ? frame.indexOf(0x2C, 13) : blockStart
  const block = frame.subarray(start, frame.length - 1)
  const gif = Buffer.concat([frame.subarray(0, start), ...Array.from({ length: 10_000 }, () => block), Buffer.from([0x3B])])
  t.equal((await sharp(gif).metadata()).pages, 10_000)
  await t.rejects(pool.run(job(gif, 'w_2', 'gif')), { status: 400, message: 'Maximum number of frames is 500. Requested 10000' })
})

t.test('400: frames within the cap, pixels beyond it', async (t) => {
  const frames = Array.from({ length: 40 }, (_, at) => sharp({ create: { width: 40, height: 40, channels: 3, background: at % 2 === 0 ? '#f00' : '#00f' } }).png().toBuffer())
  const webp = await sharp(await Promise.all(frames), { join: { animated: true } }).webp({ effort: 0 }).toBuffer()
  t.equal((await sharp(webp).metadata()).pages, 40)
  const limited = { ...job(webp, 'w_2', 'webp'), limits: { ...RENDER_LIMITS, inputPixels: 50_000 } }
  await t.rejects(pool.run(limited), { status: 400, message: 'Maximum image size is 0.05 Megapixels. Requested 0.06 Megapixels' })
})

t.test('SVG: entities do not grow, files and addresses are not read, sizes are bounded', async (t) => {
  const laughs = '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">' +
    Array.from({ length: 12 }, (_, at) => `<!ENTITY ${String.fromCharCode(98 + at)} "${`&${String.fromCharCode(97 + at)};`.repeat(10)}">`).join('') +
    ']><svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><text>&m;</text></svg>'
  await t.rejects(pool.run(job(Buffer.from(laughs), 'w_5', 'svg')), { status: 400, message: 'Invalid image file' }, 'billion laughs')
  const wide = '<svg xmlns="http://www.w3.org/2000/svg" width="1000000000" height="1000000000"/>'
  await t.rejects(pool.run(job(Buffer.from(wide), 'w_5', 'svg')), { status: 400, message: /Maximum image size|Invalid image/ }, '1e9 pixels')
  const boundless = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000000000 1000000000"/>'
  await t.rejects(pool.run(job(Buffer.from(boundless), 'w_5', 'svg')), { status: 400, message: /Maximum image size|Invalid image/ }, '1e9 pixels by its view box')
  const outside = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xi="http://www.w3.org/2001/XInclude" width="10" height="10">' +
    '<image xlink:href="file:///etc/hostname" width="10" height="10"/><image xlink:href="http://127.0.0.1:9/x.png" width="10" height="10"/>' +
    '<xi:include href="file:///etc/hostname" parse="text"/><script>while(true){}</script><foreignObject width="10" height="10"><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject></svg>'
  const { bytes } = await pool.run(job(Buffer.from(outside), 'w_10', 'svg'))
  const { data } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  t.ok(data.every((value) => value === 0), 'nothing of it is drawn')
})

t.test('400: what is no image, or half of one', async (t) => {
  const png = await sharp({ create: { width: 500, height: 500, channels: 3, background: '#123' } }).png({ compressionLevel: 0 }).toBuffer()
  for (const [name, bytes] of Object.entries({ empty: Buffer.alloc(0), text: Buffer.from('hello'), half: png.subarray(0, 2000), zeros: Buffer.alloc(100_000) })) {
    await t.rejects(pool.run(job(bytes, 'w_10')), { status: 400, message: 'Invalid image file' }, name)
  }
})

t.test('a job that takes too long is killed, and the next one has a process again', async (t) => {
  const quick = new RenderPool({ processes: 1, timeoutMs: 1, startMs: 0 })
  t.teardown(() => { quick.close() })
  const bytes = await sharp({ create: { width: 10, height: 10, channels: 3, background: '#123' } }).png().toBuffer()
  await t.rejects(quick.run(job(bytes, 'w_5')), { status: 400, message: 'The image takes too long to render' })
  const patient = await pool.run(job(bytes, 'w_5'))
  t.equal(patient.width, 5)
})

t.test('503: a process that dies takes its own job with it, no other', { skip: ONLY_LINUX }, async (t) => {
  const bytes = await sharp({ create: { width: 3000, height: 3000, channels: 3, background: '#123' } }).png().toBuffer()
  const mortal = new RenderPool({ processes: 1 })
  t.teardown(() => { mortal.close() })
  const fifo = makeFifo(join(t.testdir(), 'picture'))
  const endless = { ...job(bytes, 'e_blur:300/e_sharpen/r_max'), source: { path: fifo } }
  await mortal.run(job(bytes, 'w_5'))
  const [pid = 0] = mortal.processIds
  const outcomes = Promise.allSettled([mortal.run(endless), mortal.run(job(bytes, 'w_5'))])
  const writer = await readBegun(fifo)
  t.teardown(() => writer.close())
  // Ours, started by the line above: as the kernel would when memory runs out.
  process.kill(pid, 'SIGKILL')
  t.match(await outcomes, [{ status: 'rejected', reason: { status: 503 } }, { status: 'fulfilled', value: { width: 5 } }])
})

t.test('a process that died before it read its job: another one does it', { skip: ONLY_LINUX }, async (t) => {
  const bytes = await sharp({ create: { width: 30, height: 30, channels: 3, background: '#123' } }).png().toBuffer()
  const mortal = new RenderPool({ processes: 1 })
  t.teardown(() => { mortal.close() })
  const outcome = mortal.run(job(bytes, 'w_5'))
  process.kill(mortal.processIds[0] ?? 0, 'SIGKILL')
  t.match(await outcome, { width: 5 })
})

t.test('503: the queue has an end, and a closed pool takes nothing', async (t) => {
  const narrow = new RenderPool({ processes: 1, queueLength: 2 })
  const bytes = await sharp({ create: { width: 10, height: 10, channels: 3, background: '#123' } }).png().toBuffer()
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => narrow.run(job(bytes, 'w_5'))))
  t.same(outcomes.map(({ status }) => status), ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected', 'rejected'])
  t.match(outcomes.at(-1), { reason: { status: 503, headers: { 'retry-after': '1' } } })
  narrow.close()
  await t.rejects(narrow.run(job(bytes, 'w_5')), { status: 503, message: 'The sandbox is closing' })
})

/** Renderers that this process has started, whichever sandbox they belong to. */
function renderers (): number[] {
  return processTree(process.pid).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('render/child'))
}

/** A sandbox whose renderers have started, with a picture of sixteen megapixels. */
async function underLoad (t: Test): Promise<Sandbox> {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  await sandbox.add('heavy', { file: await sharp({ create: { width: 4000, height: 4000, channels: 3, background: '#345', noise } }).jpeg().toBuffer() })
  await Promise.all(['w_1', 'w_2'].map((text) => fetch(`${sandbox.url}/demo/image/upload/${text}/heavy.jpg`)))
  return sandbox
}

t.test('eight worst cases at once: the API answers every call before the first of them is done', { skip: LONG }, async (t) => {
  const sandbox = await underLoad(t)
  const basic = { authorization: `Basic ${btoa('1234:abcd')}` }
  const order: string[] = []
  const heavy = Array.from({ length: 8 }, async (_, at) => {
    const answer = await fetch(`${sandbox.url}/demo/image/upload/e_blur:${2000 - at}/e_sharpen/r_max/e_vignette/heavy.png`).catch(() => undefined)
    order.push('render')
    return answer?.status
  })
  // All of them have arrived: the sandbox counts each with its first byte.
  while (sandbox.requests.filter(({ path }) => path.includes('e_blur')).length < 8) await new Promise((resolve) => setImmediate(resolve))
  for (const call of ['ping', 'resources/image', 'tags/image', 'resources/image/upload/heavy', 'folders']) {
    t.equal((await fetch(`${sandbox.url}/v1_1/demo/${call}`, { headers: basic })).status, 200, call)
    order.push('api')
  }
  await sandbox.add('beside')
  order.push('upload')
  t.same(order.slice(0, 6), ['api', 'api', 'api', 'api', 'api', 'upload'])
  // Closing ends what is still being rendered, and answers it or cuts it off.
  await sandbox.close()
  for (const status of await Promise.all(heavy)) t.ok([200, 400, 503, undefined].includes(status), String(status))
})

t.test('503: a renderer that is killed ends that request alone, the sandbox goes on', { skip: ONLY_LINUX }, async (t) => {
  const others = new Set(renderers())
  const data = t.testdir()
  const sandbox = await startSandbox({ data })
  t.teardown(() => sandbox.close())
  await sandbox.add('victim', { width: 40, height: 30 })
  const [blob = ''] = readdirSync(join(data, 'blobs'))
  await sandbox.add('beside', { width: 40, height: 30 })
  const statusOf = async (path: string) => (await fetch(`${sandbox.url}/demo/image/upload/${path}`)).status
  for (const width of [1, 2]) t.equal(await statusOf(`w_${width}/beside.png`), 200)
  const own = renderers().filter((pid) => !others.has(pid))
  t.ok(own.length > 0)
  // The stored picture becomes one that nobody ever writes.
  const path = join(data, 'blobs', blob)
  const picture = await readFile(path)
  await rm(path)
  makeFifo(path)
  const stuck = Promise.allSettled([fetch(`${sandbox.url}/demo/image/upload/w_20/victim.png`)])
  const writer = await readBegun(path)
  // Ours, at work: as the kernel would when memory runs out.
  for (const pid of own) process.kill(pid, 'SIGKILL')
  const [outcome] = await stuck
  await writer.close()
  const answer = outcome.status === 'fulfilled' ? outcome.value : undefined
  t.equal(answer?.status, 503)
  t.equal(answer?.headers.get('x-cld-error'), 'The renderer ended')
  await rm(path)
  await writeFile(path, picture)
  // A job that an idle one got in the moment of its death would be taken for its killer.
  while (own.some((pid) => existsSync(`/proc/${pid}`))) await sleep(10)
  t.equal(await statusOf('w_20/victim.png'), 200, 'the next one gets a new renderer, though an idle one died too')
})
