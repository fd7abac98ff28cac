const WIDTH = 24
/** Goes to the beginning of the line and clears it. */
const CLEAR = '\r\u001b[K'

interface ProgressOptions {
  /** Writes to the terminal; undefined when there is none. */
  readonly write: ((text: string) => void) | undefined
  /** Bytes of each file. */
  readonly sizes: readonly number[]
}

/** Shows at the bottom of a terminal how much has been sent. Without a terminal it draws nothing. */
export class ProgressBar {
  readonly #write: ((text: string) => void) | undefined
  readonly #files: number
  readonly #sent = new Map<number, number>()
  readonly #totalBytes: number
  #sentBytes = 0
  #done = 0
  #shown = ''

  constructor ({ write, sizes }: ProgressOptions) {
    this.#write = write
    this.#files = sizes.length
    this.#totalBytes = sizes.reduce((sum, bytes) => sum + bytes, 0)
  }

  /** Notes that this much of a file has been sent. An attempt that is repeated begins anew. */
  sent (file: number, bytes: number): void {
    this.#sentBytes += bytes - (this.#sent.get(file) ?? 0)
    this.#sent.set(file, bytes)
    this.#draw()
  }

  /** Notes that a file is done, whatever became of it. */
  done (file: number, bytes: number): void {
    this.#done++
    this.sent(file, bytes)
  }

  /** Makes room for a line of text; the next step draws the bar again. */
  clear (): void {
    if (this.#shown !== '') this.#write?.(CLEAR)
    this.#shown = ''
  }

  /** Draws only what looks different, so that a fast upload does not keep the terminal busy. */
  #draw (): void {
    const sent = this.#totalBytes === 0 ? this.#done / this.#files : this.#sentBytes / this.#totalBytes
    const part = Math.min(sent, 1)
    const filled = Math.floor(part * WIDTH)
    const percent = `${Math.floor(part * 100)}`.padStart(3)
    const bar = '='.repeat(filled).padEnd(WIDTH)
    const line = `[${bar}] ${percent} %  ${this.#done} of ${this.#files} files`
    if (line === this.#shown) return
    this.#shown = line
    this.#write?.(`${CLEAR}${line}`)
  }
}
