import { asUnknown } from './answers.ts'
import { Memory, type Kept } from './memory.ts'
import { Moved, newId, type Session } from './session.ts'
import type { UploaderOptions, UploadOptions } from './types.ts'
import { UploadError } from './upload-error.ts'

export interface ChunkOptions {
  readonly chunkBytes: number
  readonly fields: UploadOptions['fields']
  readonly storage: UploaderOptions['storage']
}

/** Cloudinary knows the upload no longer. */
class Forgotten extends Error {}

const fresh = (chunkBytes: number): Kept => ({ id: newId(), done: 0, chunkBytes, time: 0 })

/** Whether the upstream says that it does not know the chunks before this one. */
const isForgetting = (error: unknown): boolean =>
  error instanceof UploadError && [400, 404, 409, 410, 416].includes(error.status)

const MISSING = new UploadError({
  code: 'upstream_failed', detail: 'Cloudinary has the last chunk, but not all before it.', advice: 'Try again.', retryable: true
})

/** Goes on after the last finished chunk. */
async function inOrder (session: Session, kept: Kept, memory: Memory): Promise<object> {
  const { size } = session
  let isFirst = kept.done > 0
  const mayBeStored = kept.ending
  for (;;) {
    const start = kept.done
    const end = Math.min(size, start + kept.chunkBytes)
    if (end === size) memory.write({ ...kept, ending: true })
    let answer: Record<string, unknown>
    try {
      answer = await session.send({ start, end, chunkOf: kept.id })
    } catch (error) {
      if (!isFirst || !isForgetting(error)) throw error
      throw mayBeStored ? asUnknown(error as UploadError) : new Forgotten() // as `isForgetting` has found
    }
    if (end === size) {
      if (answer['done'] !== false) return answer
      if (session.unclear || mayBeStored) throw asUnknown(MISSING)
      throw new Forgotten()
    }
    isFirst = false
    kept = { ...kept, done: end }
    memory.write(kept)
  }
}

/** Sends a file chunk by chunk. After a reload the same file goes on where it was; bytes are never kept. */
export async function sendInChunks (session: Session, { chunkBytes, fields, storage }: ChunkOptions): Promise<object> {
  const form = await session.ready()
  const { name, size, lastModified } = session.file as File // text has no size, and is sent whole
  const { timestamp: _now, signature: _proof, public_id: _chosen, ...settings } = form.fields
  const memory = new Memory(name === undefined ? null : storage, [form.upload_url, name, size, lastModified, fields, settings])
  try {
    const result = await inOrder(session, memory.read() ?? fresh(chunkBytes), memory).catch(async (error: unknown) => {
      if (!(error instanceof Forgotten) && !(error instanceof Moved)) throw error
      return await inOrder(session, fresh(chunkBytes), memory)
    }).catch((error: unknown) => { throw error instanceof Forgotten ? MISSING : error })
    memory.forget()
    return result
  } catch (error) {
    // What failed in passing can go on later.
    if (!(error instanceof UploadError && error.retryable)) memory.forget()
    throw error
  } finally {
    memory.close()
  }
}
