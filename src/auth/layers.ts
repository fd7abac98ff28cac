import { isInside } from './folder-jail.ts'

/** A layer: `l_` or `u_` at the beginning of a component or of one of its parameters. */
const LAYER = /(?:^|[/,|])[lu]_([^/,|]*)/g
/** Custom functions run code that is itself an asset; variables can hold the name of a layer. */
const UNDECIDABLE = /(?:^|[/,|])(?:fn_|\$)/
/** Words that stand before the public ID in a layer. */
const LAYER_KINDS = /^(?:(?:image|video|raw|upload|private|authenticated|lut|subtitles):)+/

/** The public ID inside `private:users:1:logo`; its folders are written with colons. */
function layerId (layer: string): string { return layer.replace(LAYER_KINDS, '').replaceAll(':', '/') }

/**
 * Why a transformation reads assets that lie outside the folder, or might; undefined when it does not. A layer shows
 * another asset of the same cloud, private ones included, in a picture the caller may see.
 */
export function layerFault (folder: string, transformation: string): string | undefined {
  if (UNDECIDABLE.test(transformation)) return 'must not hold variables or functions: they can name any asset'
  for (const [, layer = ''] of transformation.matchAll(LAYER)) {
    const isText = /^text:[\w.%-]+:/.test(layer)
    if (!isText && !isInside(folder, layerId(layer))) return `must not show assets outside "${folder}/"`
  }
  return undefined
}

/** Every text inside a transformation, whichever way it was given. */
export function texts (value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : []
}
