import type { Call, Route } from '../http/call.ts'

/** Small questions about the account. */
export const miscRoutes: Route[] = [
  { method: 'GET', path: 'ping', guard: 'admin', action: async () => ({ status: 'ok' }) },
  { method: 'GET', path: 'config', guard: 'admin', action: config }
]

async function config (call: Call): Promise<unknown> {
  return {
    cloud_name: call.cloud.cloudName,
    created_at: '2024-01-01T00:00:00Z',
    ...call.fields.flag('settings') && { settings: { folder_mode: call.cloud.folderMode ?? 'dynamic' } }
  }
}
