/** What Cloudinary's words hold: the signature it was given, and the fields it built its string from. */
export interface RefusalText {
  readonly signature: string
  readonly fields: Readonly<Record<string, string>>
}

/** Source: Cloudinary's answer 401, "Invalid Signature <signature>. String to sign - '<fields>'." */
const REFUSAL = /Invalid Signature\s+(\S*?)\.\s*String to sign\s*-\s*'([^]*)'/i

/**
 * Reads the text of Cloudinary's refusal; undefined when it is another text. The string escapes nothing, so a `&` ends a
 * field only where one of the `known` names follows.
 */
export function readRefusal (text: string, known: ReadonlySet<string>): RefusalText | undefined {
  const [, signature, string] = REFUSAL.exec(text) ?? []
  if (signature === undefined || string === undefined) return undefined
  const fields: Record<string, string> = {}
  let name = ''
  for (const piece of string.split('&')) {
    const equals = piece.indexOf('=')
    const next = piece.slice(0, Math.max(equals, 0))
    if (known.has(next) && next > name) {
      name = next
      fields[name] = piece.slice(equals + 1)
    } else if (name !== '') {
      fields[name] += `&${piece}`
    }
  }
  return { signature, fields }
}
