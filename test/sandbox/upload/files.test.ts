import { execFileSync } from 'node:child_process'
import sharp from 'sharp'
import t, { type Test } from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { encoded, mp4, webm } from '../../support/containers.ts'
import { avi, box, drawings, renderedFiles, shortPng, storedFiles, type RealFile } from '../../support/real-files.ts'
import { wav } from '../../support/silence.ts'

const BASIC = { authorization: `Basic ${btoa('1234:abcd')}` }
const FFMPEG = findFfmpeg()
const WITHOUT_FFMPEG = FFMPEG === undefined && 'ffmpeg is not installed'

function findFfmpeg (): string | undefined {
  try {
    return execFileSync('which', ['ffmpeg'], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

const sandbox = await startSandbox({
  clouds: [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd', allowPdfAndZip: true }],
  findFfmpeg: () => FFMPEG
})
t.teardown(() => sandbox.close())

type Answer = Record<string, unknown> & { http: number }

async function ask (path: string, form?: FormData): Promise<Answer> {
  const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { headers: BASIC, ...form && { method: 'POST', body: form } })
  return { http: answer.status, ...await answer.json() as object } // as everywhere in this API
}

async function upload (type: string, bytes: Buffer, publicId = 'file'): Promise<Answer> {
  const form = new FormData()
  form.set('public_id', publicId)
  form.set('file', new Blob([bytes]), 'file.bin')
  return ask(`${type}/upload`, form)
}

async function destroy (type: string, publicId = 'file'): Promise<Answer> {
  const form = new FormData()
  form.set('public_id', publicId)
  return ask(`${type}/destroy`, form)
}

async function deliver (path: string): Promise<{ status: number, type: string | null, reason: string | null, bytes: Buffer }> {
  const answer = await fetch(`${sandbox.url}/demo/${path}`)
  const { status, headers } = answer
  return { status, type: headers.get('content-type'), reason: headers.get('x-cld-error'), bytes: Buffer.from(await answer.arrayBuffer()) }
}

/** What every file goes through; `transformed` checks what is made of it. */
async function wholeLife (t: Test, resourceType: string, file: RealFile, transformed: (t: Test) => Promise<void>): Promise<void> {
  const { bytes, ...facts } = file
  const expected = { ...facts, resource_type: resourceType, bytes: bytes.length }
  t.match(await upload('auto', bytes), { http: 200, ...expected }, 'detected')
  t.match(await upload(resourceType, bytes), { http: 200, ...expected }, 'announced')
  t.match(await ask(`resources/${resourceType}/upload/file`), { http: 200, ...expected }, 'looked up')
  for (const name of ['file', `file.${file.format}`]) {
    const delivered = await deliver(`${resourceType}/upload/v1/${name}`)
    t.equal(delivered.status, 200, delivered.reason ?? name)
    t.ok(delivered.bytes.equals(bytes), `${name}: as it was sent`)
  }
  await transformed(t)
  t.match(await destroy(resourceType), { result: 'ok' })
  t.match(await ask(`resources/${resourceType}/upload/file`), { http: 404 }, 'gone')
}

t.test('pictures that are rendered', async (t) => {
  for (const [name, file] of Object.entries({ ...await renderedFiles(), ...drawings() })) {
    await t.test(name, async (t) => wholeLife(t, 'image', file, async (t) => {
      const { status, type, reason, bytes } = await deliver('image/upload/c_scale,w_20/v1/file.png')
      t.match({ status, type }, { status: 200, type: 'image/png' }, reason ?? '')
      const { data, info } = await sharp(bytes).flatten().raw().toBuffer({ resolveWithObject: true })
      t.match(info, { width: 20, height: 15 })
      const [red = 0, green = 255, blue = 255] = data
      t.ok(red > 200 && green < 40 && blue < 40, `red, as it was drawn: ${red} ${green} ${blue}`)
      t.match((await ask('resources/image/upload/file')).derived, [{ transformation: /^c_scale,w_20/, format: 'png' }])
    }))
  }
})

t.test('animations keep their frames', async (t) => {
  const { 'gif, animated': gif, 'webp, animated': webp } = await renderedFiles()
  for (const { bytes, format } of [gif, webp].filter((file) => file !== undefined)) {
    await upload('image', bytes)
    const made = await deliver(`image/upload/w_20/v1/file.${format}`)
    t.match(await sharp(made.bytes, { animated: true }).metadata(), { format, pages: 3, width: 20 }, format)
  }
})

t.test('pictures that are only stored', async (t) => {
  for (const [name, file] of Object.entries(await storedFiles())) {
    await t.test(name, async (t) => wholeLife(t, 'image', file, async (t) => {
      t.match(await deliver('image/upload/w_20/v1/file.png'), { status: 400, reason: `The sandbox does not imitate transformations of ${file.format} images` })
    }))
  }
})

t.test('videos and audio', async (t) => {
  const files: Record<string, RealFile> = {
    mp4: { format: 'mp4', width: 64, height: 48, bytes: await mp4() },
    webm: { format: 'webm', width: 64, height: 48, bytes: await webm() },
    wav: { format: 'wav', bytes: wav(1) },
    'avi, which the reader does not know': { format: 'avi', bytes: avi() }
  }
  for (const [name, file] of Object.entries(files)) {
    await t.test(name, async (t) => wholeLife(t, 'video', file, async (t) => {
      t.match(await deliver('video/upload/w_20/v1/file'), { status: 400, reason: 'The sandbox does not imitate video transformations' })
    }))
  }
})

/** What ffmpeg is told to write, by extension. */
const WRITTEN: Readonly<Record<string, readonly [format: string, ...options: string[]]>> = {
  mp4: ['mp4', 'testsrc=size=64x48:rate=10', '-c:v', 'mpeg4'],
  m4v: ['mp4', 'testsrc=size=64x48:rate=10', '-c:v', 'mpeg4'],
  mov: ['mov', 'testsrc=size=64x48:rate=10', '-c:v', 'mpeg4'],
  mkv: ['mkv', 'testsrc=size=64x48:rate=10', '-c:v', 'mpeg4'],
  ts: ['ts', 'testsrc=size=64x48:rate=25', '-c:v', 'mpeg2video'],
  '3gp': ['3gp', 'testsrc=size=176x144:rate=10', '-c:v', 'mpeg4'],
  avi: ['avi', 'testsrc=size=64x48:rate=10', '-c:v', 'mpeg4'],
  flv: ['flv', 'testsrc=size=64x48:rate=10', '-c:v', 'flv'],
  wmv: ['asf', 'testsrc=size=64x48:rate=10', '-c:v', 'wmv2'],
  mpg: ['mpeg', 'testsrc=size=64x48:rate=25', '-c:v', 'mpeg1video'],
  flac: ['flac', 'sine', '-c:a', 'flac'],
  aac: ['aac', 'sine', '-c:a', 'aac'],
  m4a: ['m4a', 'sine', '-c:a', 'aac'],
  aiff: ['aiff', 'sine'],
  wav: ['wav', 'sine']
}
/** Of these the reader knows no more than their names. */
const UNKNOWN = new Set(['avi', 'flv', 'asf', 'mpeg', 'aiff', 'ts'])

t.test('videos and audio that ffmpeg writes, and posters of them', { skip: WITHOUT_FFMPEG }, async (t) => {
  for (const [extension, [format, ...options]] of Object.entries(WRITTEN)) {
    await t.test(extension, async (t) => {
      const bytes = await encoded(FFMPEG ?? '', extension, options)
      const isPicture = options[0]?.startsWith('testsrc') ?? false
      const [width = 0, height = 0] = options[0]?.match(/\d+/g)?.map(Number) ?? []
      const size = isPicture && !UNKNOWN.has(format) ? { width, height } : {}
      await wholeLife(t, 'video', { format, bytes, ...size }, async (t) => {
        if (!UNKNOWN.has(format)) {
          const { duration } = await ask('resources/video/upload/file')
          t.ok(Math.abs(Number(duration) - 1) < 0.2, `a second: ${String(duration)}`)
        }
        if (!isPicture) return
        const poster = await deliver('video/upload/w_32/v1/file.jpg')
        t.match(await sharp(poster.bytes).metadata(), { format: 'jpeg', width: 32 }, poster.reason ?? '')
      })
    })
  }
})

/** The first half: everything is there that says what it is. */
const half = (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length / 2))

async function brokenPictures (): Promise<Record<string, Buffer>> {
  const noise = sharp({ create: { width: 200, height: 150, channels: 3, background: '#888', noise: { type: 'gaussian', mean: 128, sigma: 50 } } })
  const made = await Promise.all((['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const).map(async (format) => [format, await noise.clone().toFormat(format).toBuffer()] as const))
  const [, [, png = Buffer.alloc(0)] = []] = made
  const changed = Buffer.from(png)
  changed.fill(0, Math.floor(png.length / 2), Math.floor(png.length / 2) + 100)
  const laughs = '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">' +
    Array.from({ length: 12 }, (_, at) => `<!ENTITY ${String.fromCharCode(98 + at)} "${`&${String.fromCharCode(97 + at)};`.repeat(10)}">`).join('') +
    ']><svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><text>&m;</text></svg>'
  return {
    ...Object.fromEntries(made.map(([format, bytes]) => [`half of a ${format}`, half(bytes)])),
    'all of a jpeg but its last bytes': made[0]?.[1].subarray(0, -200) ?? Buffer.alloc(0),
    'a png with zeros in its pixels': changed,
    'a png with too few pixels': shortPng(),
    'a header alone': png.subarray(0, 40),
    'an svg that does not end': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><g>'),
    'an svg with an entity that nobody has declared': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><text>&x;</text></svg>'),
    'an svg that laughs a billion times': Buffer.from(laughs)
  }
}

async function brokenContainers (): Promise<Record<string, Buffer>> {
  const [film, web] = [await mp4(), await webm()]
  return {
    'an mp4 that ends behind its first box': box('ftyp', 'isom\0\0\x02\0isomiso2mp41'),
    'an mp4 without moov': Buffer.concat([box('ftyp', 'isom\0\0\x02\0isomiso2mp41'), box('mdat', 'x'.repeat(2000))]),
    'an mp4 with an empty moov': Buffer.concat([box('ftyp', 'isom\0\0\x02\0isomiso2mp41'), box('moov')]),
    'a mov without moov': Buffer.concat([box('ftyp', 'qt  \0\0\x02\0qt  '), box('mdat', 'x'.repeat(2000))]),
    'the first 40 bytes of an mp4': film.subarray(0, 40),
    'the first 60 bytes of a webm': web.subarray(0, 60),
    'the name of a wav': Buffer.from('RIFF....WAVE'),
    'a wav without sound': wav(1).subarray(0, 44)
  }
}

t.test('400: what cannot be opened or decoded, whatever it is announced as; raw files are taken as they are', async (t) => {
  const kinds = [
    { type: 'image', message: 'Invalid image file', files: await brokenPictures() },
    { type: 'video', message: 'Unsupported video format or file', files: await brokenContainers() }
  ]
  for (const { type, message, files } of kinds) {
    for (const [name, bytes] of Object.entries(files)) {
      for (const announced of [type, 'auto']) t.match(await upload(announced, bytes), { http: 400, error: { message } }, `${name}, as ${announced}`)
      t.match(await upload('raw', bytes), { http: 200, resource_type: 'raw', bytes: bytes.length }, `${name}, as raw`)
      await destroy('raw')
    }
  }
})

t.test('400: the bytes of another kind than was announced', async (t) => {
  const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#fff' } }).png().toBuffer()
  for (const bytes of [Buffer.from('hello'), wav(1), Buffer.from('<?xml version="1.0"?><html/>'), Buffer.from('<svg xmlns="http://example.com/other"/>'), Buffer.from('<svgs/>')]) {
    t.match(await upload('image', bytes), { http: 400, error: { message: 'Invalid image file' } })
  }
  for (const bytes of [Buffer.from('hello'), png]) t.match(await upload('video', bytes), { http: 400, error: { message: 'Unsupported video format or file' } })
  for (const bytes of [Buffer.from('hello'), Buffer.from('<?xml version="1.0"?><html/>'), Buffer.from('fff1000000', 'hex')]) {
    t.match(await upload('auto', bytes), { http: 200, resource_type: 'raw' })
  }
})

t.test('nothing of what was refused is left', async (t) => {
  const { resources } = await ask('resources/image')
  t.same(resources, [])
})
