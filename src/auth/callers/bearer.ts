/** Longest token taken, in bytes. */
export const MAX_TOKEN_BYTES = 8 * 1024

/** RFC 6750: one scheme, one blank, one token of these characters, and nothing after it. */
const CREDENTIALS = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i

/** `absent`: nothing was sent. `refused`: something was, and it is no bearer token; `reason` is for the caller. */
export type BearerResult =
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused', readonly reason: string }
  | { readonly kind: 'token', readonly token: string }

const refused = (reason: string): BearerResult => ({ kind: 'refused', reason })

/**
 * Reads the bearer token out of Node's `rawHeaders` (name, value, name, value ...). The raw list is used because Node
 * keeps the first of two `Authorization` headers and drops the other in silence; who sends two is refused.
 */
export function bearerToken (rawHeaders: readonly string[]): BearerResult {
  let value: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string // names and values take turns
    if (name.length !== 'authorization'.length || name.toLowerCase() !== 'authorization') continue
    if (value !== undefined) return refused('Send one Authorization header, not several.')
    value = rawHeaders[index + 1]
  }
  if (value === undefined) return { kind: 'absent' }
  if (value.length > MAX_TOKEN_BYTES + 'Bearer '.length) return refused(`The token is longer than ${MAX_TOKEN_BYTES} bytes.`)
  const token = CREDENTIALS.exec(value)?.[1]
  return token === undefined ? refused('The Authorization header must read "Bearer <key>".') : { kind: 'token', token }
}
