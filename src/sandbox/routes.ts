import { accessModeRoutes } from './admin/access-mode.ts'
import { accountRoutes } from './admin/account.ts'
import { deletingRoutes } from './admin/deleting.ts'
import { detailRoutes } from './admin/details.ts'
import { folderRoutes } from './admin/folders.ts'
import { listingRoutes } from './admin/listing.ts'
import { metadataFieldRoutes } from './admin/metadata-fields.ts'
import { refusedRoutes } from './admin/not-imitated.ts'
import { presetRoutes } from './admin/presets.ts'
import { transformationRoutes } from './admin/transformations.ts'
import { triggerRoutes } from './admin/triggers.ts'
import { updateRoutes } from './admin/update.ts'
import type { Route } from './api/call.ts'
import type { SandboxContext } from './context.ts'
import { downloadRoutes } from './delivery/download.ts'
import { searchRoutes } from './search/search.ts'
import { uploadRoutes } from './upload/routes.ts'

/** All that is imitated below `/v1_1/{cloud}/`. The first route that fits a path answers. */
export const ROUTES: readonly Route<SandboxContext>[] = [
  ...uploadRoutes,
  ...downloadRoutes,
  ...accountRoutes,
  ...refusedRoutes,
  ...folderRoutes,
  ...presetRoutes,
  ...transformationRoutes,
  ...metadataFieldRoutes,
  ...triggerRoutes,
  ...searchRoutes,
  ...accessModeRoutes,
  ...listingRoutes,
  ...detailRoutes,
  ...updateRoutes,
  ...deletingRoutes
]
