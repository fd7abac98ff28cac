import { checkStored } from './client/answers.ts'
import { sendInChunks } from './client/chunks.ts'
import { Gateway } from './client/gateway.ts'
import { checkUpload, checkUploader } from './client/options.ts'
import { Session, type Shared } from './client/session.ts'
import type { Asset, Upload, Uploader, UploaderOptions, UploadOptions } from './client/types.ts'
import { createTurns } from './client/waiting.ts'

export { UploadError, type ErrorItem, type Problem } from './client/upload-error.ts'
export type * from './client/types.ts'

const CHUNK_BYTES = 20_000_000
const PARALLEL = 3

async function run (
  session: Session, { fields = {}, chunkBytes }: UploadOptions, { options }: Shared
): Promise<Asset> {
  const bytes = chunkBytes ?? options.chunkBytes ?? CHUNK_BYTES
  try {
    const isWhole = options.via === 'gateway' || session.size <= bytes
    const asset = await (isWhole
      ? session.send({ start: 0, end: session.size })
      : sendInChunks(session, { chunkBytes: bytes, fields, storage: options.storage }))
    if (session.file instanceof Blob) checkStored({ ...asset }, session.size)
    session.tell('done', session.size)
    return asset as Asset // as Cloudinary documents it
  } catch (error) {
    if (!session.isAborted || !session.unclear) throw error
    const text = 'The upload was aborted. The file may have been stored all the same. Look whether the asset exists.'
    throw Object.assign(new DOMException(text, 'AbortError'), { outcome: 'unknown' })
  } finally {
    session.end()
  }
}

/** Returns an uploader, which sends as many files at once as `parallel` says and lets the others wait. */
export function createUploader (options: UploaderOptions): Uploader {
  checkUploader(options)
  const gateway = new Gateway(options)
  const shared = { options, gateway, turn: createTurns(options.parallel ?? PARALLEL) }
  return {
    upload (file, uploadOptions = {}) {
      checkUpload(file, uploadOptions)
      const session = new Session(file, uploadOptions, shared)
      return Object.assign(run(session, uploadOptions, shared), {
        pause: () => session.pause(),
        resume: () => session.resume(),
        abort: () => session.abort()
      })
    },
    rules: async ({ signal = new AbortController().signal } = {}) => await gateway.rules(signal)
  }
}

/** Uploads one file, or what a URL leads to. */
export function upload (
  file: Blob | string, { fields, onProgress, signal, ...options }: UploaderOptions & UploadOptions
): Upload {
  return createUploader(options).upload(file, { fields, onProgress, signal })
}
