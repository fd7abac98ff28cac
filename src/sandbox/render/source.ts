import { readFile } from 'node:fs/promises'
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp'
import { SandboxError } from '../errors.ts'
import { FAIL_ON, tooManyPixels, type RenderLimits } from './limits.ts'
import { invalidValue } from '../transformation/errors.ts'
import { fromPixels, pixelsOf, type Picture } from './picture.ts'
import type { ByteSource } from './job.ts'
import { plainSvg } from '../svg.ts'

/** A stored image, opened: one picture, or several frames with their timing. */
export interface Opened {
  readonly frames: readonly Picture[]
  readonly delay: number[]
  readonly loop: number
  readonly hasAlpha: boolean
}

export interface OpenOptions {
  /** False: only the first frame (or `page`). */
  readonly animated: boolean
  /** Counted from 0. */
  readonly page: number
  readonly density: number | undefined
  readonly ignoreOrientation: boolean
  readonly limits: RenderLimits
}

/** Opens bytes that nobody has vouched for: the size is known from the header before a pixel is decoded. */
export async function openImage (source: ByteSource, options: OpenOptions): Promise<Opened> {
  const input = await inputOf(source)
  const { limits } = options
  const settings: SharpOptions = {
    failOn: FAIL_ON,
    limitInputPixels: limits.inputPixels,
    ...(options.density !== undefined && { density: options.density })
  }
  const metadata = await headerOf(input, settings, limits)
  const pages = metadata.pages ?? 1
  if (options.animated && pages > 1) return openFrames(input, metadata, pages, limits)
  if (pages > 1 && options.page >= pages) throw invalidValue('page', String(options.page + 1))
  // A page can only be named where there are pages.
  const image = sharp(input, { ...settings, ...(pages > 1 && { page: options.page }) })
  const orientation = options.ignoreOrientation ? 1 : metadata.orientation ?? 1
  const isTurned = orientation >= 5
  const size = isTurned ? { width: metadata.height, height: metadata.width } : { width: metadata.width, height: metadata.height }
  return {
    frames: [{ image: orientation === 1 ? image : image.autoOrient(), ...size, pending: 'nothing' }],
    delay: [],
    loop: 0,
    hasAlpha: metadata.hasAlpha
  }
}

async function inputOf (source: ByteSource): Promise<string | Buffer> {
  if ('path' in source) return source.isSvg ? plainSvg(await readFile(source.path)) : source.path
  const bytes = Buffer.from(source.bytes.buffer, source.bytes.byteOffset, source.bytes.byteLength)
  return source.isSvg ? plainSvg(bytes) : bytes
}

type Header = Pick<Metadata, 'width' | 'height' | 'pages' | 'pageHeight' | 'orientation' | 'hasAlpha' | 'delay' | 'loop'>

// One picture is asked for in many sizes. Files of the store never change; with another density, vectors have another size.
const headers = new Map<string, Header>()
const MAX_HEADERS = 1000

async function headerOf (input: string | Buffer, settings: SharpOptions, limits: RenderLimits): Promise<Header> {
  const key = typeof input === 'string' ? `${settings.density ?? ''} ${input}` : undefined
  const header = headers.get(key ?? '') ?? await readHeader(input, settings)
  if (headers.size >= MAX_HEADERS) headers.clear()
  if (key !== undefined) headers.set(key, header)
  const pixels = header.width * header.height
  if (pixels > limits.inputPixels) throw tooManyPixels(pixels, limits.inputPixels)
  return header
}

async function readHeader (input: string | Buffer, settings: SharpOptions): Promise<Header> {
  try {
    const { width, height, pages, pageHeight, orientation, hasAlpha, delay, loop } = await sharp(input, { ...settings, limitInputPixels: false }).metadata()
    return { width, height, pages, pageHeight, orientation, hasAlpha, delay, loop }
  } catch {
    throw new SandboxError(400, 'Invalid image file')
  }
}

async function openFrames (input: string | Buffer, metadata: Header, pages: number, limits: RenderLimits): Promise<Opened> {
  if (pages > limits.frames) throw new SandboxError(400, `Maximum number of frames is ${limits.frames}. Requested ${pages}`)
  const { width } = metadata
  const height = metadata.pageHeight ?? metadata.height
  if (width * height * pages > limits.inputPixels) throw tooManyPixels(width * height * pages, limits.inputPixels)
  const strip: Sharp = sharp(input, { animated: true, failOn: FAIL_ON, limitInputPixels: limits.inputPixels })
  const pixels = await pixelsOf({ image: strip, width, height: height * pages }, limits)
  const bytesPerFrame = width * height * 4
  const frames = Array.from({ length: pages }, (_, at) => fromPixels(pixels.subarray(at * bytesPerFrame, (at + 1) * bytesPerFrame), width, height))
  return { frames, delay: metadata.delay ?? [], loop: metadata.loop ?? 0, hasAlpha: metadata.hasAlpha }
}
