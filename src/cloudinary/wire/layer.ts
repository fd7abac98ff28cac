import type { LayerInput } from '../../schemas/layers.ts'

/** Words of a style beside its font, each with its default. Source: Cloudinary, official Node client. */
const KEYWORDS = [
  ['font_weight', 'normal'], ['font_style', 'normal'], ['text_decoration', 'none'], ['text_align', ''],
  ['stroke', 'none']
] as const
const SETTINGS = [
  ['letter_spacing', 'letter_spacing'], ['line_spacing', 'line_spacing'], ['font_hinting', 'hinting'],
  ['font_antialiasing', 'antialias']
] as const
/** A variable in a text, replaced when the picture is rendered. */
const VARIABLE = /(\$\([a-zA-Z]\w+\))/

/** `Arial_40_bold`; empty when nothing of it is given, undefined when the font or its size is missing. */
function styleOf (layer: LayerInput): string | undefined {
  if (layer.text_style !== undefined) return layer.text_style
  const { font_family: family, font_size: size } = layer
  const words = KEYWORDS.map(([name, usual]) => layer[name] === usual ? undefined : layer[name])
  const settings = SETTINGS.map(([name, code]) => layer[name] === undefined ? undefined : `${code}_${layer[name]}`)
  const rest = [...words, ...settings].filter((word) => word !== undefined)
  if (family === undefined && size === undefined && rest.length === 0) return ''
  return family === undefined || size === undefined ? undefined : [family, size, ...rest].join('_')
}

/** Separators of a transformation are encoded twice in a text, everything else once; variables stay. */
function encodedText (text: string): string {
  return text.split(VARIABLE).map((part) => {
    if (VARIABLE.test(part)) return part
    const once = part.replace(/[,/|]/g, encodeURIComponent)
    return encodeURIComponent(once).replaceAll('(', '%28').replaceAll(')', '%29')
  }).join('')
}

/** Folders of a public ID are written with colons in a layer. */
function idOf ({ public_id: id, format }: LayerInput): string | undefined {
  return id?.replaceAll('/', ':').concat(format === undefined ? '' : `.${format}`)
}

/**
 * A layer in Cloudinary's syntax: `private:users:1:logo`, `text:Arial_40:Hello`, `fetch:https://...`.
 * Undefined when its parts do not make one.
 */
export function layerToString (layer: LayerInput): string | undefined {
  const { text, url, resource_type: kind = text === undefined ? 'image' : 'text' } = layer
  const { type = url === undefined ? 'upload' : 'fetch' } = layer
  const id = idOf(layer)
  const prefix = [...kind === 'image' ? [] : [kind], ...type === 'upload' ? [] : [type]]
  if (type === 'fetch') return url === undefined ? undefined : [...prefix, url].join(':')
  if (kind !== 'text' && kind !== 'subtitles') return id === undefined ? undefined : [...prefix, id].join(':')
  const style = styleOf(layer)
  const isWhole = style !== undefined && (id !== undefined || (style !== '' && text !== undefined))
  if (!isWhole) return undefined
  const parts = [...prefix, style, id ?? '', encodedText(text ?? '')]
  return parts.filter((part) => part !== '').join(':')
}
