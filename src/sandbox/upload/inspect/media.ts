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
 * Reads the container of a video or audio file, without decoding anything.
 * @returns `unknown` for a container that the reader does not know, `unreadable` for one that it knows and
 * cannot open: without an index, or with nothing behind its header.
 */
export async function probeMedia (blobs: BlobStore, key: string): Promise<MediaFacts | 'unknown' | 'unreadable'> {
  const { ALL_FORMATS, BufferSource, FilePathSource, Input } = await import('mediabunny')
  const path = blobs.path(key)
  const source = path === undefined ? new BufferSource(await blobs.buffer(key)) : new FilePathSource(path)
  const input = new Input({ formats: ALL_FORMATS, source })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<MediaFacts>((resolve) => { timer = setTimeout(() => resolve({}), TIMEOUT_MS) })
  try {
    return await Promise.race([late, probe(input, (await blobs.stat(key))?.bytes ?? 0)])
  } finally {
    clearTimeout(timer)
    input.dispose()
  }
}

async function probe (input: Input, bytes: number): Promise<MediaFacts | 'unknown' | 'unreadable'> {
  if (!await input.canRead().catch(() => false)) return 'unknown'
  if (!await holdsPackets(input).catch(() => false)) return 'unreadable'
  // It plays; what it does not tell of itself is left out.
  return facts(input, bytes).catch(() => ({}))
}

/** Whether there is at least one track with at least one packet. */
async function holdsPackets (input: Input): Promise<boolean> {
  const { EncodedPacketSink } = await import('mediabunny')
  for (const track of await input.getTracks()) if (await new EncodedPacketSink(track).getFirstPacket()) return true
  return false
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
