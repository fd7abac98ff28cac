import type { QuotaStanding } from '../../cloudinary/client.ts'

export type Library = typeof import('prom-client')

/** The Admin API budget of an environment; `standing` is undefined while it is unknown. */
export interface EnvironmentQuota {
  readonly environment: string
  readonly standing: QuotaStanding | undefined
}

type Metric = readonly [name: string, help: string, read: (standing: QuotaStanding) => number]

const METRICS: readonly Metric[] = [
  ['admin_quota_limit', 'Admin API calls of the account in one period.', ({ limit }) => limit],
  [
    'admin_quota_remaining',
    'Admin API calls that are left; no series while that is unknown.',
    ({ remaining }) => remaining
  ],
  [
    'admin_quota_reset_timestamp_seconds',
    'When the Admin API budget is whole again.',
    ({ resetsAt }) => resetsAt.getTime() / 1000
  ]
]

/** Registers the gauges of the budgets. `read` is called at every scrape. */
export function showQuotas (
  { Gauge }: Library, registers: InstanceType<Library['Registry']>[], prefix: string, read: () => Promise<EnvironmentQuota[]>
): void {
  for (const [name, help, valueOf] of METRICS) {
    const gauge = new Gauge({
      name: `${prefix}${name}`,
      help,
      labelNames: ['environment'],
      registers,
      collect: async () => {
        const quotas = await read()
        // No await from here on: another scrape may be running.
        gauge.reset()
        for (const { environment, standing } of quotas) {
          if (standing) gauge.set({ environment }, valueOf(standing))
        }
      }
    })
  }
}
