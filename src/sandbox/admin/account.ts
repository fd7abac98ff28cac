import { SandboxError } from '../errors.ts'
import type { BodyLimits } from '../api/body.ts'
import type { Call, Route } from '../api/call.ts'
import { pageInOrder, type SortKey } from '../api/paging.ts'

interface AccountServices { readonly options: Pick<BodyLimits, 'maxRequestBytes'> }

/** Small questions about the account. */
export const accountRoutes: Route<AccountServices>[] = [
  { method: 'GET', path: 'ping', guard: 'admin', action: async () => ({ status: 'ok' }) },
  { method: 'GET', path: 'config', guard: 'admin', action: config },
  { method: 'GET', path: 'usage', guard: 'admin', action: usage },
  { method: 'GET', path: 'usage/:date', guard: 'admin', action: usage },
  { method: 'GET', path: 'tags/:rt(image|video|raw)', guard: 'admin', action: tags }
]

async function config (call: Call): Promise<unknown> {
  return {
    cloud_name: call.cloud.cloudName,
    created_at: '2024-01-01T00:00:00Z',
    ...call.fields.flag('settings') && { settings: { folder_mode: call.cloud.folderMode ?? 'dynamic' } }
  }
}

/** The sandbox has no plan; what it has is counted, what it has not is zero. */
async function usage (call: Call, { options }: AccountServices): Promise<unknown> {
  const date = call.params.date ?? call.fields.text('date')
  if (date !== undefined && !/^(\d{2}-\d{2}-\d{4}|\d{4}-\d{2}-\d{2})$/.test(date)) throw new SandboxError(400, `Invalid value ${date} for parameter date`)
  const { assets, derived: { count: derived, bytes: derivedBytes } } = call.store
  const bytes = assets.bytes + derivedBytes
  const limits = date === undefined ? { limit: 25, used_percent: 0 } : {}
  const today = new Date(call.clock()).toISOString()
  return {
    plan: 'Sandbox',
    last_updated: today.slice(0, 10),
    date_requested: today.replace(/\.\d+Z$/, 'Z'),
    transformations: { usage: derived, credits_usage: 0 },
    objects: { usage: assets.count + derived },
    bandwidth: { usage: 0, credits_usage: 0 },
    storage: { usage: bytes, credits_usage: 0 },
    credits: { usage: 0, ...limits },
    requests: 0,
    resources: assets.count,
    derived_resources: derived,
    media_limits: {
      image_max_size_bytes: options.maxRequestBytes,
      video_max_size_bytes: options.maxRequestBytes,
      raw_max_size_bytes: options.maxRequestBytes,
      image_max_px: 25_000_000,
      asset_max_total_px: 50_000_000
    }
  }
}

async function tags (call: Call): Promise<unknown> {
  const { rt = '' } = call.params
  const prefix = call.fields.text('prefix') ?? ''
  const list = {
    name: 'tags',
    keyOf: (tag: string) => [tag],
    from: (key: SortKey | undefined) => {
      return beginning(call.store.assets.tags(rt, key ? String(key[0]) : prefix), prefix)
    }
  }
  const { items, ...next } = pageInOrder(list, {
    cursor: call.fields.text('next_cursor'),
    maxResults: call.fields.integer('max_results', { min: 1, max: 500, fallback: 10 })
  })
  return { tags: items, ...next }
}

/** Yields texts, which come in order, for as long as they begin with `prefix`. */
function * beginning (texts: Iterable<string>, prefix: string): Iterable<string> {
  for (const text of texts) {
    if (!text.startsWith(prefix)) return
    yield text
  }
}
