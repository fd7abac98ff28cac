import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { BlobRange, BlobStore, Draft, StoredBlob } from './blobs.ts'

/** Bytes in memory, for `:memory:`. Chunks are kept as they came, so that a large upload is not copied. */
export class MemoryBlobs implements BlobStore {
  readonly #blobs = new Map<string, Uint8Array[]>()
  readonly #drafts = new Map<string, Uint8Array[]>()

  async write (source: AsyncIterable<Uint8Array>): Promise<StoredBlob> {
    const chunks: Uint8Array[] = []
    for await (const chunk of source) chunks.push(chunk)
    return this.#keep(chunks)
  }

  async keep (bytes: Uint8Array): Promise<string> {
    const key = newKey()
    this.#blobs.set(key, [bytes])
    return key
  }

  async stat (key: string): Promise<{ bytes: number } | undefined> {
    const chunks = this.#blobs.get(key)
    return chunks && { bytes: total(chunks) }
  }

  read (key: string, { start = 0, end = Infinity }: BlobRange = {}): Readable {
    return Readable.from(slices(this.#chunks(key), start, end), { objectMode: false })
  }

  async buffer (key: string): Promise<Buffer> {
    return Buffer.concat(this.#chunks(key))
  }

  path (): undefined {}

  async remove (key: string): Promise<void> {
    this.#blobs.delete(key)
  }

  async draft (): Promise<Draft> {
    return this.#draft(randomBytes(16).toString('hex'), [])
  }

  async resume (key: string, bytes: number): Promise<Draft | undefined> {
    const chunks = this.#drafts.get(key)
    return chunks && total(chunks) >= bytes ? this.#draft(key, [...slices(chunks, 0, bytes - 1)]) : undefined
  }

  async discard (key: string): Promise<void> {
    this.#drafts.delete(key)
  }

  async sweep ({ blobs }: { blobs: ReadonlySet<string> }): Promise<void> {
    for (const key of this.#blobs.keys()) if (!blobs.has(key)) this.#blobs.delete(key)
  }

  #draft (key: string, chunks: Uint8Array[]): Draft {
    this.#drafts.set(key, chunks)
    let bytes = total(chunks)
    return {
      key,
      get bytes () { return bytes },
      append: async (blob) => {
        for (const chunk of this.#chunks(blob)) {
          chunks.push(chunk)
          bytes += chunk.length
        }
      },
      finish: async () => {
        this.#drafts.delete(key)
        return this.#keep(chunks)
      },
      discard: () => this.discard(key),
      close: async () => {}
    }
  }

  #chunks (key: string): Uint8Array[] {
    const chunks = this.#blobs.get(key)
    if (!chunks) throw new Error(`No blob ${key}`)
    return chunks
  }

  #keep (chunks: Uint8Array[]): StoredBlob {
    const md5 = createHash('md5')
    const sha256 = createHash('sha256')
    for (const chunk of chunks) {
      md5.update(chunk)
      sha256.update(chunk)
    }
    const key = newKey()
    this.#blobs.set(key, chunks)
    return { key, bytes: total(chunks), md5: md5.digest('hex'), sha256: sha256.digest('hex') }
  }
}

function newKey (): string {
  return randomBytes(16).toString('hex')
}

function total (chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0)
}

function * slices (chunks: readonly Uint8Array[], start: number, end: number): Iterable<Uint8Array> {
  let at = 0
  for (const chunk of chunks) {
    const from = Math.max(0, start - at)
    const to = Math.min(chunk.length, end + 1 - at)
    if (from < to) yield chunk.subarray(from, to)
    at += chunk.length
  }
}
