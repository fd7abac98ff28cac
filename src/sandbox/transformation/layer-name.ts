import { notImitated } from '../errors.ts'
import { decoded } from '../decoded.ts'
import { invalidValue } from './errors.ts'

/** What `l_` or `u_` names. */
export type LayerName =
  | { readonly kind: 'image', readonly type: string, readonly publicId: string }
  | { readonly kind: 'text', readonly style: TextStyle, readonly text: string }

export interface TextStyle {
  readonly font: string
  /** Pixels. */
  readonly size: number
  readonly isBold: boolean
  readonly isItalic: boolean
  readonly isUnderlined: boolean
  readonly isStruck: boolean
  readonly align: 'left' | 'centre' | 'right'
  readonly letterSpacing: number
  readonly lineSpacing: number
  /** Words of the style that nothing here can draw: strokes, hints, weights of other fonts. */
  readonly unknown: readonly string[]
}

const ABSENT = /^(?:fetch|video|audio|subtitles|lut|layer_apply)(?::|$)/
const DRAWN = /(?<=^|_)(?:(?:letter|line)_spacing_-?\d+(?:\.\d+)?|bold|semibold|[6-9]00|400|normal|italic|underline|strikethrough|none|left|start|center|right|end)(?=_|$)/g
const MAX_TEXT = 2000
const MAX_FONT_SIZE = 1000

/** @throws {SandboxError} 400 for a layer that is malformed or of a kind that is not imitated. */
export function parseLayer (value: string): LayerName {
  if (ABSENT.test(value)) throw notImitated(`a layer of this kind (l_${value.split(':', 1)[0]})`)
  if (value.startsWith('text:')) return parseText(value.slice('text:'.length))
  const parts = value.replace(/^image:/, '').split(':').filter((part) => part !== '')
  const type = /^(?:upload|private|authenticated)$/.test(parts[0] ?? '') && parts.length > 1 ? parts.shift() ?? 'upload' : 'upload'
  if (parts.length === 0) throw invalidValue('overlay', value)
  return { kind: 'image', type, publicId: decodeOnce(parts.join('/')) }
}

function parseText (rest: string): LayerName {
  const colon = rest.indexOf(':')
  const style = colon < 0 ? rest : rest.slice(0, colon)
  const text = colon < 0 ? '' : decodeOnce(rest.slice(colon + 1))
  if (text === '') throw invalidValue('overlay', `text:${rest}`)
  if (text.length > MAX_TEXT) throw invalidValue('overlay', `text of more than ${MAX_TEXT} characters`)
  return { kind: 'text', style: parseStyle(decodeOnce(style)), text }
}

/** `Arial_18_bold_underline_letter_spacing_4`: family and size first, the rest in any order. */
function parseStyle (style: string): TextStyle {
  const [, font, sizeText, rest = ''] = /^(.+?)_(\d+(?:\.\d+)?)(?:_(.+))?$/.exec(style) ?? []
  const size = Number(sizeText)
  if (font === undefined || !(size > 0 && size <= MAX_FONT_SIZE)) throw invalidValue('overlay', `text:${style}`)
  const has = (word: string) => new RegExp(`(?:^|_)${word}(?:_|$)`).test(rest)
  return {
    font: font.replaceAll('+', ' '),
    size,
    isBold: has('bold') || has('semibold') || /(?:^|_)[6-9]00(?:_|$)/.test(rest),
    isItalic: has('italic'),
    isUnderlined: has('underline'),
    isStruck: has('strikethrough'),
    align: has('center') ? 'centre' : has('right') || has('end') ? 'right' : 'left',
    letterSpacing: Number(/letter_spacing_(-?\d+(?:\.\d+)?)/.exec(rest)?.[1] ?? 0),
    lineSpacing: Number(/line_spacing_(-?\d+(?:\.\d+)?)/.exec(rest)?.[1] ?? 0),
    unknown: rest.replaceAll(DRAWN, '_').split('_').filter((word) => word !== '')
  }
}

/**
 * Commas and slashes of a layer arrive escaped twice; the URL took off one escape, this takes off the other. Clients escape the rest
 * once, so that a percent sign of the text itself stands bare by now.
 */
function decodeOnce (text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => decoded(escapes) ?? escapes)
}
