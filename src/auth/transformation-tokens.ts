/** What a parameter of a transformation may begin with. Source: Cloudinary, "transformation_reference". */
const CODES: ReadonlySet<string> = new Set([
  'a', 'ac', 'af', 'ar', 'b', 'bl', 'bo', 'br', 'c', 'co', 'cs', 'd', 'dl', 'dn', 'dpr', 'du', 'e', 'eo', 'f', 'fl', 'fn', 'fps', 'g', 'h', 'if', 'ki', 'l',
  'o', 'p', 'pg', 'q', 'r', 'so', 'sp', 't', 'u', 'vc', 'vs', 'w', 'x', 'y', 'z'
])
const VARIABLE = /^\$[A-Za-z][A-Za-z0-9]*_/
const VERSION = /^v\d+$/i

/** `w_200`, `e_sepia:50`, `$name_10`: one of Cloudinary's own parameters. */
export function isParameter (token: string): boolean {
  return CODES.has(token.slice(0, Math.max(token.indexOf('_'), 0))) || VARIABLE.test(token)
}

/**
 * Why no caller can be kept in this folder, or undefined. A signature of a delivery URL covers transformation and public
 * ID as one text: where the first segment of an ID could as well be a transformation or a version, a URL signed for
 * `w_64/users/2/a` also delivers `users/2/a`.
 */
export function leadingFault (folder: string): string | undefined {
  const [first = ''] = folder.split('/', 1)
  return VERSION.test(first) || first.split(',').every(isParameter)
    ? 'must not begin like a transformation (w_64) or a version (v1): put a plain segment before it'
    : undefined
}
