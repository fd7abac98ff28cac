import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { BufferTarget, EncodedPacket, EncodedVideoPacketSource, Mp4OutputFormat, Output, WebMOutputFormat } from 'mediabunny'

/** A container of 64x48 with 20 frames, 10 a second. The frames are empty: nobody decodes them. */
export async function emptyVideo (format: Mp4OutputFormat | WebMOutputFormat, rotation: 0 | 90 = 0): Promise<Buffer> {
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

/** One second of a test picture or a tone, as ffmpeg writes it. */
export async function encoded (ffmpeg: string, extension: string, options: readonly string[]): Promise<Buffer> {
  const path = join(tmpdir(), `${randomUUID()}.${extension}`)
  try {
    await promisify(execFile)(ffmpeg, ['-v', 'error', '-f', 'lavfi', '-i', ...options, '-t', '1', path])
    return await readFile(path)
  } finally {
    await rm(path, { force: true })
  }
}

export const mp4 = () => emptyVideo(new Mp4OutputFormat())
export const webm = () => emptyVideo(new WebMOutputFormat())
