import { notImitated } from '../errors.ts'
import type { Route } from '../api/call.ts'

const refuse = (what: string) => async () => { throw notImitated(what) }
const KIND = ':rt(image|video|raw)'
const ARCHIVED = ':rt(image|video|raw|all|auto)'

/** What the vendor has and the sandbox has not, by name. Everything else unknown is refused by its path. */
export const refusedRoutes: Route[] = [
  { method: 'POST', path: `${ARCHIVED}/generate_archive`, guard: 'signed', call: 'generate_archive', action: refuse('archives') },
  { method: 'GET', path: `${ARCHIVED}/generate_archive`, guard: 'signed', call: 'generate_archive', action: refuse('archives') },
  { method: 'GET', path: 'download_backup', guard: 'signed', call: 'download_backup', action: refuse('backups') },
  { method: 'POST', path: 'image/text', guard: 'signed', call: 'text', action: refuse('images made of text') },
  { method: 'POST', path: 'image/explode', guard: 'signed', call: 'explode', action: refuse('exploding of pages') },
  { method: 'POST', path: 'image/multi', guard: 'signed', call: 'multi', action: refuse('images made of many') },
  { method: 'POST', path: 'image/sprite', guard: 'signed', call: 'sprite', action: refuse('sprites') },
  { method: 'POST', path: `resources/${KIND}/:type/restore`, guard: 'admin', action: refuse('restoring from backups') },
  { method: 'POST', path: 'resources/restore', guard: 'admin', action: refuse('restoring from backups') },
  { method: 'POST', path: `resources/${KIND}/publish_resources`, guard: 'admin', action: refuse('publishing of resources') },
  { method: 'GET', path: 'resources/visual_search', guard: 'admin', action: refuse('visual search') },
  { method: 'POST', path: 'resources/visual_search', guard: 'admin', action: refuse('visual search') },
  ...refuseAll('resources/related_assets/*asset', ['POST', 'DELETE'], 'related assets'),
  ...refuseAll('resources/backup', ['GET', 'DELETE'], 'backups'),
  ...refuseAll('resources/backup/*asset_id', ['GET', 'DELETE'], 'backups'),
  // These routes come before those of folders, which would take the words for names of folders.
  ...refuseAll('folders/descendants', ['GET'], 'lists of all folders below another'),
  ...refuseAll('folders/by_id', ['GET'], 'folders by their IDs'),
  ...refuseAll('folders/by_path', ['GET'], 'folders by their paths'),
  ...refuseAll('streaming_profiles', ['GET', 'POST'], 'streaming profiles'),
  ...refuseAll('streaming_profiles/:name', ['GET', 'PUT', 'DELETE'], 'streaming profiles'),
  ...refuseAll('upload_mappings', ['GET', 'POST', 'PUT', 'DELETE'], 'upload mappings'),
  ...refuseAll('metadata_rules', ['GET', 'POST'], 'conditional metadata rules'),
  ...refuseAll('metadata_rules/:id', ['PUT', 'DELETE'], 'conditional metadata rules')
]

/** The methods are those that official clients use. */
function refuseAll (path: string, methods: readonly string[], what: string): Route[] {
  return methods.map((method) => ({ method, path, guard: 'admin', action: refuse(what) }))
}
