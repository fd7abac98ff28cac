/** What a parameter of a transformation may begin with. Source: Cloudinary, "transformation_reference". */
const CODES: ReadonlySet<string> = new Set([
  'a', 'ac', 'af', 'ar', 'b', 'bl', 'bo', 'br', 'c', 'co', 'cs', 'd', 'dl', 'dn', 'dpr', 'du', 'e', 'eo', 'f', 'fl', 'fn', 'fps', 'g', 'h', 'if', 'ki', 'l',
  'o', 'p', 'pg', 'q', 'r', 'so', 'sp', 't', 'u', 'vc', 'vs', 'w', 'x', 'y', 'z'
])
const VARIABLE = /^\$[A-Za-z][A-Za-z0-9]*_/
const VERSION = /^v\d+$/i

/** What may stand before, or instead of, the public ID in a layer. */
const LAYER_WORDS: ReadonlySet<string> = new Set(['fetch', 'text', 'subtitles', 'lut', 'image', 'video', 'audio', 'raw', 'upload', 'private', 'authenticated'])

/** `w_200`, `e_sepia:50`, `$name_10`: one of Cloudinary's own parameters. */
export function isParameter (token: string): boolean {
  return CODES.has(token.slice(0, Math.max(token.indexOf('_'), 0))) || VARIABLE.test(token)
}

/**
 * Why no caller can be kept in this folder, or undefined. A signature of a delivery URL covers transformation and public
 * ID as one text: where the first segment of an ID could as well be a transformation or a version, a URL signed for
 * `w_64/users/2/a` also delivers `users/2/a`. In a layer, `video:users:2:a` is in the same way an asset below `video/`,
 * or the video `users/2/a`.
 */
export function leadingFault (folder: string): string | undefined {
  const [first = ''] = folder.split('/', 1)
  return VERSION.test(first) || LAYER_WORDS.has(first) || first.split(',').every(isParameter)
    ? 'must not begin like a transformation (w_64), a version (v1) or a layer (video, text): put a plain segment before it'
    : undefined
}
