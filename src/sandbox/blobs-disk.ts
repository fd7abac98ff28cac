import { createHash, randomBytes, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { BlobRange, BlobStore, Draft, StoredBlob } from './blobs.ts'

const KEY = /^[0-9a-f]{32}$/

/** Bytes as files: written under a temporary name, synced, renamed, and the folder synced, in this order. */
export class DiskBlobs implements BlobStore {
  readonly #folder: string
  private constructor (folder: string) { this.#folder = folder }

  static async open (folder: string): Promise<DiskBlobs> {
    await mkdir(folder, { recursive: true })
    return new DiskBlobs(folder)
  }

  async write (source: AsyncIterable<Uint8Array>, { durable = true } = {}): Promise<StoredBlob> {
    const draft = await FileDraft.open(this.#folder)
    try {
      for await (const chunk of source) await draft.push(chunk)
      return await draft.finish(durable)
    } catch (error) {
      await draft.discard()
      throw error
    }
  }

  async stat (key: string): Promise<{ bytes: number } | undefined> {
    try {
      return { bytes: (await stat(this.path(key))).size }
    } catch {
      return undefined
    }
  }

  read (key: string, range: BlobRange = {}): Readable {
    return createReadStream(this.path(key), range)
  }

  buffer (key: string): Promise<Buffer> {
    return readFile(this.path(key))
  }

  path (key: string): string {
    if (!KEY.test(key)) throw new Error('Not a blob key')
    return join(this.#folder, key)
  }

  async remove (key: string): Promise<void> {
    await rm(this.path(key), { force: true })
  }

  async draft (): Promise<Draft> {
    const draft = await FileDraft.open(this.#folder)
    return {
      get bytes () { return draft.bytes },
      append: (key) => draft.append(this.read(key)),
      finish: () => draft.finish(true),
      discard: () => draft.discard()
    }
  }

  async sweep (known: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (!known.has(name)) await rm(join(this.#folder, name), { force: true })
    }
  }
}

/** A file under a temporary name, with the hashes of what it holds so far. */
class FileDraft {
  bytes = 0
  #md5: Hash = createHash('md5')
  #sha256: Hash = createHash('sha256')
  #closed = false
  readonly #folder: string
  readonly #key: string
  readonly #file: FileHandle

  private constructor (folder: string, key: string, file: FileHandle) {
    this.#folder = folder
    this.#key = key
    this.#file = file
  }

  static async open (folder: string): Promise<FileDraft> {
    const key = randomBytes(16).toString('hex')
    return new FileDraft(folder, key, await open(join(folder, `${key}.part`), 'wx'))
  }

  async push (chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length;) {
      const { bytesWritten } = await this.#file.write(chunk, done, chunk.length - done, this.bytes + done)
      done += bytesWritten
    }
    this.#md5.update(chunk)
    this.#sha256.update(chunk)
    this.bytes += chunk.length
  }

  async append (source: AsyncIterable<Uint8Array>): Promise<void> {
    const [bytes, md5, sha256] = [this.bytes, this.#md5.copy(), this.#sha256.copy()]
    try {
      for await (const chunk of source) await this.push(chunk)
    } catch (error) {
      await this.#file.truncate(bytes)
      this.bytes = bytes
      this.#md5 = md5
      this.#sha256 = sha256
      throw error
    }
  }

  async finish (durable: boolean): Promise<StoredBlob> {
    if (durable) await this.#file.sync()
    await this.#close()
    await rename(this.#part, join(this.#folder, this.#key))
    if (durable) await syncFolder(this.#folder)
    return { key: this.#key, bytes: this.bytes, md5: this.#md5.digest('hex'), sha256: this.#sha256.digest('hex') }
  }

  async discard (): Promise<void> {
    await this.#close()
    await rm(this.#part, { force: true })
  }

  async #close (): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#file.close()
  }

  get #part (): string { return join(this.#folder, `${this.#key}.part`) }
}

async function syncFolder (folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
