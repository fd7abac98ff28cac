import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { mkdir } from 'node:fs/promises'
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { Background } from './background.ts'
import { DiskBlobs } from './store/blobs-disk.ts'
import { MemoryBlobs } from './store/blobs-memory.ts'
import type { BlobStore } from './store/blobs.ts'
import { DEFAULT_CLOUD, type CloudSettings } from './clouds.ts'
import type { SandboxContext, SandboxLimits } from './context.ts'
import { DeleteTokens } from './upload/delete-tokens.ts'
import { registerDelivery, type DeliveryOptions } from './delivery/routes.ts'
import { answerBadUrl } from './delivery/send.ts'
import { notImitated, SandboxError } from './errors.ts'
import { registerControl } from './faults/control.ts'
import { Faults } from './faults/faults.ts'
import { intercept } from './faults/interception.ts'
import { RequestLog } from './faults/requests.ts'
import { registerHome } from './pages/home.ts'
import { registerApi } from './api/api.ts'
import { refuse, registerErrors } from './api/error-answers.ts'
import { checkHost, isLoopback } from './api/host-check.ts'
import { HourlyLimit } from './api/rate-limit.ts'
import { LevelJournal, MemoryJournal } from './store/journal.ts'
import { Notifier } from './notifications/notifier.ts'
import { requirePackages } from './packages.ts'
import { randomSource, type RandomSource } from './random.ts'
import { ROUTES } from './routes.ts'
import { Searches } from './search/searches.ts'
import { registerSearchUrls } from './search/signed-url.ts'
import { DERIVED_MAX_BYTES, Store } from './store/store.ts'
import { ChunkedUploads } from './upload/chunks.ts'
import { resumePending } from './upload/pending.ts'
import { renewUploads } from './upload/unfinished.ts'

export interface SandboxAppOptions extends Partial<SandboxLimits> {
  /** A folder, or `:memory:` (default): nothing is written anywhere. */
  data?: string
  /** Default: cloud `demo` with key `1234` and secret `abcd`. */
  clouds?: readonly CloudSettings[]
  /** Scheme, host and port under which others reach this sandbox; default: where it listens. */
  publicUrl?: string
  /**
   * Makes every `url` http and every `secure_url` https, for suites that compare them. Default: over plain
   * http both are http, so that both open.
   */
  strictUrls?: boolean
  /** Milliseconds since 1970. */
  clock?: () => number
  /** With a seed, the same calls get the same random IDs: on an empty folder. One that holds something gets new ones at each start. */
  seed?: number
  logger?: FastifyBaseLogger
  /** Finds ffmpeg, for posters of videos; without it they are refused. */
  findFfmpeg?: NonNullable<DeliveryOptions['findFfmpeg']>
  /** Puts a few sample assets into clouds that hold nothing yet. Default: no. */
  samples?: boolean
}

export interface SandboxApp {
  app: FastifyInstance
  context: SandboxContext
  faults: Faults
  requests: RequestLog
  /** Forgets assets, faults, requests and unfinished uploads. */
  reset: () => Promise<void>
  /** Goes on with what an earlier process has left undone. Links are told in it: not before the address is known. */
  resume: () => void
}

const IDLE_TIMEOUT_MS = 300_000

const LIMITS: SandboxLimits = {
  maxRequestBytes: 100 * 1024 * 1024,
  maxFieldBytes: 1024 * 1024,
  minChunkBytes: 5 * 1024 * 1024,
  adminRateLimit: 100_000,
  allowPrivateFetch: false,
  fetchTimeoutMs: 60_000,
  derivedMaxBytes: DERIVED_MAX_BYTES,
  notificationTimeoutMs: 20_000,
  notificationRetryMs: [180_000, 360_000, 540_000]
}

/**
 * Builds a sandbox that does not listen yet. Closing the app closes its store.
 * @throws {Error} that says what to install, where optional packages are absent.
 */
export async function buildSandbox (options: SandboxAppOptions = {}): Promise<SandboxApp> {
  requirePackages()
  const { store, blobs } = await openStore(options)
  const random = randomSource(options.seed, options.seed === undefined ? 0 : await store.countStart())
  const context = makeContext(options, store, blobs, random)
  const faults = new Faults()
  const requests = new RequestLog()
  const adminLimit = new HourlyLimit(context.options.adminRateLimit, context.clock)
  const app = makeApp(options.logger, (server, handle) => {
    return guarded(context, server, intercept(faults, requests, handle))
  })
  const fill = async () => { if (options.samples) await fillClouds(context) }
  const reset = async () => {
    await context.background.settle()
    await context.notifier.abandon()
    await context.chunks.clear()
    await store.clear()
    context.searches.clear()
    faults.clear()
    requests.clear()
    context.random.reset()
    adminLimit.clear()
    await fill()
  }
  const resume = () => {
    context.notifier.resume([...context.clouds.values()])
    resumePending(context)
  }
  registerErrors(app)
  registerControl(app, { faults, requests, reset })
  registerApi(app, context, { routes: ROUTES, adminLimit })
  registerSearchUrls(app, context)
  registerHome(app, context)
  const { findFfmpeg } = options
  context.renderer = registerDelivery(app, context, findFfmpeg ? { findFfmpeg } : {})
  app.addHook('onClose', async () => {
    await context.background.settle()
    await context.notifier.abandon()
    await context.chunks.close()
    await store.close()
  })
  await renewUploads(store)
  await context.chunks.expire()
  await fill()
  return { app, context, faults, requests, reset, resume }
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void

/** Rejects requests that are not meant for this sandbox, before faults and the request log see them. */
function guarded (context: Pick<SandboxContext, 'publicUrl'>, server: Server, handle: Handle): Handle {
  return (request, response) => {
    const address = server.address()
    const isLocal = typeof address === 'object' && address !== null && isLoopback(address.address)
    try {
      checkHost(request, { isLocal, publicUrl: context.publicUrl })
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error
      return refuse(response, error)
    }
    handle(request, response)
  }
}

function makeApp (
  logger: FastifyBaseLogger | undefined, wrap: (server: Server, handle: Handle) => Handle
): FastifyInstance {
  return fastify({
    ...logger ? { loggerInstance: logger } : { logger: false },
    frameworkErrors: answerBadUrl,
    // A fault with a misspelt member would strike everything.
    ajv: { customOptions: { removeAdditional: false } },
    // Paths are matched by their decoded form further in; here only the first segment counts.
    routerOptions: { maxParamLength: 65_536 },
    forceCloseConnections: true,
    serverFactory: (handle) => {
      // A large upload takes as long as it takes; silence does not.
      const timeouts = { requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 65_000 }
      const server = createServer({ ...timeouts, maxHeaderSize: 65_536 })
      return server.on('request', wrap(server, handle)).setTimeout(IDLE_TIMEOUT_MS)
    }
  })
}

async function fillClouds (context: SandboxContext): Promise<void> {
  const { addSamples } = await import('./pages/samples.ts')
  for (const cloudName of context.clouds.keys()) await addSamples(context, cloudName)
}

async function openStore (
  { data = ':memory:', derivedMaxBytes = LIMITS.derivedMaxBytes }: SandboxAppOptions
): Promise<{ store: Store, blobs: BlobStore }> {
  if (data === ':memory:') {
    const blobs = new MemoryBlobs()
    return { store: await Store.open(new MemoryJournal(), blobs, { derivedMaxBytes }), blobs }
  }
  await mkdir(data, { recursive: true }).catch((error: unknown) => {
    throw new Error(`The sandbox folder ${data} cannot be made: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  })
  // The journal first: it is what a second process on the same folder stumbles over.
  const journal = await LevelJournal.open(join(data, 'records'))
  const blobs = await DiskBlobs.open(join(data, 'blobs'))
  return { store: await Store.open(journal, blobs, { derivedMaxBytes }), blobs }
}

function makeContext (options: SandboxAppOptions, store: Store, blobs: BlobStore, random: RandomSource): SandboxContext {
  const clock = options.clock ?? Date.now
  const limits = Object.fromEntries(Object.entries(LIMITS).map(([name, value]) => [name, options[name as keyof SandboxLimits] ?? value])) as unknown as SandboxLimits // the same names as LIMITS
  const clouds = options.clouds ?? [DEFAULT_CLOUD]
  const onError = (error: unknown): void => { options.logger?.error({ err: error }, 'what was to be done after an answer failed') }
  return {
    store,
    blobs,
    clouds: new Map(clouds.map((cloud) => [cloud.cloudName, cloud])),
    clock,
    random,
    publicUrl: options.publicUrl?.replace(/\/$/, '') ?? '',
    strictUrls: options.strictUrls ?? false,
    renderer: { render: async () => { throw notImitated('transformations') } },
    options: limits,
    chunks: new ChunkedUploads({ store, blobs, minChunkBytes: limits.minChunkBytes, clock }),
    deleteTokens: new DeleteTokens(random, clock),
    searches: new Searches(),
    onError,
    background: new Background(onError),
    notifier: new Notifier({
      store,
      clock,
      onError,
      random: random.fork('notifications'),
      allowPrivate: limits.allowPrivateFetch,
      timeoutMs: limits.notificationTimeoutMs,
      retryAfterMs: limits.notificationRetryMs
    })
  }
}
