import { decodeBase64Url } from '../../input/base64.ts'

/** Three parts of base64url, as a signed JWT has them. An encrypted one has five. */
const SIGNED = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** True when the token could be a JWT at all; plain keys hold no dots in this form. */
export function looksLikeJwt (token: string): boolean { return token.split('.').length >= 3 }

/**
 * True when JSON text names a member twice in one object. Parsers disagree on which one counts, so what one of them
 * checked need not be what another one uses. The text must be valid JSON otherwise.
 */
export function hasDuplicateMembers (json: string): boolean {
  const objects: Array<Set<string> | undefined> = []
  const tokens = json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)
  for (const [token, colon] of tokens) {
    if (token === '{') objects.push(new Set())
    else if (token === '[') objects.push(undefined)
    else if (token === '}' || token === ']') objects.pop()
    else if (colon !== undefined) {
      const names = objects.at(-1)
      // Read as JSON: "\u0065xp" and "exp" are one name.
      const name = String(JSON.parse(token.slice(0, -colon.length)))
      if (names?.has(name)) return true
      names?.add(name)
    }
  }
  return false
}

/** Why this is not a signed JWT worth verifying, or undefined. */
export function tokenFault (token: string): string | undefined {
  const parts = token.split('.').map(decodeBase64Url)
  if (!SIGNED.test(token) || parts.includes(undefined)) return 'it is not a signed JWT of three parts'
  for (const part of parts.slice(0, 2)) {
    const json = String(part)
    try {
      JSON.parse(json)
    } catch {
      return 'it does not hold JSON'
    }
    if (hasDuplicateMembers(json)) return 'it names a claim twice'
  }
  return undefined
}
