import { GatewayError } from '../../errors.ts'

/** What a token says of its holder. */
export type Claims = Readonly<Record<string, unknown>>

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
  if (/[\p{Cc}\p{Cs}]/u.test(bare)) return 'must not hold control characters or half of a Unicode character'
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

/** The places in `name` that a match may have come to after `part`, given those before it: a flag for each place. */
function advanced (name: string, before: readonly boolean[], part: string): boolean[] {
  const after = new Array<boolean>(name.length + 1).fill(false)
  for (let place = 0; place < name.length; place++) {
    if (part !== '*' && part !== '**') {
      if (before[place] && name.startsWith(part, place)) after[place + part.length] = true
    } else if ((before[place] || after[place]) && (part === '**' || name[place] !== '/')) after[place + 1] = true
  }
  return after
}

/** A whole-name matcher: `*` stands for anything inside one segment, `**` for anything at all; neither for nothing. */
export class Pattern {
  readonly text: string
  /** What the name must begin with, and what follows that. */
  readonly #start: string
  readonly #parts: readonly string[]

  constructor (text: string) {
    this.text = text
    const [start = '', ...parts] = text.split(/(\*{1,2})/)
    this.#start = start
    this.#parts = parts.filter((part) => part !== '')
  }

  /** In a time that grows with the name and not faster: an expression that tries one way after the other takes its square, or worse. */
  matches (name: string): boolean {
    if (this.#parts.length === 0) return name === this.text
    if (!name.startsWith(this.#start)) return false
    const rest = name.slice(this.#start.length)
    let places = [true]
    for (const part of this.#parts) places = advanced(rest, places, part)
    return places[rest.length] === true
  }
}

/** True when at least one pattern matches the name. */
export function fitsAny (patterns: readonly Pattern[], name: string): boolean {
  return patterns.some((pattern) => pattern.matches(name))
}

/** Patterns with the claims of one caller put in. */
export function compilePatterns (texts: readonly string[], claims: Claims): Pattern[] {
  return texts.map((text) => new Pattern(fillClaims(text, claims)))
}
