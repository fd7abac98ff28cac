import type { IncomingHttpHeaders } from 'node:http'

/** Matches the names, in lower case, of headers that ask for another method than the request line. */
export const METHOD_OVERRIDE = /method-?override|^(?:x-)?(?:http|original|tunnel|rewrite)-method$|^x-method$/

/** True when a header asks for another method than the request line. */
export function overridesMethod (headers: IncomingHttpHeaders): boolean {
  return Object.keys(headers).some((name) => METHOD_OVERRIDE.test(name))
}
