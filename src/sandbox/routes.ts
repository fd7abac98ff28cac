import { detailRoutes } from './admin/details.ts'
import { listingRoutes } from './admin/listing.ts'
import { miscRoutes } from './admin/misc.ts'
import type { Route } from './http/call.ts'
import { deleteByToken, destroy } from './upload/destroy.ts'
import { upload } from './upload/upload.ts'

const KIND = ':rt(image|video|raw)'

const uploadRoutes: Route[] = [
  { method: 'POST', path: 'upload', guard: 'upload', action: upload },
  { method: 'POST', path: ':rt(image|video|raw|auto)/upload', guard: 'upload', action: upload },
  { method: 'POST', path: ':rt(image|video|raw|auto)/upload_chunked', guard: 'upload', action: upload },
  { method: 'POST', path: `${KIND}/destroy`, guard: 'signed', action: destroy },
  { method: 'POST', path: 'asset/destroy', guard: 'signed', action: destroy },
  { method: 'POST', path: 'delete_by_token', guard: 'none', action: deleteByToken }
]

/** All that is imitated below `/v1_1/{cloud}/`. */
export const ROUTES: readonly Route[] = [...uploadRoutes, ...miscRoutes, ...listingRoutes, ...detailRoutes]
