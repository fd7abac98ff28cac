import { accessModeRoutes } from './admin/access-mode.ts'
import { deletingRoutes } from './admin/deleting.ts'
import { detailRoutes } from './admin/details.ts'
import { folderRoutes } from './admin/folders.ts'
import { listingRoutes } from './admin/listing.ts'
import { metadataFieldRoutes } from './admin/metadata-fields.ts'
import { miscRoutes } from './admin/account.ts'
import { presetRoutes } from './admin/presets.ts'
import { refusedRoutes } from './admin/not-imitated.ts'
import { transformationRoutes } from './admin/transformations.ts'
import { updateRoutes } from './admin/update.ts'
import { downloadRoutes } from './delivery/download.ts'
import type { Route } from './api/call.ts'
import { triggerRoutes } from './admin/triggers.ts'
import { searchRoutes } from './search/search.ts'
import { contextPairs, metadata, tags } from './upload/bulk.ts'
import { deleteByToken, destroy } from './upload/destroy.ts'
import { explicit } from './upload/explicit.ts'
import { rename } from './upload/rename.ts'
import { upload } from './upload/upload.ts'

const KIND = ':rt(image|video|raw)'
const KIND_OR_AUTO = ':rt(image|video|raw|auto)'

const uploadRoutes: Route[] = [
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

/** All that is imitated below `/v1_1/{cloud}/`. */
export const ROUTES: readonly Route[] = [
  ...uploadRoutes, ...downloadRoutes, ...miscRoutes, ...folderRoutes, ...presetRoutes, ...transformationRoutes, ...metadataFieldRoutes, ...triggerRoutes,
  ...searchRoutes, ...refusedRoutes, ...accessModeRoutes, ...listingRoutes, ...detailRoutes, ...updateRoutes, ...deletingRoutes
]
