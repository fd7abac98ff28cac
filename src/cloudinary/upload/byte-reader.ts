import type { Readable } from 'node:stream'

/** Ends a read that was waiting because the source is no longer wanted. */
export class SourceStopped extends Error {
  override readonly name = 'SourceStopped'
}

interface Waiting {
  readonly resolve: (chunk: Buffer | undefined) => void
  readonly reject: (error: Error) => void
}

const NOBODY: Waiting = { resolve: () => {}, reject: () => {} }

/**
 * Pulls from a stream, one chunk per call. Unlike the stream's own iterator it can be stopped while a read is waiting,
 * leaves the stream alone when it is stopped, and takes an end without `end` for the failure that it is. It listens to
 * `data` and holds the stream back while nobody reads; `readable` and `read()` take more turns for each chunk.
 */
export class ByteReader {
  readonly #stream: Readable
  readonly #queue: Buffer[] = []
  #waiting = NOBODY
  #failure: Error | undefined
  #ended = false

  constructor (stream: Readable) {
    this.#stream = stream
    stream.pause()
    stream.on('data', (chunk: Buffer) => this.#take(chunk))
    stream.on('end', () => {
      this.#ended = true
      this.#settle().resolve(undefined)
    })
    stream.on('error', (error: Error) => this.stop(error))
    stream.on('close', () => { if (!this.#ended) this.stop(new SourceStopped('the source closed before its end')) })
    if (stream.destroyed && !stream.readableEnded) this.stop(stream.errored ?? new SourceStopped('the source was closed before it was read'))
  }

  /** The next bytes, or undefined at the end. One read at a time. */
  next (): Promise<Buffer | undefined> {
    if (this.#failure) return Promise.reject(this.#failure)
    const queued = this.#queue.shift()
    if (queued !== undefined) return Promise.resolve(queued)
    if (this.#ended || this.#stream.readableEnded) return Promise.resolve(undefined)
    if (this.#stream.isPaused()) this.#stream.resume()
    return new Promise((resolve, reject) => { this.#waiting = { resolve, reject } })
  }

  /** Makes a waiting and every later read fail with `reason`. */
  stop (reason: Error): void {
    this.#failure ??= reason
    this.#settle().reject(this.#failure)
  }

  #take (chunk: Buffer): void {
    const waiting = this.#settle()
    waiting.resolve(chunk)
    if (waiting !== NOBODY) return
    this.#queue.push(chunk)
    this.#stream.pause()
  }

  #settle (): Waiting {
    const waiting = this.#waiting
    this.#waiting = NOBODY
    return waiting
  }
}
