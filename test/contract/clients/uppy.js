// Uppy is published as modules alone: a page gets this as one script, as its users bundle it.
export { default as Uppy } from '@uppy/core'
export { default as XHRUpload } from '@uppy/xhr-upload'
