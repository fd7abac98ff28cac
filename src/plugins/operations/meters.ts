import type { UploadBudget } from '../../cloudinary/upload/budget.ts'
import { showQuotas, type EnvironmentQuota, type Library } from './quota-meter.ts'

/** What is counted. No label holds a value that a caller chooses: the number of series is bounded by the code and the config. */
export interface Meters {
  /** Counts the answers of one route; to be asked for once per route, and called for each answer. `ms`: how long it took. */
  answers (method: string, route: string): (status: number, ms: number) => void
  /** One request to Cloudinary, repeats included. `outcome` is `ok` or the code of the failure. */
  tried (environment: string, outcome: string): void
  /** A call that was made only to prove credentials. */
  pinged (environment: string): void
  /** Shows what is known of the credentials of each environment; `read` is called at every scrape. */
  watchVerdicts (read: () => ReadonlyArray<readonly [environment: string, verified: boolean]>): void
  /** A stored file, compared with what was sent. `failed`: it differs, and the caller got an error. */
  stored (environment: string, outcome: StoredOutcome): void
  /** A request that was answered 429, and by whose limit. */
  limited (by: 'address' | 'caller'): void
  /** Counts an `Idempotency-Key` that was forgotten before it expired, because the memory was full. */
  forgotten (): void
  /** Files that may change and were read well just now; what comes back is to be told of each later change. */
  watch (what: Reloadable): (outcome: 'loaded' | 'failed') => void
  /** Shows whether the shared Redis works. Not called without Redis, so there is no series then. */
  showRedis (isUp: () => boolean): void
  /** Shows the Admin API budgets; `read` is called at every scrape. Call it once. */
  showQuotas (read: () => Promise<EnvironmentQuota[]>): void
  /** All of it in Prometheus's text format. */
  text (): Promise<string>
}

const STORED_OUTCOMES = ['verified', 'differs', 'failed', 'not-checked'] as const
export type StoredOutcome = (typeof STORED_OUTCOMES)[number]

export type Reloadable = 'policy' | 'credentials' | 'keys'

export interface MetersOptions {
  readonly uploads: Pick<UploadBudget, 'running' | 'heldBytes' | 'waiting'>
  readonly version: string
  /** Names of those known at start. */
  readonly environments?: readonly string[]
}

const PREFIX = 'cloudinary_gateway_'
/** Seconds. Signatures take less than the first; uploads may take longer than the last. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

type Registers = InstanceType<Library['Registry']>[]

/** What is read from elsewhere whenever somebody asks. */
function showUploads ({ Gauge }: Library, registers: Registers, uploads: MetersOptions['uploads']): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    const made = new Gauge({ name: `${PREFIX}${name}`, help, registers, collect: () => { made.set(read()) } })
  }
  gauge('uploads_running', 'Uploads that were let in and are not over.', () => uploads.running)
  gauge('uploads_waiting', 'Uploads that wait for memory for their next chunk.', () => uploads.waiting)
  gauge('upload_held_bytes', 'Memory lent to the chunks of uploads.', () => uploads.heldBytes)
}

function answerMeter ({ Counter, Histogram }: Library, registers: Registers): Meters['answers'] {
  const labels = ['method', 'route', 'status'] as const
  const durations = new Histogram({ name: `${PREFIX}http_request_duration_seconds`, help: 'From the head of a request to the end of its answer.', labelNames: labels, buckets: BUCKETS, registers })
  // Read from the durations when it is asked for: what is counted for each request is counted once.
  const requests = new Counter({
    name: `${PREFIX}http_requests_total`,
    help: 'Requests that were answered or given up.',
    labelNames: labels,
    registers,
    collect: async () => {
      const { values } = await durations.get()
      // Without a pause from here on: another may be asking.
      requests.reset()
      for (const { metricName, labels: of, value } of values) if (metricName?.endsWith('_count')) requests.inc(of, value)
    }
  })
  return (method, route) => {
    const known: Record<number, { observe: (seconds: number) => void }> = {}
    return (status, ms) => { (known[status] ??= durations.labels(method, route, String(status))).observe(ms / 1000) }
  }
}

function reloadMeter ({ Counter, Gauge }: Library, registers: Registers): Meters['watch'] {
  const reloads = new Counter({ name: `${PREFIX}reloads_total`, help: 'Changed files that were taken over, or could not be.', labelNames: ['what', 'outcome'], registers })
  const inForce = new Gauge({ name: `${PREFIX}reload_last_successful`, help: '1 when the files as they are now are in force, 0 when they cannot be used.', labelNames: ['what'], registers })
  const lastReload = new Gauge({ name: `${PREFIX}reload_last_success_timestamp_seconds`, help: 'When what is in force was read.', labelNames: ['what'], registers })
  const loaded = (what: Reloadable): void => {
    inForce.set({ what }, 1)
    lastReload.setToCurrentTime({ what })
  }
  return (what) => {
    for (const outcome of ['loaded', 'failed']) reloads.inc({ what, outcome }, 0)
    loaded(what)
    return (outcome) => {
      reloads.inc({ what, outcome })
      if (outcome === 'loaded') loaded(what)
      else inForce.set({ what }, 0)
    }
  }
}

function storedMeter ({ Counter }: Library, registers: Registers, names: readonly string[]): Meters['stored'] {
  const integrity = new Counter({
    name: `${PREFIX}upload_integrity_total`,
    help: 'Stored files, compared with what was sent.',
    labelNames: ['environment', 'outcome'],
    registers
  })
  // A series that appears with its first event hides that event from rates.
  for (const environment of names) {
    for (const outcome of STORED_OUTCOMES) integrity.inc({ environment, outcome }, 0)
  }
  return (environment, outcome) => { integrity.inc({ environment, outcome }) }
}

function proofMeter (
  { Counter, Gauge }: Library, registers: Registers, names: readonly string[]
): Pick<Meters, 'pinged' | 'watchVerdicts'> {
  const labelNames = ['environment']
  const pings = new Counter({
    name: `${PREFIX}credential_pings_total`,
    help: 'Calls that were made only to prove credentials.',
    labelNames,
    registers
  })
  for (const environment of names) pings.inc({ environment }, 0)
  return {
    pinged: (environment) => { pings.inc({ environment }) },
    watchVerdicts: (read) => {
      const verified = new Gauge({
        name: `${PREFIX}environment_verified`,
        help: '1 when Cloudinary accepted the credentials at the last call, 0 when it refused them or has not been asked.',
        labelNames,
        registers,
        collect: () => {
          verified.reset() // environments come and go
          for (const [environment, isVerified] of read()) verified.set({ environment }, isVerified ? 1 : 0)
        }
      })
    }
  }
}

/** Makes the meters, those of the process among them. The library is loaded only now: most gateways run without. */
export async function createMeters ({ uploads, version, environments = [] }: MetersOptions): Promise<Meters> {
  const library = await import('prom-client')
  const { Counter, Gauge } = library
  const registry = new library.Registry()
  const registers = [registry]
  library.collectDefaultMetrics({ register: registry })
  new Gauge({ name: `${PREFIX}info`, help: 'Version of the gateway.', labelNames: ['version'], registers }).set({ version }, 1)
  showUploads(library, registers, uploads)
  const answers = answerMeter(library, registers)
  const tries = new Counter({ name: `${PREFIX}upstream_tries_total`, help: 'Requests to Cloudinary, each repeat counted.', labelNames: ['environment', 'outcome'], registers })
  const limited = new Counter({ name: `${PREFIX}rate_limited_total`, help: 'Requests answered 429 by our own limits.', labelNames: ['limit'], registers })
  const forgotten = new Counter({
    name: `${PREFIX}idempotency_keys_forgotten_total`,
    help: 'Idempotency keys that were forgotten before 24 hours had passed, because the memory was full.',
    registers
  })
  // A series that appears with its first event hides that event from rates.
  for (const limit of ['address', 'caller']) limited.inc({ limit }, 0)
  return {
    answers,
    tried: (environment, outcome) => { tries.inc({ environment, outcome }) },
    ...proofMeter(library, registers, environments),
    stored: storedMeter(library, registers, environments),
    limited: (limit) => { limited.inc({ limit }) },
    forgotten: () => { forgotten.inc() },
    watch: reloadMeter(library, registers),
    showRedis: (isUp) => {
      const up = new Gauge({
        name: `${PREFIX}redis_up`,
        help: '1 when the shared Redis works, 0 when it does not.',
        registers,
        collect: () => { up.set(isUp() ? 1 : 0) }
      })
    },
    showQuotas: (read) => { showQuotas(library, registers, PREFIX, read) },
    text: () => registry.metrics()
  }
}
