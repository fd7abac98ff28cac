import { decoded } from '../../input/decoded.ts'
import { isParameter } from '../policy/transformation-codes.ts'
import { isInside } from './folder.ts'

/** Between parameters, components, and the transformations of `eager`. */
const SEPARATOR = /[,/|]/
/** A layer of text: its style, then what is written. It shows no asset. */
const TEXT = /^[lu]_text:[\w.%-]+:/
/** Shows another asset: an overlay, an underlay, or what stands in for an asset that is missing. */
const SHOWN = /^([dlu])_(.*)$/s
/** Custom functions run code that is itself an asset; variables can hold the name of a layer. */
const UNDECIDABLE = /^(?:fn_|\$)/
/** Words that stand before the public ID in a layer: one kind of asset and one delivery type. The next one is a folder. */
const LAYER_KINDS = /^(?:(?:image|video|audio|raw|lut|subtitles):)?(?:(?:upload|private|authenticated):)?/
/** Subtitles may name their style first, as texts do: font and size, then what else there is to say about letters. */
const SUBTITLES_STYLE = /^subtitles:[A-Za-z][\w .-]*_\d+(?:_[\w.-]+)*:/

/** The public ID inside `private:users:1:logo`; its folders are written with colons. */
function layerId (layer: string): string { return layer.replace(SUBTITLES_STYLE, 'subtitles:').replace(LAYER_KINDS, '').replaceAll(':', '/') }

/** Only in a text may characters be encoded, and separators twice, as Cloudinary wants them: else they part the text. */
function textFault (token: string): string | undefined {
  const once = decoded(token)
  return once === undefined || SEPARATOR.test(once) ? 'must write a comma, slash or pipe in a text as %252C, %252F or %257C' : undefined
}

function layerTokenFault (folder: string, token: string): string | undefined {
  if (UNDECIDABLE.test(token)) return 'must not hold variables or functions: they can name any asset'
  if (TEXT.test(token)) return textFault(token)
  if (token.includes('%')) return 'must not hold percent-encoded characters, except in a text: write the characters themselves'
  // What Cloudinary does not know as a parameter it may read as the first folder of a public ID.
  if (!isParameter(token)) return `must hold parameters of Cloudinary alone, such as w_200; "${token.slice(0, 60)}" is none`
  const [, code, shown] = SHOWN.exec(token) ?? []
  if (shown === undefined) return undefined
  const id = code === 'd' ? shown.replaceAll(':', '/') : layerId(shown)
  return isInside(folder, id) ? undefined : `must not show assets outside "${folder}/"`
}

/**
 * Why a transformation reads assets that lie outside the folder, or might; undefined when it does not. A layer shows
 * another asset of the same cloud, private ones included, in a picture the caller may see.
 */
export function layerFault (folder: string, transformation: string): string | undefined {
  for (const token of transformation.split(SEPARATOR)) {
    const message = layerTokenFault(folder, token)
    if (message !== undefined) return message
  }
  return undefined
}
