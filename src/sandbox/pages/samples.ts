import { createHash } from 'node:crypto'
import { isoTime, type AssetRecord } from '../assets/asset.ts'
import type { Clouds } from '../clouds.ts'
import type { BlobStore } from '../store/blobs.ts'
import type { Store } from '../store/store.ts'

interface SampleServices {
  readonly clouds: Clouds
  readonly store: Store
  readonly blobs: BlobStore
  readonly clock: () => number
}

/** One sample, before it is stored. */
interface Sample {
  readonly public_id: string
  readonly resource_type: AssetRecord['resource_type']
  readonly type?: AssetRecord['type']
  readonly format?: string
  readonly bytes: Buffer
  readonly width?: number
  readonly height?: number
  readonly duration?: number
  readonly media?: Record<string, unknown>
  readonly tags?: string[]
  readonly context?: Record<string, string>
}

/**
 * Puts a handful of assets into a cloud that holds none, so that there is something to list, show and transform at once.
 * Everything is drawn and written here: the same bytes each time, a few ten kilobytes in all.
 */
export async function addSamples (services: SampleServices, cloudName: string): Promise<void> {
  const cloud = services.clouds.get(cloudName)
  const store = services.store.cloud(cloudName)
  if (!cloud || !store.all().next().done) return
  drawn ??= drawSamples()
  for (const sample of await drawn) {
    const { bytes, type = 'upload', tags = [], ...known } = sample
    const stored = await services.blobs.write((async function * () { yield bytes })())
    const nowMs = services.clock()
    const name = sample.public_id.slice(sample.public_id.lastIndexOf('/') + 1)
    await store.put({
      ...known,
      type,
      tags,
      asset_id: digest(`asset:${cloudName}:${sample.public_id}`),
      version_id: digest(`version:${cloudName}:${sample.public_id}`),
      version: Math.floor(nowMs / 1000),
      bytes: stored.bytes,
      etag: stored.md5,
      ...(sample.resource_type === 'image' && { pages: 1 }),
      created_at: isoTime(nowMs),
      uploaded_at: isoTime(nowMs),
      sequence: services.store.nextSequence(),
      access_mode: 'public',
      asset_folder: sample.public_id.includes('/') ? sample.public_id.slice(0, sample.public_id.lastIndexOf('/')) : '',
      display_name: name,
      original_filename: name.replace(/\.[a-z]+$/, ''),
      api_key: cloud.apiKey,
      blob: stored.key
    })
  }
}

/** The same for every cloud: about 140 KB, drawn once. */
let drawn: Promise<readonly Sample[]> | undefined

async function drawSamples (): Promise<readonly Sample[]> {
  const { default: sharp } = await import('sharp')
  const jpeg = async (width: number, height: number, hue: number) =>
    sharp(landscape(width, height, hue), { raw: { width, height, channels: 3 } }).jpeg({ quality: 82 }).toBuffer()
  const image = { resource_type: 'image' as const }
  const logo = await sharp(Buffer.from(LOGO)).png().toBuffer()
  return [
    { ...image, public_id: 'sample', format: 'jpg', width: 864, height: 576, bytes: await jpeg(864, 576, 0), tags: ['landscape', 'sample'], context: { alt: 'Hills under an evening sky', caption: 'Sample' } },
    { ...image, public_id: 'samples/logo', format: 'png', width: 240, height: 240, bytes: logo, tags: ['sample'] },
    { ...image, public_id: 'samples/landscapes/dunes', format: 'jpg', width: 600, height: 800, bytes: await jpeg(600, 800, 1), tags: ['landscape', 'sample'] },
    { ...image, public_id: 'samples/private', type: 'private', format: 'jpg', width: 320, height: 200, bytes: await jpeg(320, 200, 2) },
    { ...image, public_id: 'samples/authenticated', type: 'authenticated', format: 'jpg', width: 320, height: 200, bytes: await jpeg(320, 200, 3) },
    {
      public_id: 'samples/chime',
      resource_type: 'video',
      format: 'wav',
      bytes: chime(),
      duration: 1,
      media: { is_audio: true, bit_rate: 128_000, audio: { codec: 'pcm_s16le', bit_rate: '128000', frequency: 8000, channels: 1, channel_layout: 'mono' } },
      tags: ['sample']
    },
    { public_id: 'samples/readme.txt', resource_type: 'raw', bytes: Buffer.from('A raw asset: delivered byte for byte, under its full name.\n') }
  ]
}

/**
 * Draws waves of hills under a sky, with enough detail for a crop to show where it was taken from. A million
 * pixels are drawn at the start of an empty sandbox, so what a row or a column shares is computed once.
 */
function landscape (width: number, height: number, hue: number): Buffer {
  const pixels = new Uint8ClampedArray(width * height * 3)
  const far = Float64Array.from({ length: width }, (_, x) =>
    height * (0.55 + 0.06 * Math.sin(x / width * 9 + hue) + 0.03 * Math.sin(x / width * 31)))
  const near = Float64Array.from({ length: width }, (_, x) =>
    height * (0.72 + 0.08 * Math.sin(x / width * 5 + 2 + hue)))
  const sunRadius = height * 0.09
  let at = 0
  for (let y = 0; y < height; y++) {
    const down = y / height
    const sky = [250 - 120 * down, 170 + 40 * down - 12 * hue, 120 + 120 * down] as const
    const farHills = [90, 110 + 20 * down, 90 + 15 * hue] as const
    const nearHills = [40 + 60 * down, 80 + 20 * hue, 50] as const
    const sunReach = Math.sqrt(Math.max(0, sunRadius ** 2 - (y - height * 0.3) ** 2))
    for (let x = 0; x < width; x++) {
      const colour = y > (near[x] ?? 0) ? nearHills : y > (far[x] ?? 0) ? farHills : sky
      const grain = ((x * 7919 + y * 104_729) % 17) - 8
      const light = Math.abs(x - width * 0.7) < sunReach ? grain + 60 : grain
      pixels[at++] = Math.round(colour[0] + light)
      pixels[at++] = Math.round(colour[1] + light)
      pixels[at++] = Math.round(colour[2] + grain)
    }
  }
  return Buffer.from(pixels.buffer)
}

const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" width="240" height="240">
  <circle cx="120" cy="120" r="110" fill="#3448c5" fill-opacity="0.9"/>
  <path d="M70 150a34 34 0 0 1 8-67 46 46 0 0 1 88 12 30 30 0 0 1 4 59z" fill="#fff"/>
</svg>`

/** One second of a fading tone as WAV: 8 kHz, 16 bit, mono. */
function chime (): Buffer {
  const rate = 8000
  const wav = Buffer.alloc(44 + rate * 2)
  wav.write('RIFF', 0, 'latin1')
  wav.writeUInt32LE(wav.length - 8, 4)
  wav.write('WAVEfmt ', 8, 'latin1')
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20)
  wav.writeUInt16LE(1, 22)
  wav.writeUInt32LE(rate, 24)
  wav.writeUInt32LE(rate * 2, 28)
  wav.writeUInt16LE(2, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36, 'latin1')
  wav.writeUInt32LE(rate * 2, 40)
  for (let at = 0; at < rate; at++) {
    const fade = Math.exp(-4 * at / rate)
    wav.writeInt16LE(Math.round(12_000 * fade * Math.sin(2 * Math.PI * 880 * at / rate)), 44 + at * 2)
  }
  return wav
}

function digest (text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
