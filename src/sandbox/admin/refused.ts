import { notImitated } from '../errors.ts'
import type { Route } from '../http/call.ts'

const refuse = (what: string) => async () => { throw notImitated(what) }

/** What would otherwise be taken for an asset of that name. Everything else unknown is refused by its path. */
export const refusedRoutes: Route[] = [
  { method: 'POST', path: 'resources/:rt(image|video|raw)/:type/restore', guard: 'admin', action: refuse('restoring from backups') },
  { method: 'POST', path: 'resources/restore', guard: 'admin', action: refuse('restoring from backups') },
  { method: 'POST', path: 'resources/:rt(image|video|raw)/publish_resources', guard: 'admin', action: refuse('publishing of resources') },
  { method: 'GET', path: 'resources/visual_search', guard: 'admin', action: refuse('visual search') },
  { method: 'POST', path: 'resources/visual_search', guard: 'admin', action: refuse('visual search') }
]
