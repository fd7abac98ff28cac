import type { Route } from '../api/call.ts'
import { contextPairs, metadata, tags } from './bulk.ts'
import { deleteByToken, destroy } from './destroy.ts'
import { explicit } from './explicit.ts'
import { rename } from './rename.ts'
import { upload, type UploadServices } from './upload.ts'

const KIND = ':rt(image|video|raw)'
const KIND_OR_AUTO = ':rt(image|video|raw|auto)'

/** The Upload API. Source: Cloudinary, "Upload API reference". */
export const uploadRoutes: Route<UploadServices>[] = [
  { method: 'POST', path: 'upload', guard: 'upload', action: upload },
  { method: 'POST', path: `${KIND_OR_AUTO}/upload`, guard: 'upload', action: upload },
  { method: 'POST', path: `${KIND_OR_AUTO}/upload_chunked`, guard: 'upload', action: upload },
  { method: 'POST', path: `${KIND}/destroy`, guard: 'signed', call: 'destroy', action: destroy },
  { method: 'POST', path: 'asset/destroy', guard: 'signed', call: 'destroy', action: destroy },
  { method: 'POST', path: `${KIND}/explicit`, guard: 'signed', call: 'explicit', action: explicit },
  { method: 'POST', path: `${KIND}/rename`, guard: 'signed', call: 'rename', action: rename },
  { method: 'POST', path: `${KIND}/tags`, guard: 'signed', call: 'tags', action: tags },
  { method: 'POST', path: `${KIND}/context`, guard: 'signed', call: 'context', action: contextPairs },
  { method: 'POST', path: `${KIND}/metadata`, guard: 'signed', call: 'metadata', action: metadata },
  { method: 'POST', path: 'delete_by_token', guard: 'none', action: deleteByToken }
]
