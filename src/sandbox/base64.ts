const STANDARD = /^[A-Za-z\d+/]*={0,2}$/
const URL_SAFE = /^[\w-]*={0,2}$/

/**
 * Decodes base64, or returns undefined where `Buffer.from` would skip what it does not know and give other bytes.
 * Line ends and missing padding are fine. `urlSafe` allows that alphabet too, but not both in one text.
 */
export function decodeBase64 (text: string, { urlSafe = false } = {}): Buffer | undefined {
  const joined = text.replace(/[\r\n]+/g, '')
  if (!STANDARD.test(joined) && !(urlSafe && URL_SAFE.test(joined))) return undefined
  const padded = joined.indexOf('=')
  const characters = padded < 0 ? joined.length : padded
  // A byte takes two characters, so a group of one lacks some; a whole group has no room for padding.
  const room = [0, -1, 2, 1][characters % 4] ?? 0
  return joined.length - characters <= room ? Buffer.from(joined, 'base64') : undefined
}
