const DATA = 0
const LINE_END = 1
const PADDING = 2
const OTHER = 3

/** Kind of each byte in base64 text. */
const KINDS = new Uint8Array(256).fill(OTHER)
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') KINDS[character.charCodeAt(0)] = DATA
for (const character of '\r\n') KINDS[character.charCodeAt(0)] = LINE_END
KINDS['='.charCodeAt(0)] = PADDING

const LONE_CHARACTER = 'ends with a single base64 character after the last group of four: characters were lost'

/** Names a byte that base64 does not have, and the most likely mistake. */
function strangeByte (byte: number): string {
  const character = String.fromCharCode(byte)
  if (character === ' ') return 'a blank, most likely a lost "+": percent-encode "+" as %2B in urlencoded forms'
  if (character === '-' || character === '_') return `"${character}" of the URL-safe alphabet: write "+" for "-" and "/" for "_"`
  if (character === '%') return '"%": percent-encode the whole field once, in urlencoded forms only'
  return byte < 0x80 ? `${JSON.stringify(character)}, which is not a base64 character` : 'a character outside ASCII, which is not a base64 character'
}

/** Where the run of data ends that begins at `start`. In a loop of its own: a file is nearly all data. */
function endOfData (piece: Uint8Array, start: number): number {
  let at = start
  while (at < piece.length && KINDS[piece[at] as number] === DATA) at++ // within the piece
  return at
}

/**
 * Checks base64 text that arrives in pieces, and counts the bytes it stands for. Line ends, missing padding and
 * spare bits in the last character are fine: they do not change the bytes. Everything else that `Buffer.from`
 * skips in silence is a fault.
 */
export class Base64Check {
  #characters = 0
  #padding = 0
  #lineEnds = 0

  /** Bytes that the text read so far stands for. */
  get bytes (): number { return Math.floor(this.#characters * 3 / 4) }
  get lineEnds (): number { return this.#lineEnds }
  /** Position of the next character, counted from 1. */
  get #place (): number { return this.#characters + this.#padding + this.#lineEnds + 1 }

  /** Reads `piece` from `start` on. Returns what is wrong with it, or undefined. */
  add (piece: Uint8Array, start = 0): string | undefined {
    let at = start
    while (at < piece.length) {
      const end = this.#padding === 0 ? endOfData(piece, at) : at
      this.#characters += end - at
      at = end + 1
      const byte = piece[end]
      if (byte === undefined) break
      const kind = KINDS[byte]
      if (kind === LINE_END) this.#lineEnds++
      else if (kind === PADDING && this.#characters % 4 === 1) return LONE_CHARACTER
      else if (kind === PADDING && this.#padding < (4 - this.#characters % 4) % 4) this.#padding++
      else if (kind === OTHER) return `has at character ${this.#place} of its base64 ${strangeByte(byte)}`
      else return `has a misplaced "=" at or before character ${this.#place} of its base64`
    }
    return undefined
  }

  /** Returns what is wrong with text that ends here, or undefined. */
  end (): string | undefined { return this.#characters % 4 === 1 ? LONE_CHARACTER : undefined }
}

/** Decodes unpadded base64url, such as a part of a JWT; undefined for any other text. */
export function decodeBase64Url (text: string): Buffer | undefined {
  return /^[A-Za-z0-9_-]*$/.test(text) && text.length % 4 !== 1 ? Buffer.from(text, 'base64url') : undefined
}
