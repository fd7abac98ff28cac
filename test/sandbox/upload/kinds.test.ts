import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import t, { type Test } from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { wav } from '../../support/silence.ts'

const BASIC = { authorization: `Basic ${btoa('1234:abcd')}` }

async function start (t: Test, findFfmpeg?: () => string) {
  const sandbox = await startSandbox({ ...findFfmpeg && { findFfmpeg } })
  t.teardown(() => sandbox.close())
  const ask = async (path: string, fields?: Record<string, string>, file?: Buffer) => {
    const body = new FormData()
    for (const [name, value] of Object.entries(fields ?? {})) body.set(name, value)
    if (file) body.set('file', new Blob([file]), 'file.bin')
    const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { headers: BASIC, ...fields && { method: 'POST', body } })
    const members = await answer.json() as object // as everywhere in this API
    return { http: answer.status, ignored: answer.headers.get('x-sandbox-ignored'), ...members } as Record<string, unknown> // looked at one by one
  }
  return { sandbox, ask }
}

const notImitated = (what: string) => ({ http: 400, error: { message: `The sandbox does not imitate ${what}` } })

t.test('video: what asks for a transcoding is refused by name, as its delivery is, and nothing is stored', async (t) => {
  const { ask } = await start(t)
  const upload = (fields: Record<string, string>) => ask('video/upload', { public_id: 'v', ...fields }, wav(1))
  t.match(await upload({ eager: 'c_fill,h_20,w_20' }), notImitated('video transformations'))
  t.match(await upload({ eager: 'c_fill,h_20,w_20/mp3' }), notImitated('video transformations and conversions'))
  t.match(await upload({ eager: '/jpg' }), notImitated('a poster of a video without ffmpeg on the PATH'))
  t.match(await upload({ transformation: 'c_limit,w_20' }), notImitated('incoming transformations and conversions of videos'))
  t.match(await upload({ format: 'mp3' }), notImitated('incoming transformations and conversions of videos'))
  t.match(await ask('resources/video/upload/v'), { http: 404 })
  t.match(await upload({ format: 'wav' }), { http: 200, format: 'wav', ignored: null }, 'its own format is no conversion')
  t.match(await ask('video/explicit', { public_id: 'v', type: 'upload', eager: 'c_fill,h_20,w_20' }), notImitated('video transformations'))
})

t.test('video: an eager transformation to the format of an image is a poster', async (t) => {
  const folder = t.testdir()
  const frame = join(folder, 'frame.png')
  await sharp({ create: { width: 320, height: 180, channels: 3, background: '#0a0' } }).png().toFile(frame)
  // Stands in for the real program, which not every machine has.
  const ffmpeg = join(folder, 'ffmpeg')
  await writeFile(ffmpeg, `#!/bin/sh\ncat '${frame}'\n`)
  await chmod(ffmpeg, 0o755)
  const { ask } = await start(t, () => ffmpeg)
  const answer = await ask('video/upload', { public_id: 'v', eager: 'c_fill,h_90,w_90/jpg|f_webp,so_0.5' }, wav(1))
  t.match(answer, { http: 200, eager: [{ transformation: 'c_fill,h_90,w_90/jpg', width: 90, height: 90, format: 'jpg', secure_url: /\/video\/upload\/c_fill,h_90,w_90\/v\d+\/v\.jpg$/ }, { transformation: 'f_webp,so_0.5', width: 320, format: 'webp' }] })
  for (const { secure_url: url } of answer['eager'] as { secure_url: string }[]) t.equal((await fetch(url)).status, 200, url) // as matched above
  t.match(await ask('video/explicit', { public_id: 'v', type: 'upload', eager: '/png' }), { eager: [{ transformation: '/png', width: 320, height: 180, format: 'png' }] })
  t.match((await ask('resources/video/upload/v'))['derived'], [{}, {}, {}])
})

t.test('what is for images only is named where the file is none: in uploads, in explicit, in details', async (t) => {
  const { ask } = await start(t)
  const analyses = { colors: '1', phash: '1', exif: '1', media_metadata: '1', image_metadata: '1' }
  const breakpoints = { responsive_breakpoints: '[{"create_derived":true}]' }
  const video = 'colors, exif, image_metadata, media_metadata, phash'
  t.match(await ask('video/upload', { public_id: 'v', ...analyses, ...breakpoints }, wav(1)), { http: 200, ignored: `${video}, responsive_breakpoints` })
  t.match(await ask('video/explicit', { public_id: 'v', type: 'upload', ...analyses }), { http: 200, ignored: video })
  t.match(await ask('resources/video/upload/v?colors=true&phash=true&exif=false'), { http: 200, ignored: 'colors, phash' })
  const raw = await ask('raw/upload', { public_id: 'r', ...analyses, ...breakpoints, eager: 'c_scale,w_10', transformation: 'w_10', format: 'png' }, Buffer.from('text'))
  t.match(raw, { http: 200, bytes: 4, ignored: 'colors, eager, exif, format, image_metadata, media_metadata, phash, responsive_breakpoints, transformation' })
  t.match(await ask('auto/upload', { eager: 'c_scale,w_10' }, Buffer.from('text')), { http: 200, resource_type: 'raw', ignored: 'eager' })
  t.match(await ask('auto/upload', { colors: 'false', faces: 'true' }, wav(1)), { http: 200, ignored: null, faces: [] }, 'nothing was asked for')
})
