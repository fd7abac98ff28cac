import { notImitated } from '../errors.ts'
import type { Sharp } from 'sharp'
import { WHITE } from '../transformation/color.ts'
import { canonicalFormat } from '../format-names.ts'
import { IMAGE_TYPES } from '../transformation/output-formats.ts'
import { flagsOf, flagTexts, type Component } from '../transformation/parser.ts'

/** How the result is written. */
export interface Encoding {
  readonly format: string
  readonly quality: string | undefined
  readonly flags: readonly string[]
}

const AUTO_QUALITY: Readonly<Record<string, number>> = { best: 90, good: 80, eco: 70, low: 55 }
const USUAL_QUALITY = 80

/** The last `q_` and all flags of a chain. */
export function encodingOf (components: readonly Component[], format: string): Encoding {
  const quality = components.map((component) => component.get('q')).findLast((value) => value !== undefined)
  return { format: canonicalFormat(format), quality, flags: components.flatMap((component) => [...flagsOf(component), ...flagTexts(component)]) }
}

/** @throws {SandboxError} 400 for a format that can be stored and not made. */
export function checkTarget (format: string): void {
  if (!Object.hasOwn(IMAGE_TYPES, format.toLowerCase())) throw notImitated(`conversion to ${format}`)
}

/** Sets the output format of a pipeline. Metadata is left out, colours are sRGB: sharp's own habit. */
export function encode (image: Sharp, { format, quality: value, flags }: Encoding, animation?: { delay: number[], loop: number }): Sharp {
  const quality = qualityOf(value)
  switch (format) {
    case 'jpg': return image.flatten({ background: WHITE }).jpeg({
      quality,
      // Tables of its own for each picture would save a few percent of bytes, for up to a third of the time.
      optimiseCoding: false,
      progressive: flags.includes('progressive') && !flags.includes('progressive:none'),
      chromaSubsampling: value?.includes('444') === true ? '4:4:4' : '4:2:0'
    })
    case 'webp': return image.webp({ quality, effort: 3, ...animation })
    // Effort decides time, not size in pixels: the lowest that still compresses well.
    case 'avif': return image.avif({ quality: Math.max(1, Math.round(quality * 0.7)), effort: 1 })
    case 'gif': return image.gif({ effort: 3, ...animation, ...(flags.includes('lossy') && { interFrameMaxError: 8 }) })
    case 'tiff': return image.tiff({ quality, compression: 'lzw' })
    default: return toPng(image, quality, flags)
  }
}

/** `png8` and `lossy` have a palette, `png24` no alpha channel, `png32` always one. */
function toPng (image: Sharp, quality: number, flags: readonly string[]): Sharp {
  const palette = flags.includes('png8') || flags.includes('lossy')
  const channels = flags.includes('png32') ? image.ensureAlpha() : flags.includes('png24') ? image.flatten({ background: WHITE }) : image
  return channels.png({ compressionLevel: 6, ...(palette && { palette, quality }) })
}

function qualityOf (value: string | undefined): number {
  if (value === undefined) return USUAL_QUALITY
  const [level = '', kind = 'good'] = value.split(':')
  if (level === 'auto') return AUTO_QUALITY[kind] ?? USUAL_QUALITY
  return Math.min(100, Math.max(1, Math.round(Number(level)))) || USUAL_QUALITY
}
