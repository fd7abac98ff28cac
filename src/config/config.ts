import { parseUrl } from '../net/urls.ts'
import { Secret } from '../secret.ts'
import { readTextFile } from '../text-file.ts'
import { readCallers } from './caller-keys.ts'
import { ConfigError } from './config-error.ts'
import { chooseDefault, isCredentialVariable, readEnvironments } from './environments.ts'
import { deepFreeze } from './freeze.ts'
import { ALONE, BESIDE } from './environments/sandbox-environments.ts'
import { fitMemory, type Machine } from './memory-limit.ts'
import { readProxies } from './environments/proxies.ts'
import { readRedisTls } from './redis-tls.ts'
import { readSettings } from './settings.ts'
import { Source, type EnvironmentVariables, type ReadFile } from './source.ts'
import type { Rate } from '../schemas/caller.ts'
import type { Config, SandboxSettings, UploadLimits, UpstreamLimits } from './types.ts'
import { productionWarnings, serviceLinkWarnings, unknownVariables } from './unknown-variables.ts'
import { readShare, type SettingValues } from './variables.ts'

export { ConfigError } from './config-error.ts'

const WANTED = 'is missing, as is CLOUDINARY_URL_<NAME>: give credentials as cloudinary://key:secret@cloud'

function upstreamLimits (settings: SettingValues): UpstreamLimits {
  return {
    connectTimeoutMs: settings.UPSTREAM_CONNECT_TIMEOUT_MS,
    headersTimeoutMs: settings.UPSTREAM_HEADERS_TIMEOUT_MS,
    uploadHeadersTimeoutMs: settings.UPSTREAM_UPLOAD_TIMEOUT_MS,
    bodyTimeoutMs: settings.UPSTREAM_BODY_TIMEOUT_MS,
    maxAnswerBytes: settings.UPSTREAM_MAX_ANSWER_BYTES
  }
}

function uploadLimits (settings: SettingValues): UploadLimits {
  return {
    maxBytes: settings.UPLOAD_MAX_BYTES,
    textMaxBytes: settings.UPLOAD_TEXT_MAX_BYTES,
    chunkBytes: settings.UPLOAD_CHUNK_BYTES,
    singleRequestMaxBytes: settings.UPLOAD_SINGLE_MAX_BYTES,
    bufferBytes: settings.UPLOAD_BUFFER_BYTES,
    maxConcurrent: settings.UPLOAD_MAX_CONCURRENT,
    shares: {
      environment: readShare(settings.UPLOAD_ENVIRONMENT_SHARE),
      caller: readShare(settings.UPLOAD_CALLER_SHARE),
      address: readShare(settings.UPLOAD_ADDRESS_SHARE),
      signature: readShare(settings.UPLOAD_SIGNATURE_SHARE)
    },
    idleTimeoutMs: settings.UPLOAD_IDLE_TIMEOUT_MS,
    minBytesPerSecond: settings.UPLOAD_MIN_BYTES_PER_SECOND,
    fileRoot: settings.UPLOAD_FILE_ROOT,
    verify: settings.UPLOAD_VERIFY,
    verifyStrict: settings.UPLOAD_VERIFY_STRICT
  }
}

/** Whether the sandbox starts; a fault when there would be nothing to serve. */
function sandboxSettings (source: Source, settings: SettingValues, production: boolean): SandboxSettings {
  const mode = settings.SANDBOX
  // Bad credentials are credentials: their own faults are told, and the sandbox does not hide them.
  const credentials = source.names.some(isCredentialVariable)
  const start = mode === 'on' || (mode === 'auto' && !credentials && !production)
  if (!start && !credentials) {
    source.fault('CLOUDINARY_URL', mode === 'off' ? `${WANTED}, or set SANDBOX=on` : `${WANTED}; NODE_ENV=production starts no sandbox unless SANDBOX=on`)
  }
  return {
    mode,
    start,
    host: settings.SANDBOX_HOST,
    port: settings.SANDBOX_PORT,
    data: settings.SANDBOX_DATA,
    allowPrivateFetch: settings.SANDBOX_ALLOW_PRIVATE_FETCH,
    publicUrl: settings.SANDBOX_PUBLIC_URL && parseUrl(settings.SANDBOX_PUBLIC_URL)?.origin
  }
}

/** `600/60`, which the settings' schema has checked. */
function readRate (text: string | undefined): Rate | undefined {
  if (text === undefined) return undefined
  const [requests, perSeconds] = text.split('/').map(Number)
  return { requests: Number(requests), perSeconds: Number(perSeconds) }
}

/** Name of the default environment, the sandbox's environments included; '' when there is none. */
function defaultEnvironment (source: Source, own: readonly string[], sandbox: SandboxSettings): string {
  const beside = sandbox.start && own.length > 0
  if (beside && own.includes(BESIDE[0])) source.fault('SANDBOX', `is on, but the environment ${BESIDE[0]} has credentials of its own; keep one of them`)
  const names = own.length > 0 ? [...own, ...(beside ? BESIDE : [])] : sandbox.start ? ALONE : []
  const wanted = source.value('CLOUDINARY_ENVIRONMENT')
  // Where credentials were faulty, their names are unknown, and a complaint about the default would only mislead.
  if (source.faults.length > 0) return ''
  const chosen = chooseDefault(names, wanted)
  if ('name' in chosen) return chosen.name
  source.fault('CLOUDINARY_ENVIRONMENT', chosen.reason)
  return ''
}

export interface LoadOptions {
  readonly readFile?: ReadFile
  /**
   * The variables whose faults count, where only a part is wanted: what is read anew is not kept back by a bad file that
   * has nothing to do with it. What other variables speak of is then not to be used.
   */
  readonly heeded?: RegExp
  /** Memory of the machine; by default without the limit of its container. */
  readonly machine?: Machine
}

/**
 * Reads the environment once. An empty variable counts as unset; `<NAME>_FILE` names a file that holds a secret.
 * With `sandbox.start`, the sandbox's own environments are still to be added: see `withSandbox`.
 * @throws {ConfigError} naming every bad variable together, and no value: values are secrets.
 */
export function loadConfig (variables: EnvironmentVariables, options: LoadOptions = {}): Config {
  const { readFile = readTextFile, heeded = /^/, machine } = options
  const source = new Source(variables, readFile)
  const { settings, memory, warnings: ofMemory } = fitMemory(source, readSettings(source), machine)
  const production = settings.NODE_ENV === 'production'
  const proxyOf = readProxies(source)
  const warnings = [
    ...unknownVariables(source.names),
    ...serviceLinkWarnings(source.serviceLinks),
    ...productionWarnings(settings.NODE_ENV),
    ...ofMemory
  ]
  const environments = readEnvironments(
    source, { insecure: settings.ALLOW_INSECURE_UPSTREAM, proxyOf }, warnings
  )
  const sandbox = sandboxSettings(source, settings, production)
  const auth = readCallers(source, settings, proxyOf)
  const preferred = defaultEnvironment(source, environments.map(({ name }) => name), sandbox)
  const redisTls = readRedisTls(source, settings)
  const faults = source.faults.filter(({ name }) => heeded.test(name))
  if (faults.length > 0) throw new ConfigError(faults)
  return deepFreeze<Config>({
    host: settings.HOST,
    port: settings.PORT,
    routePrefix: settings.ROUTE_PREFIX.replace(/\/$/, ''),
    logLevel: settings.LOG_LEVEL,
    production,
    trustProxy: settings.TRUST_PROXY,
    corsOrigins: settings.CORS_ORIGINS,
    redisUrl: settings.REDIS_URL === undefined ? undefined : new Secret(settings.REDIS_URL),
    redisTls,
    redisPrefix: settings.REDIS_PREFIX,
    metrics: settings.METRICS_PORT === undefined ? undefined : { host: settings.METRICS_HOST, port: settings.METRICS_PORT },
    auth,
    rates: { perAddress: readRate(settings.RATE_PER_ADDRESS), perCaller: readRate(settings.RATE_PER_CALLER) },
    environments,
    defaultEnvironment: preferred,
    sandbox,
    jsonMaxBytes: settings.JSON_MAX_BYTES,
    upstream: upstreamLimits(settings),
    upload: uploadLimits(settings),
    memory,
    shutdownDrainSeconds: settings.SHUTDOWN_DRAIN_SECONDS,
    shutdownGraceSeconds: settings.SHUTDOWN_GRACE_SECONDS,
    warnings
  })
}
