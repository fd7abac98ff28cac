import { createHash, randomBytes, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, readdir, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises'
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

  async keep (bytes: Uint8Array): Promise<string> {
    const key = newKey()
    // Under its own name at once: until a record names it, a half-written one is swept away.
    await writeFile(this.path(key), bytes, { flag: 'wx' })
    return key
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
    return this.#opened(await FileDraft.open(this.#folder))
  }

  async resume (key: string, bytes: number): Promise<Draft | undefined> {
    // It may have been made a blob already, in the moment before the process ended.
    await rename(this.path(key), `${this.path(key)}.part`).catch(() => {})
    const draft = await FileDraft.resume(this.#folder, key, bytes)
    return draft && this.#opened(draft)
  }

  async discard (key: string): Promise<void> {
    await rm(`${this.path(key)}.part`, { force: true })
  }

  async sweep ({ blobs, drafts }: { blobs: ReadonlySet<string>, drafts: ReadonlySet<string> }): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (!blobs.has(name) && !drafts.has(name.replace(/\.part$/, ''))) await rm(join(this.#folder, name), { force: true })
    }
  }

  #opened (draft: FileDraft): Draft {
    return {
      key: draft.key,
      get bytes () { return draft.bytes },
      append: (key) => draft.append(this.read(key)),
      finish: () => draft.finish(true),
      discard: () => draft.discard(),
      close: () => draft.close()
    }
  }
}

/** A file under a temporary name, with the hashes of what it holds so far. */
class FileDraft {
  bytes = 0
  #md5: Hash = createHash('md5')
  #sha256: Hash = createHash('sha256')
  #closed = false
  readonly key: string
  readonly #folder: string
  readonly #file: FileHandle

  private constructor (folder: string, key: string, file: FileHandle) {
    this.#folder = folder
    this.key = key
    this.#file = file
  }

  static async open (folder: string): Promise<FileDraft> {
    const key = newKey()
    return new FileDraft(folder, key, await open(join(folder, `${key}.part`), 'wx'))
  }

  /** Goes on with a file of an earlier process. What it holds beyond `bytes` was never acknowledged. */
  static async resume (folder: string, key: string, bytes: number): Promise<FileDraft | undefined> {
    const path = join(folder, `${key}.part`)
    const file = await open(path, 'r+').catch(() => undefined)
    if (!file) return undefined
    const draft = new FileDraft(folder, key, file)
    if ((await file.stat()).size < bytes) {
      await draft.close()
      return undefined
    }
    await file.truncate(bytes)
    for await (const chunk of createReadStream(path)) draft.#count(chunk)
    return draft
  }

  async push (chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length;) {
      const { bytesWritten } = await this.#file.write(chunk, done, chunk.length - done, this.bytes + done)
      done += bytesWritten
    }
    this.#count(chunk)
  }

  async append (source: AsyncIterable<Uint8Array>): Promise<void> {
    const [bytes, md5, sha256] = [this.bytes, this.#md5.copy(), this.#sha256.copy()]
    try {
      for await (const chunk of source) await this.push(chunk)
      await this.#file.datasync()
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
    await this.close()
    await rename(this.#part, join(this.#folder, this.key))
    if (durable) await syncFolder(this.#folder)
    return { key: this.key, bytes: this.bytes, md5: this.#md5.digest('hex'), sha256: this.#sha256.digest('hex') }
  }

  async discard (): Promise<void> {
    await this.close()
    await rm(this.#part, { force: true })
  }

  async close (): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#file.close()
  }

  #count (chunk: Uint8Array): void {
    this.#md5.update(chunk)
    this.#sha256.update(chunk)
    this.bytes += chunk.length
  }

  get #part (): string { return join(this.#folder, `${this.key}.part`) }
}

function newKey (): string {
  return randomBytes(16).toString('hex')
}

async function syncFolder (folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
