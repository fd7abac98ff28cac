import { asUnknown } from './answers.ts'
import { createMemory, type Kept, type Memory } from './memory.ts'
import { newId, type Session } from './session.ts'
import type { UploaderOptions, UploadOptions } from './types.ts'
import { lost, UploadError } from './upload-error.ts'

export interface ChunkOptions {
  readonly chunkBytes: number
  readonly fields: UploadOptions['fields']
  readonly storage: UploaderOptions['storage']
}

/** Whether the upstream says that it does not know the chunks before this one. */
const isForgetting = (error: unknown): error is UploadError =>
  error instanceof UploadError && [400, 404, 409, 410, 416].includes(error.status)

/**
 * Goes on after the last finished chunk.
 * @returns undefined when Cloudinary has forgotten the chunks that were sent before a reload.
 */
async function inOrder (session: Session, kept: Kept, memory: Memory): Promise<object | undefined> {
  const { size } = session
  const { done: resumedAt, ending } = kept
  for (;;) {
    const start = kept.done
    const end = Math.min(size, start + kept.chunkBytes)
    const isLast = end === size
    if (isLast) memory.write({ ...kept, ending: true })
    let failure: UploadError | undefined
    try {
      const answer = await session.send({ start, end, chunkOf: kept.id })
      if (isLast) {
        if (answer['done'] !== false) return answer
        failure = lost('Cloudinary', 'misses some chunks')
      }
    } catch (error) {
      if (start !== resumedAt || !isForgetting(error)) throw error
      failure = error
    }
    if (failure) {
      memory.forget()
      if (ending || session.unclear) throw asUnknown(failure)
      if (resumedAt > 0) return undefined
      throw failure
    }
    kept = { ...kept, done: end }
    memory.write(kept)
  }
}

/** Sends a file chunk by chunk. After a reload the same file goes on where it was; bytes are never kept. */
export async function sendInChunks (session: Session, { chunkBytes, fields, storage }: ChunkOptions): Promise<object> {
  const form = await session.ready()
  const { name, size, lastModified } = session.file as File // text has no size, and is sent whole
  const { timestamp: _now, signature: _proof, public_id: _chosen, ...settings } = form.fields
  const memory = createMemory(name ? storage : null, [form.upload_url, name, size, lastModified, fields, settings])
  try {
    const known = memory.read()
    const fresh = { id: newId(), done: 0, chunkBytes, time: 0 }
    const asset = (known && await inOrder(session, known, memory)) ?? await inOrder(session, fresh, memory)
    memory.forget()
    return asset as object // nothing that is fresh is forgotten
  } catch (error) {
    // What failed in passing can go on later.
    if (!(error instanceof UploadError && (error.retryable || error.outcome))) memory.forget()
    throw error
  } finally {
    memory.close()
  }
}
