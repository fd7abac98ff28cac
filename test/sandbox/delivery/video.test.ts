import { execFile } from 'node:child_process'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import fastify from 'fastify'
import sharp from 'sharp'
import { programFinder } from '../../../src/commands/find-program.ts'
import { addAsset } from '../../../src/sandbox/add-asset.ts'
import { buildSandbox, startSandbox } from '../../../src/sandbox/index.ts'
import { registerDelivery } from '../../../src/sandbox/delivery/routes.ts'
import { addSamples } from '../../../src/sandbox/pages/samples.ts'

const findFfmpeg = programFinder('ffmpeg', process.env['PATH'])
/** Why the real program is not tried, or false. Where everything is installed, its absence is a failure. */
const NO_FFMPEG = findFfmpeg() === undefined && process.env['CI'] !== 'true' && 'ffmpeg is not installed'

t.test('video: original bytes with ranges, whatever needs no transcoder; the rest is refused by name', async (t) => {
  const { app, context } = await buildSandbox()
  t.teardown(() => app.close())
  await addSamples(context, 'demo')
  const get = (url: string, headers = {}) => app.inject({ url, headers })
  for (const path of ['samples/chime', 'samples/chime.wav', 'v1/samples/chime.wav', 'q_auto/f_auto/samples/chime', 'fl_attachment/samples/chime.wav']) {
    const answer = await get(`/demo/video/upload/${path}`)
    t.match(answer, { statusCode: 200, headers: { 'content-type': 'audio/wav', 'content-length': '16044' } }, path)
  }
  t.match(await get('/demo/video/upload/samples/chime.wav', { range: 'bytes=0-3' }), { statusCode: 206, body: 'RIFF' })
  t.match(await get('/demo/video/upload/samples/chime.mp3'), { statusCode: 400, headers: { 'x-cld-error': /does not imitate video transformations/ } })
  t.match(await get('/demo/video/upload/w_100/samples/chime'), { statusCode: 400, headers: { 'x-cld-error': /does not imitate video transformations/ } })
  t.match(await get('/demo/video/upload/samples/chime.jpg'), { statusCode: 400, headers: { 'x-cld-error': /without ffmpeg/ } })
  t.match(await get('/demo/raw/upload/w_100/v1/samples/readme.txt'), { statusCode: 400, headers: { 'x-cld-error': /does not imitate transformations of raw assets/ } })
})

t.test('video: a poster is what ffmpeg shows at so_, then an image like any other', async (t) => {
  const { app, context } = await buildSandbox()
  t.teardown(() => app.close())
  await addSamples(context, 'demo')
  const folder = t.testdir()
  const frame = join(folder, 'frame.png')
  await sharp({ create: { width: 320, height: 180, channels: 3, background: '#0a0' } }).png().toFile(frame)
  // Stands in for the real program, which not every machine has: notes how it was called, and shows one frame.
  const ffmpeg = join(folder, 'ffmpeg')
  await writeFile(ffmpeg, `#!/bin/sh\nprintf '%s ' "$@" > '${folder}/arguments'\ncat '${frame}'\n`)
  await chmod(ffmpeg, 0o755)
  const own = fastify()
  registerDelivery(own, context, { findFfmpeg: () => ffmpeg })
  t.teardown(() => own.close())
  const answer = await own.inject('/demo/video/upload/so_50p/c_fill,w_90,h_90/v1/samples/chime.jpg')
  t.equal(answer.statusCode, 200, String(answer.headers['x-cld-error']))
  t.match(await sharp(answer.rawPayload).metadata(), { width: 90, height: 90, format: 'jpeg' })
  t.match(await readFile(join(folder, 'arguments'), 'utf8'), /-protocol_whitelist file,pipe -ss 0\.5 -i /)
  await writeFile(ffmpeg, '#!/bin/sh\nexit 1\n')
  t.match(await own.inject('/demo/video/upload/samples/chime.png'), { statusCode: 400, headers: { 'x-cld-error': 'Video has no frame to make an image of' } })
  await addAsset(context, 'plain', {})
  t.equal((await own.inject('/demo/image/upload/w_4/plain.png')).statusCode, 200)
})

t.test('video: with the real ffmpeg the poster shows the moment that was asked for, and the facts are those of the file', { skip: NO_FFMPEG }, async (t) => {
  const movie = join(t.testdir(), 'movie.mp4')
  // A second of red, then a second of blue.
  const colours = ['red', 'blue'].flatMap((colour) => ['-f', 'lavfi', '-i', `color=${colour}:size=320x180:rate=10:duration=1`])
  await promisify(execFile)('ffmpeg', ['-v', 'error', ...colours, '-filter_complex', '[0:v][1:v]concat=n=2:v=1', '-pix_fmt', 'yuv420p', movie])
  const sandbox = await startSandbox({ findFfmpeg })
  t.teardown(() => sandbox.close())
  const asset = await sandbox.add('movie', { resource_type: 'video', file: await readFile(movie) })
  t.match(asset, { resource_type: 'video', format: 'mp4', width: 320, height: 180, duration: 2 })
  for (const [transformation, blue] of [['so_0.5', false], ['so_1.5', true], ['so_75p/c_fill,w_60,h_60', true]] as const) {
    const answer = await fetch(`${sandbox.url}/demo/video/upload/${transformation}/movie.png`)
    t.equal(answer.status, 200, String(answer.headers.get('x-cld-error')))
    const { channels } = await sharp(Buffer.from(await answer.arrayBuffer())).stats()
    t.equal((channels[2]?.mean ?? 0) > (channels[0]?.mean ?? 0), blue, transformation)
  }
})
