import { SandboxError } from '../errors.ts'
import { hex } from '../api/signature.ts'
import { isFolder, trimSlashes } from '../assets/folder-path.ts'
import type { Call, Route } from '../api/call.ts'
import { parseExpression } from '../search/expression.ts'
import { fits } from '../search/matching.ts'
import { sortRules } from '../search/sort-rules.ts'
import { page, pageInOrder, type Ordering, type SortKey } from '../api/paging.ts'

/** Folders exist because an asset is or was in them, or because somebody made them. Source: Cloudinary, "Admin API reference", "folders". */
export const folderRoutes: Route[] = [
  { method: 'GET', path: 'folders', guard: 'admin', action: async (call) => list(call, '') },
  { method: 'GET', path: 'folders/search', guard: 'admin', action: search },
  { method: 'POST', path: 'folders/search', guard: 'admin', action: search },
  { method: 'GET', path: 'folders/*path', guard: 'admin', action: async (call) => list(call, existing(call)) },
  { method: 'POST', path: 'folders/*path', guard: 'admin', action: create },
  { method: 'PUT', path: 'folders/*path', guard: 'admin', action: rename },
  { method: 'DELETE', path: 'folders/*path', guard: 'admin', action: remove }
]

interface NamedPath { name: string, path: string }
interface Folder extends NamedPath { external_id: string }

async function list (call: Call, parent: string): Promise<unknown> {
  const { folders } = call.store.assets
  const pathOf = (name: string): string => parent === '' ? name : `${parent}/${name}`
  const children = {
    name: 'folders',
    keyOf: (name: string) => [pathOf(name)],
    from: (key: SortKey | undefined) => folders.names(parent, key && lastPart(String(key[0])))
  }
  const { items, next_cursor: next } = pageInOrder(children, {
    cursor: call.fields.text('next_cursor'),
    maxResults: call.fields.integer('max_results', { min: 1, max: 500, fallback: 500 })
  })
  return {
    folders: items.map((name) => folderOf(call, pathOf(name))),
    next_cursor: next ?? null,
    total_count: folders.count(parent)
  }
}

/** By `name` and `path`, in the language of all searches; a bare word is looked for in the name. */
async function search (call: Call): Promise<unknown> {
  const query = parseExpression(call.fields.text('expression') ?? '')
  const found = [...call.store.assets.folders.below('')].map(nameAndPath).filter((folder) => fits(query, {
    valuesOf: (field) => field === 'name' || field === 'path' ? [folder[field]] : [],
    texts: () => [folder.name]
  }, call.clock()))
  const { items, ...next } = page(found, folderOrder(call), { cursor: call.fields.text('next_cursor'), maxResults: call.fields.integer('max_results', { min: 1, max: 500, fallback: 50 }) })
  const folders = items.map(({ path }) => folderOf(call, path))
  return { total_count: found.length, time: 1, folders, ...next }
}

/** `sort_by` `[{"path":"desc"}]`: every order is one by path or by name. */
function folderOrder (call: Call): Ordering<NamedPath> {
  const [{ field, descending } = { field: 'path', descending: false }] = sortRules(call)
  if (field !== 'path' && field !== 'name') throw new SandboxError(400, `Invalid value ${field} for parameter sort_by`)
  return { name: `folders:${field}${descending ? '-' : '+'}`, keyOf: (folder) => [folder[field], folder.path], descending: [descending, descending] }
}

async function create (call: Call): Promise<unknown> {
  const path = readPath(call.params.path ?? '')
  await call.store.putDocument('folder', path, { path })
  return { success: true, path, name: path.split('/').at(-1) }
}

async function rename (call: Call): Promise<unknown> {
  // It would change public IDs. That the vendor does not do it is documented ("Folder modes"); its words are not.
  if (call.cloud.folderMode === 'fixed') throw new SandboxError(400, 'Renaming folders is not supported in fixed folder mode')
  const from = existing(call)
  const to = readPath(call.fields.text('to_folder') ?? '')
  const moved = (path: string): string => path === from || path.startsWith(`${from}/`) ? to + path.slice(from.length) : path
  const before = [from, ...call.store.assets.folders.below(from)]
  for (const record of before.flatMap((path) => [...call.store.assets.byTime(['folder', path])])) {
    await call.store.change(record.asset_id, (present) => {
      return { ...present, asset_folder: moved(present.asset_folder) }
    })
  }
  for (const path of before) {
    if (!await call.store.removeDocument('folder', path)) continue
    await call.store.putDocument('folder', moved(path), { path: moved(path) })
  }
  await keepAbove(call, from)
  return { from: nameAndPath(from), to: nameAndPath(to) }
}

async function remove (call: Call): Promise<unknown> {
  const path = existing(call)
  const { assets } = call.store
  const deleted = [path, ...assets.folders.below(path)].sort()
  const isFilled = deleted.some((one) => assets.size(['folder', one]) > 0)
  if (isFilled) throw new SandboxError(400, 'Folder is not empty')
  for (const one of deleted) await call.store.removeDocument('folder', one)
  await keepAbove(call, path)
  return { deleted }
}

/** What a folder was in does not go with it. */
async function keepAbove (call: Call, path: string): Promise<void> {
  const above = path.split('/').slice(0, -1).join('/')
  if (above !== '') await call.store.putDocument('folder', above, { path: above })
}

function existing (call: Call): string {
  const path = trimSlashes(call.params.path ?? '')
  if (!call.store.assets.folders.has(path)) throw new SandboxError(404, `Can't find folder with path ${path}`)
  return path
}

function readPath (text: string): string {
  const path = trimSlashes(text)
  if (!isFolder(path)) throw new SandboxError(400, `Invalid folder path ${text}`)
  return path
}

function folderOf (call: Call, path: string): Folder {
  // The same folder keeps its id as long as it keeps its path.
  return { ...nameAndPath(path), external_id: hex('sha1', `${call.cloud.cloudName}/${path}`).slice(0, 34) }
}

function nameAndPath (path: string): NamedPath {
  return { name: lastPart(path), path }
}

function lastPart (path: string): string { return path.slice(path.lastIndexOf('/') + 1) }
