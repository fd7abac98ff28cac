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

/** True when the upstream may have forgotten the chunks before this one. */
const isForgetting = (error: unknown): boolean =>
  error instanceof UploadError && [400, 404, 409, 410, 416].includes(error.status)

/**
 * Sends the chunks after the last finished one.
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
    const missing = lost('Cloudinary', 'misses some chunks')
    try {
      const answer = await session.send({ start, end, chunkOf: kept.id })
      if (isLast) {
        if (answer['done'] === false) throw missing
        return answer
      }
    } catch (error) {
      if (error !== missing && (start !== resumedAt || !isForgetting(error))) throw error
      memory.write()
      if (ending || session.unclear) throw asUnknown(error as UploadError) // both are
      if (resumedAt > 0) return undefined
      throw error
    }
    kept = { ...kept, done: end }
    memory.write(kept)
  }
}

/** Sends a file chunk by chunk. After a reload the same file continues after its last finished chunk. */
export async function sendInChunks (
  session: Session, { chunkBytes, fields, storage }: ChunkOptions
): Promise<object> {
  const form = await session.ready()
  const { name, size, lastModified } = session.file as File // text has no size, and is sent whole
  const { timestamp: _now, signature: _proof, public_id: _chosen, ...settings } = form.fields
  const memory = await createMemory(name ? storage : null, [
    form.upload_url, name, size, lastModified, fields, settings
  ])
  try {
    const known = memory.read()
    const fresh = { id: newId(), done: 0, chunkBytes, time: 0 }
    const asset = (known && await inOrder(session, known, memory)) ?? await inOrder(session, fresh, memory)
    memory.write()
    return asset as object // nothing that is fresh is forgotten
  } catch (error) {
    // A temporary failure can be resumed later, and so can an expired session after signing in again.
    const mayResume = error instanceof UploadError && (error.retryable || error.outcome || error.status === 401)
    if (!mayResume) memory.write()
    throw error
  } finally {
    memory.close()
  }
}
