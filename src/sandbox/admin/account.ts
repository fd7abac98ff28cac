import { SandboxError } from '../errors.ts'
import type { BodyLimits } from '../api/body.ts'
import type { Call, Route } from '../api/call.ts'
import { page } from '../api/paging.ts'

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
  const records = [...call.store.all()]
  const derived = records.reduce((sum, record) => sum + record.derived.length, 0)
  const bytes = records.reduce((sum, record) => sum + record.bytes + record.derived.reduce((total, one) => total + one.bytes, 0), 0)
  const limits = date === undefined ? { limit: 25, used_percent: 0 } : {}
  const today = new Date(call.clock()).toISOString()
  return {
    plan: 'Sandbox',
    last_updated: today.slice(0, 10),
    date_requested: today.replace(/\.\d+Z$/, 'Z'),
    transformations: { usage: derived, credits_usage: 0 },
    objects: { usage: records.length + derived },
    bandwidth: { usage: 0, credits_usage: 0 },
    storage: { usage: bytes, credits_usage: 0 },
    credits: { usage: 0, ...limits },
    requests: 0,
    resources: records.length,
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
  const prefix = call.fields.text('prefix') ?? ''
  const all = new Set([...call.store.all()].filter((record) => record.resource_type === call.params.rt).flatMap((record) => record.tags))
  const { items, ...next } = page([...all].filter((tag) => tag.startsWith(prefix)), { name: 'tags', keyOf: (tag) => [tag], descending: [false] }, {
    cursor: call.fields.text('next_cursor'),
    maxResults: call.fields.integer('max_results', { min: 1, max: 500, fallback: 10 })
  })
  return { tags: items, ...next }
}
