import type { Readable } from 'node:stream'

/** Ends a read that was waiting because the source is no longer wanted. */
export class SourceStopped extends Error {
  override readonly name = 'SourceStopped'
}

/**
 * Pulls from a stream, one chunk per call. Unlike the stream's own iterator it can be stopped while a read is waiting,
 * leaves the stream alone when it is stopped, and takes an end without `end` for the failure that it is.
 */
export class ByteReader {
  readonly #stream: Readable
  #wake: (() => void) | undefined
  #failure: Error | undefined
  #ended = false

  constructor (stream: Readable) {
    this.#stream = stream
    const wake = (): void => this.#wake?.()
    stream.on('readable', wake)
    stream.on('end', () => {
      this.#ended = true
      wake()
    })
    stream.on('error', (error: Error) => this.#fail(error))
    stream.on('close', () => { if (!this.#ended) this.#fail(new SourceStopped('the source closed before its end')) })
    if (stream.destroyed && !stream.readableEnded) this.#fail(stream.errored ?? new SourceStopped('the source was closed before it was read'))
  }

  /** The next bytes, or undefined at the end. `onWait` is called when there are none yet; what it returns, when there are. */
  async next (onWait?: () => () => void): Promise<Buffer | undefined> {
    let resumed: (() => void) | undefined
    try {
      for (;;) {
        if (this.#failure) throw this.#failure
        const chunk: Buffer | null = this.#stream.read()
        if (chunk !== null) return chunk
        if (this.#ended || this.#stream.readableEnded) return undefined
        resumed ??= onWait?.()
        await new Promise<void>((resolve) => { this.#wake = resolve })
      }
    } finally {
      this.#wake = undefined
      resumed?.()
    }
  }

  /** Makes a waiting and every later read fail with `reason`. */
  stop (reason: Error): void { this.#fail(reason) }

  #fail (error: Error): void {
    this.#failure ??= error
    this.#wake?.()
  }
}
