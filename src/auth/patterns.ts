import { GatewayError } from '../errors.ts'
import type { Claims } from './caller.ts'

/** `{sub}` and the like: the name of a claim in braces. */
const PLACEHOLDER = /\{([A-Za-z0-9_.:/-]{1,128})\}/g
/** What a claim may bring into a name: no separator of paths, patterns, parameters or encodings. */
const PLAIN_VALUE = /^[^/\\%*{}|=&,"<>\s\p{Cc}\p{Cs}]{1,200}$/u

/** Names of the claims that `text` wants. */
export function placeholders (text: string): string[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name)
}

/** Why `text` is not a pattern, or undefined. */
export function patternFault (text: string): string | undefined {
  const bare = text.replace(PLACEHOLDER, 'x')
  if (/[{}]/.test(bare)) return 'has a brace that is not part of a {claim}'
  if (/\*{3}/.test(bare)) return 'has more than two * in a row'
  if (/^\/|\/$|\/\/|\\|\s$|^\s/.test(bare) || bare === '') return 'must not be empty, begin or end with a blank or a slash, or hold an empty segment or a backslash'
  return undefined
}

/**
 * Puts claims into `text`. A claim that is absent, or holds a separator, a dot segment or text that is not NFC, is
 * refused: it would let the one who chooses it (a user name, an e-mail address) leave their folder.
 * @throws {GatewayError} `forbidden`, naming the claim and not its value.
 */
export function fillClaims (text: string, claims: Claims): string {
  return text.replace(PLACEHOLDER, (_whole, name: string) => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined
    const written = typeof value === 'number' ? String(value) : value
    if (typeof written !== 'string' || !PLAIN_VALUE.test(written) || /^\.+$/.test(written) || written.normalize('NFC') !== written) {
      throw new GatewayError('forbidden', `The claim "${name}" of this token is absent, or cannot be part of a name.`)
    }
    return written
  })
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** A whole-name matcher: `*` stands for anything inside one segment, `**` for anything at all. */
export class Pattern {
  readonly text: string
  readonly #test: RegExp

  constructor (text: string) {
    this.text = text
    const source = text.split(/(\*{1,2})/).map((part) => part === '**' ? '.+' : part === '*' ? '[^/]+' : escaped(part)).join('')
    this.#test = new RegExp(`^${source}$`, 'su')
  }

  matches (name: string): boolean { return this.#test.test(name) }
}

/** Patterns with the claims of one caller put in. */
export function compilePatterns (texts: readonly string[], claims: Claims): Pattern[] {
  return texts.map((text) => new Pattern(fillClaims(text, claims)))
}
