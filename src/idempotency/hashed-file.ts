import { createHash } from 'node:crypto'
import { finished, Transform } from 'node:stream'
import type { StreamedFile } from '../input/forms/upload-form.ts'

/** A file whose SHA-256 is computed while somebody else reads it. Nothing is held. */
export class HashedFile {
  /** To be read instead of the original. */
  readonly file: StreamedFile
  readonly #hash = createHash('sha256')
  #bytes = 0

  /** The reader sees the end of the file only after `atEnd`; what that throws fails the file instead. */
  constructor (file: StreamedFile, atEnd: () => Promise<void>) {
    const through = new Transform({
      readableObjectMode: true, // chunks stay as they are instead of being joined
      transform: (chunk: Buffer, _encoding, done) => {
        this.#hash.update(chunk)
        this.#bytes += chunk.length
        done(null, chunk)
      },
      flush: (done) => { atEnd().then(() => done(), done) }
    })
    // A reader meets the failure; one that comes before anything reads must not end the process.
    through.on('error', () => {})
    finished(file.stream, { writable: false }, (error) => { if (error) through.destroy(error) })
    file.stream.pipe(through)
    const stop = (): void => {
      file.stream.unpipe(through)
      through.destroy() // its end must not come any more
      file.stop()
    }
    this.file = { ...file, stream: through, stop }
  }

  /** Bytes that came so far. */
  get bytes (): number { return this.#bytes }
  /** Hex SHA-256 of the bytes that came so far. */
  get sha256 (): string { return this.#hash.copy().digest('hex') }
}

/** The same for a text that stands for a file: a URL, a data URI, a path. */
export class HashedText {
  readonly file: string
  readonly sha256: string
  readonly bytes: number

  constructor (text: string) {
    this.file = text
    this.sha256 = createHash('sha256').update(text).digest('hex')
    this.bytes = Buffer.byteLength(text)
  }
}
