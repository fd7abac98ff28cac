import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { BlobRange, BlobStore, Draft, StoredBlob } from './blobs.ts'

/** Bytes in memory, for `:memory:`. Chunks are kept as they came, so that a large upload is not copied. */
export class MemoryBlobs implements BlobStore {
  readonly #blobs = new Map<string, Uint8Array[]>()

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
    const chunks: Uint8Array[] = []
    return {
      key: randomBytes(16).toString('hex'),
      get bytes () { return total(chunks) },
      append: async (key) => { chunks.push(...this.#chunks(key)) },
      finish: async () => this.#keep(chunks),
      discard: async () => { chunks.length = 0 },
      close: async () => {}
    }
  }

  /** Nothing outlives the process. */
  async resume (): Promise<undefined> {}

  async discard (): Promise<void> {}

  async sweep ({ blobs }: { blobs: ReadonlySet<string> }): Promise<void> {
    for (const key of this.#blobs.keys()) if (!blobs.has(key)) this.#blobs.delete(key)
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
