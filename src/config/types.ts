import type { CallerKey, Rate } from '../schemas/caller.ts'
import type { CloudinaryEnvironment, UpstreamProxy } from '../schemas/environment.ts'
import type { Secret } from '../secret.ts'

/** Timeouts in milliseconds towards Cloudinary. */
export interface UpstreamLimits {
  readonly connectTimeoutMs: number
  /** From the last byte sent to the first byte of the answer, for JSON calls. */
  readonly headersTimeoutMs: number
  /** The same for uploads: Cloudinary processes the file after its last byte. */
  readonly uploadHeadersTimeoutMs: number
  /** Longest pause inside an answer. */
  readonly bodyTimeoutMs: number
  /** Largest JSON answer that is read, in bytes. */
  readonly maxAnswerBytes: number
}

export interface UploadLimits {
  readonly maxBytes: number
  /** Longest data URI in a body that is parsed, as text. */
  readonly textMaxBytes: number
  readonly chunkBytes: number
  /** Largest file sent in one request; above it, or unknown: chunks. */
  readonly singleRequestMaxBytes: number
  /** All chunks held by all uploads together stay below this. */
  readonly bufferBytes: number
  readonly maxConcurrent: number
  /** Parts of all places, and of `bufferBytes`, that one holder may have: up to 1, for all of it. */
  readonly shares: {
    readonly environment: number
    readonly caller: number
    /** Applies to requests without a key. */
    readonly address: number
    readonly signature: number
  }
  /** Longest pause in a caller's body. */
  readonly idleTimeoutMs: number
  /** Slowest average speed of a caller's body. */
  readonly minBytesPerSecond: number
  /** Folder below which server paths may be uploaded; undefined: none. */
  readonly fileRoot: string | undefined
  readonly verify: 'bytes' | 'md5'
  readonly verifyStrict: boolean
}

export interface SandboxSettings {
  /** `auto`: when there are no credentials and this is not production. */
  readonly mode: 'auto' | 'on' | 'off'
  /** What `mode` comes to: the process starts a sandbox and adds its environments with `withSandbox`. */
  readonly start: boolean
  readonly host: string
  readonly port: number
  /** Folder of its assets, or `:memory:`. */
  readonly data: string
  /** Whether it fetches files from, and notifies, this machine and private networks. */
  readonly allowPrivateFetch: boolean
  /** How browsers reach the sandbox, when not at its own address. */
  readonly publicUrl: string | undefined
}

/** Certificates for the connection to Redis, as PEM. */
export interface RedisTls {
  /** Authorities that signed the certificate of Redis, in place of those that Node trusts. */
  readonly ca?: string | undefined
  /** Client certificate of the gateway, and its key. */
  readonly cert?: string | undefined
  readonly key?: Secret | undefined
}

/** What the process may keep in memory, in bytes. */
export interface MemorySettings {
  readonly limitBytes: number
  /** Where the limit comes from. */
  readonly source: 'MEMORY_LIMIT' | 'container' | 'machine'
  /** Answers that wait to be read. */
  readonly answersBytes: number
  /** Answers of Cloudinary that are arriving. */
  readonly arrivingBytes: number
  /** Bodies that are read whole, such as JSON. */
  readonly bodiesBytes: number
  /** Records of idempotency keys, where there is no Redis. */
  readonly recordsBytes: number
  /** Each cache: verified tokens, issued signatures, rates. */
  readonly cacheBytes: number
  /** Whether freed memory stays with the process for a while, which saves CPU. */
  readonly keepsFreed: boolean
}

/** Everything the process needs to know, read once and frozen. */
export interface Config {
  readonly host: string
  readonly port: number
  readonly routePrefix: string
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
  readonly production: boolean
  readonly trustProxy: readonly string[]
  readonly corsOrigins: readonly string[]
  readonly redisUrl: Secret | undefined
  readonly redisTls: RedisTls
  /** Begins the name of every key in Redis. */
  readonly redisPrefix: string
  /** Where `/metrics` is served, away from everything else; undefined: nowhere. */
  readonly metrics: { readonly host: string, readonly port: number } | undefined
  readonly auth: {
    /** `none` only when said so; `loopback` when there are no keys and the address is loopback. */
    readonly mode: 'keys' | 'loopback' | 'none'
    readonly keys: readonly CallerKey[]
    readonly policyFile: string | undefined
    readonly jwksUrl: string | undefined
    /** Proxy that the key set is fetched through; absent: none. */
    readonly jwksProxy?: UpstreamProxy | undefined
    readonly jwtPublicKey: string | undefined
    readonly issuer: string | undefined
    readonly audience: string | undefined
  }
  /** Those with credentials of their own, in the order of their names; the sandbox's are added once it listens. */
  /** How often an address, and a caller whose policy says nothing, may ask; undefined: as often as it likes. */
  readonly rates: { readonly perAddress: Rate | undefined, readonly perCaller: Rate | undefined }
  readonly environments: readonly CloudinaryEnvironment[]
  /** Answers when a request names none. Empty as long as `environments` is. */
  readonly defaultEnvironment: string
  readonly sandbox: SandboxSettings
  readonly jsonMaxBytes: number
  readonly upstream: UpstreamLimits
  readonly upload: UploadLimits
  readonly memory: MemorySettings
  /** Seconds after SIGTERM in which requests are still taken. */
  readonly shutdownDrainSeconds: number
  /** Seconds that running requests get after that. */
  readonly shutdownGraceSeconds: number
  /** Unknown variables with one of our prefixes, each with the nearest right name. */
  readonly warnings: readonly string[]
}
