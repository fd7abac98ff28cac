import { invalidRequest } from '../errors.ts'

/** As the official client knows them. */
const HEAD = /^data:[\w.+-]*(?:\/[\w.+-]+)?(?:;[\w.+-]+=[\w.+"-]*)*;base64,/i
/** Enough for any media type with its attributes. */
const LONGEST_HEAD = 256
const COMMA = 0x2c
const EQUALS = 0x3d

export const isDataUri = (text: string): boolean => /^data:/i.test(text)

/**
 * Length of `data:<media type>;base64,`, with which the text begins; more of the text may follow later.
 * @throws {GatewayError} `invalid_request` when it begins otherwise.
 */
export function dataUriHead (text: string): number {
  const head = HEAD.exec(text.slice(0, LONGEST_HEAD))?.[0]
  if (head === undefined) throw invalidRequest([{ pointer: '/file', message: 'is not a base64 data URI: data:<media type>;base64,<data>' }])
  return head.length
}

/** Bytes that the base64 of a data URI stands for, counted while its text comes in pieces. Line breaks count like data. */
export class DecodedSize {
  #inHead = true
  #characters = 0
  #padding = 0

  /** Bytes of what came so far, never more than those of the whole. */
  get bytes (): number { return Math.floor((this.#characters - Math.min(this.#padding, 2)) * 3 / 4) }

  add (piece: Buffer): void {
    let start = 0
    if (this.#inHead) {
      // No media type has a comma in it.
      start = piece.indexOf(COMMA) + 1
      if (start === 0) return
      this.#inHead = false
    }
    this.#characters += piece.length - start
    for (let at = piece.length - 1; at >= start && piece[at] === EQUALS; at--) this.#padding++
  }
}
