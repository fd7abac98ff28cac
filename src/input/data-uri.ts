import { invalidRequest, type GatewayError } from '../errors.ts'
import { Base64Check } from './base64.ts'

/** As the official client knows them. */
const HEAD = /^data:[\w.+-]*(?:\/[\w.+-]+)?(?:;[\w.+-]+=[\w.+"-]*)*;base64,/i
/** Enough for any media type with its attributes. */
const LONGEST_HEAD = 256
const COMMA = 0x2c

const fault = (message: string): GatewayError => invalidRequest([{ pointer: '/file', message }])

export const isDataUri = (text: string): boolean => /^data:/i.test(text)

/**
 * Length of `data:<media type>;base64,`, with which the text begins; more of the text may follow later.
 * @throws {GatewayError} `invalid_request` when it begins otherwise.
 */
export function dataUriHead (text: string): number {
  const beginning = text.slice(0, LONGEST_HEAD)
  const head = HEAD.exec(beginning)?.[0]
  if (head !== undefined) return head.length
  // `image/svg+xml` loses its "+" in the same way as the data behind it.
  const hint = HEAD.test(beginning.replaceAll(' ', '+')) ? '; it has a blank where a "+" was probably lost: percent-encode "+" as %2B in urlencoded forms' : ''
  throw fault(`is not a base64 data URI: data:<media type>;base64,<data>${hint}`)
}

const SCHEME = 'data:'
const ENCODING = ';base64,'

/**
 * Writes the scheme and the encoding of a data URI in lower case, as Cloudinary expects them.
 * @throws {GatewayError} `invalid_request` when the text is not a data URI.
 */
export function tidyHead (uri: Buffer): void {
  const head = dataUriHead(uri.toString('latin1', 0, LONGEST_HEAD))
  uri.write(SCHEME)
  uri.write(ENCODING, head - ENCODING.length)
}

/** The same for a data URI that is text. */
export function tidiedDataUri (text: string): string {
  const head = dataUriHead(text)
  return `${SCHEME}${text.slice(SCHEME.length, head - ENCODING.length)}${ENCODING}${text.slice(head)}`
}

/** Checks the base64 of a data URI while its text arrives in pieces, and counts the bytes it stands for. */
export class DataUriCheck {
  readonly #base64 = new Base64Check()
  #inHead = true

  /** Bytes that what came so far stands for. */
  get decodedBytes (): number { return this.#base64.bytes }

  /** Bytes that the limit of files is for: never more than the whole has. Line ends alone must have a limit too. */
  get bytes (): number { return Math.max(this.#base64.bytes, this.#base64.lineEnds) }

  /** @throws {GatewayError} `invalid_request` for anything but base64. */
  add (piece: Buffer): void {
    let start = 0
    if (this.#inHead) {
      // No media type has a comma in it.
      start = piece.indexOf(COMMA) + 1
      if (start === 0) return
      this.#inHead = false
    }
    const message = this.#base64.add(piece, start)
    if (message !== undefined) throw fault(message)
  }

  /** @throws {GatewayError} `invalid_request` when the text may not end here. */
  end (): void {
    const message = this.#base64.bytes === 0 ? this.#base64.end() ?? 'is empty: it has 0 bytes' : this.#base64.end()
    if (message !== undefined) throw fault(message)
  }
}
