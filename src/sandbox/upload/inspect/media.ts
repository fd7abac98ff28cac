import type { Input } from 'mediabunny'
import type { BlobStore } from '../../store/blobs.ts'

export interface MediaFacts {
  width?: number
  height?: number
  duration?: number
  media?: Record<string, unknown>
}

/** How many packets are looked at for rates: enough for a mean, few enough for a long film. */
const SAMPLED_PACKETS = 64
const TIMEOUT_MS = 10_000

/**
 * Reads the container of a video or audio file, without decoding anything. A container that the parser does not know,
 * or that is broken, tells nothing.
 */
export async function probeMedia (blobs: BlobStore, key: string): Promise<MediaFacts> {
  const { ALL_FORMATS, BufferSource, FilePathSource, Input } = await import('mediabunny')
  const path = blobs.path(key)
  const source = path === undefined ? new BufferSource(await blobs.buffer(key)) : new FilePathSource(path)
  const input = new Input({ formats: ALL_FORMATS, source })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<MediaFacts>((resolve) => { timer = setTimeout(() => resolve({}), TIMEOUT_MS) })
  try {
    return await Promise.race([late, facts(input, (await blobs.stat(key))?.bytes ?? 0)])
  } catch {
    return {}
  } finally {
    clearTimeout(timer)
    input.dispose()
  }
}

async function facts (input: Input, bytes: number): Promise<MediaFacts> {
  const duration = await input.computeDuration()
  const video = await input.getPrimaryVideoTrack()
  const audio = await input.getPrimaryAudioTrack()
  const media: Record<string, unknown> = { is_audio: !video }
  if (duration > 0) media.bit_rate = Math.round(bytes * 8 / duration)
  if (audio) media.audio = { codec: await audio.getCodec(), frequency: await audio.getSampleRate(), channels: await audio.getNumberOfChannels() }
  if (!video) return { duration, media }
  const { averagePacketRate } = await video.computePacketStats(SAMPLED_PACKETS)
  media.video = { codec: await video.getCodec() }
  media.frame_rate = averagePacketRate
  media.nb_frames = Math.round(averagePacketRate * duration)
  media.rotation = await video.getRotation()
  return { duration, width: await video.getDisplayWidth(), height: await video.getDisplayHeight(), media }
}
