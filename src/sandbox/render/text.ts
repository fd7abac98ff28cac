import { createRequire } from 'node:module'
import sharp from 'sharp'
import { hexColor, parseColor } from '../transformation/color.ts'
import type { TextStyle } from '../transformation/layer-name.ts'
import { checkOutput, type RenderLimits } from './limits.ts'
import { fromPixels, type Picture } from './picture.ts'
import { SandboxError } from '../errors.ts'

const resolve = createRequire(import.meta.url).resolve

/** The family that stands in for what was asked: one open font is bundled, in its sans, serif and mono cuts. */
function family (font: string): 'Sans' | 'Serif' | 'SansMono' {
  if (/mono|courier|consol|code/i.test(font)) return 'SansMono'
  return /times|georgia|serif(?<!sans.?serif)|garamond|playfair|merriweather|lora|palatino/i.test(font) ? 'Serif' : 'Sans'
}

function fontFile (style: TextStyle): string {
  const kind = family(style.font)
  const slant = kind === 'Serif' ? 'Italic' : 'Oblique'
  const cut = `${style.isBold ? 'Bold' : ''}${style.isItalic ? slant : ''}`
  return resolve(`dejavu-fonts-ttf/ttf/DejaVu${kind}${cut === '' ? '' : `-${cut}`}.ttf`)
}

function escapeMarkup (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/**
 * Draws text as a picture of its own size.
 * @param wrapAt width at which lines break; absent: one line per line break.
 */
export async function drawText (text: string, style: TextStyle, colorText: string | undefined, wrapAt: number | undefined, limits: RenderLimits): Promise<Picture> {
  const longest = Math.max(...text.split('\n').map((line) => line.length))
  // A generous guess before Pango makes the real thing.
  checkOutput({ width: wrapAt ?? Math.ceil(longest * style.size * 0.5), height: Math.ceil(style.size) }, limits)
  const color = parseColor(colorText ?? 'black') ?? { r: 0, g: 0, b: 0, alpha: 1 }
  const kind = family(style.font)
  const attributes = [
    `foreground="${hexColor(color)}"`,
    color.alpha < 1 ? `alpha="${Math.max(1, Math.round(color.alpha * 100))}%"` : '',
    style.isUnderlined ? 'underline="single"' : '',
    style.isStruck ? 'strikethrough="true"' : '',
    style.letterSpacing === 0 ? '' : `letter_spacing="${Math.round(style.letterSpacing * 1024)}"`
  ].filter((attribute) => attribute !== '').join(' ')
  const drawn = sharp({
    limitInputPixels: limits.outputPixels,
    text: {
      text: `<span ${attributes}>${escapeMarkup(text)}</span>`,
      font: `DejaVu ${kind === 'SansMono' ? 'Sans Mono' : kind}${style.isBold ? ' Bold' : ''}${style.isItalic ? (kind === 'Serif' ? ' Italic' : ' Oblique') : ''} ${style.size}`,
      fontfile: fontFile(style),
      rgba: true,
      dpi: 72,
      align: style.align,
      spacing: Math.max(0, Math.round(style.lineSpacing)),
      ...(wrapAt !== undefined && { width: wrapAt, wrap: 'word-char' as const })
    }
  })
  try {
    const { data, info } = await drawn.ensureAlpha().raw().timeout({ seconds: limits.timeoutSeconds }).toBuffer({ resolveWithObject: true })
    return fromPixels(data, info.width, info.height)
  } catch (error) {
    // Blanks alone have no pixels.
    if (text.trim() === '') throw new SandboxError(400, 'Invalid overlay in transformation: text without visible characters')
    throw error
  }
}
