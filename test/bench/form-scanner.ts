import { createHash, type Hash } from 'node:crypto'

const MAX_HEAD = 1024 * 1024

/**
 * Finds the part named `file` in a multipart body, on its own terms: it shares nothing with what writes such bodies
 * here. A body of another kind is the file itself.
 */
export class FormScanner {
  readonly #next: Buffer | undefined
  readonly #hash: Hash | undefined
  #state: 'head' | 'file' | 'after'
  #held: Buffer = Buffer.alloc(0)
  bytes = 0
  /** True for a file given as text, such as a data URI: its bytes stand for others. */
  isText = false

  constructor (contentType: string, hash: Hash | undefined) {
    const [, quoted, plain] = /boundary=(?:"([^"]+)"|([^;\s]+))/.exec(contentType) ?? []
    const boundary = quoted ?? plain
    this.#hash = hash
    this.#next = boundary === undefined ? undefined : Buffer.from(`\r\n--${boundary}`)
    this.#state = boundary === undefined ? 'file' : 'head'
  }

  /** True once the file has had its end: of a multipart body, its next boundary. */
  get whole (): boolean { return this.#next === undefined || this.#state === 'after' }

  write (chunk: Buffer): void {
    if (this.#state === 'after') return
    if (this.#next === undefined) return this.#take(chunk)
    let data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = Buffer.alloc(0)
    if (this.#state === 'head') {
      const name = data.indexOf('name="file"')
      const end = name < 0 ? -1 : data.indexOf('\r\n\r\n', name)
      if (end < 0) {
        if (data.length > MAX_HEAD) throw new Error('a form without a file')
        this.#held = data
        return
      }
      this.#state = 'file'
      this.isText = !data.subarray(name, end).includes('filename=')
      data = data.subarray(end + 4)
    }
    const end = data.indexOf(this.#next)
    if (end >= 0) {
      this.#state = 'after'
      return this.#take(data.subarray(0, end))
    }
    // A boundary may be cut in two: only from its first character on must bytes wait.
    const maybe = data.indexOf(13, Math.max(0, data.length - this.#next.length))
    const sure = maybe < 0 ? data.length : maybe
    this.#take(data.subarray(0, sure))
    this.#held = Buffer.from(data.subarray(sure))
  }

  #take (file: Buffer): void {
    this.bytes += file.length
    this.#hash?.update(file)
  }
}

export const newHash = (): Hash => createHash('md5')
