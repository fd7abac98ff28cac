import type { Upload, Uploader, UploaderOptions, UploadOptions } from './client/types.ts'

export { UploadError } from './client/upload-error.ts'
export type * from './client/types.ts'

/** Returns an uploader, which sends as many files at once as `parallel` says and lets the others wait. */
export function createUploader (options: UploaderOptions): Uploader {
  throw new TypeError(`not built: ${String(options)}`)
}

/** Uploads one file, or what a URL leads to. */
export function upload (file: Blob | string, options: UploaderOptions & UploadOptions): Upload {
  return createUploader(options).upload(file, options)
}
