import { Mp4OutputFormat, WebMOutputFormat } from 'mediabunny'
import t from 'tap'
import { startSandbox } from '../../../../src/sandbox/index.ts'
import { emptyVideo } from '../../../support/containers.ts'
import { RATE, wav } from '../../../support/silence.ts'

const sandbox = await startSandbox()
t.teardown(() => sandbox.close())
const store = (name: string, file: Buffer) => sandbox.add(name, { resource_type: 'auto', file })

t.test('WAV: a video without a picture, its length and its sound', async (t) => {
  const asset = await store('sound', wav(1.5))
  t.match(asset, { resource_type: 'video', format: 'wav', duration: 1.5, is_audio: true, audio: { frequency: RATE, channels: 1 }, bit_rate: Math.round((44 + 1.5 * RATE) * 8 / 1.5) })
  t.notOk('width' in asset || 'video' in asset)
})

t.test('MP4 and WebM: size, length, rate and frames from the container', async (t) => {
  for (const [format, container] of [['mp4', new Mp4OutputFormat()], ['webm', new WebMOutputFormat()]] as const) {
    const asset = await store(format, await emptyVideo(container))
    t.match(asset, { resource_type: 'video', format, width: 64, height: 48, is_audio: false, video: { codec: 'vp9' }, rotation: 0, nb_frames: 20 }, format)
    t.ok(Math.abs(Number(asset['duration']) - 2) < 0.01, `${format} lasts ${String(asset['duration'])}`)
    t.ok(Math.abs(Number(asset['frame_rate']) - 10) < 0.6, `${format} has ${String(asset['frame_rate'])} frames a second`)
  }
})

t.test('MP4 that is held upright: width and height as it is seen', async (t) => {
  t.match(await store('upright', await emptyVideo(new Mp4OutputFormat(), 90)), { width: 48, height: 64, rotation: 90 })
})
