import { BufferTarget, EncodedPacket, EncodedVideoPacketSource, Mp4OutputFormat, Output, WebMOutputFormat } from 'mediabunny'
import t from 'tap'
import { startSandbox } from '../../../../src/sandbox/index.ts'
import { RATE, wav } from '../../../support/silence.ts'

/** A container of 64x48 with 20 frames, 10 a second. The frames are empty: nobody decodes them. */
async function video (format: Mp4OutputFormat | WebMOutputFormat, rotation: 0 | 90 = 0): Promise<Buffer> {
  const target = new BufferTarget()
  const output = new Output({ format, target })
  const source = new EncodedVideoPacketSource('vp9')
  output.addVideoTrack(source, { frameRate: 10, rotation })
  await output.start()
  const decoderConfig = { codec: 'vp09.00.10.08', codedWidth: 64, codedHeight: 48, colorSpace: {} }
  for (let frame = 0; frame < 20; frame++) {
    await source.add(new EncodedPacket(new Uint8Array([130, 73, 131, 66, 0]), frame === 0 ? 'key' : 'delta', frame / 10, 1 / 10), frame === 0 ? { decoderConfig } : undefined)
  }
  await output.finalize()
  if (!target.buffer) throw new Error('nothing was written')
  return Buffer.from(target.buffer)
}

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
    const asset = await store(format, await video(container))
    t.match(asset, { resource_type: 'video', format, width: 64, height: 48, is_audio: false, video: { codec: 'vp9' }, rotation: 0, nb_frames: 20 }, format)
    t.ok(Math.abs(Number(asset['duration']) - 2) < 0.01, `${format} lasts ${String(asset['duration'])}`)
    t.ok(Math.abs(Number(asset['frame_rate']) - 10) < 0.6, `${format} has ${String(asset['frame_rate'])} frames a second`)
  }
})

t.test('MP4 that is held upright: width and height as it is seen', async (t) => {
  t.match(await store('upright', await video(new Mp4OutputFormat(), 90)), { width: 48, height: 64, rotation: 90 })
})

t.test('a container cut in the middle is still stored, and tells what it can; nothing else breaks', async (t) => {
  const whole = await video(new Mp4OutputFormat())
  for (const bytes of [40, 200, whole.length - 10]) {
    t.match(await store(`cut-${bytes}`, whole.subarray(0, bytes)), { bytes, resource_type: 'video', format: 'mp4' }, `${bytes} bytes`)
  }
  t.match(await store('no-video', Buffer.from('RIFF....WAVE')), { bytes: 12 })
})
