import type { Test } from 'tap'
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../../src/app.ts'
import type { AppOptions } from '../../src/app-types.ts'
import type { Config } from '../../src/config/types.ts'
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/index.ts'
import type { CloudinaryEnvironment } from '../../src/schemas/environment.ts'
import { Secret } from '../../src/secret.ts'

type Changes<T> = { -readonly [K in keyof T]?: T[K] extends readonly unknown[] ? T[K] : T[K] extends object ? Partial<T[K]> : T[K] }

/** An environment that points at `url`, where cloud `demo` has key `1234` and secret `abcd`. */
export function environmentAt (url: string, changes: Partial<CloudinaryEnvironment> = {}): CloudinaryEnvironment {
  return {
    name: 'production',
    cloudName: 'demo',
    apiKey: '1234',
    apiSecret: new Secret('abcd'),
    uploadPrefix: url,
    signatureAlgorithm: 'sha1',
    signatureVersion: 2,
    delivery: { secure: false, private_cdn: false, cname: new URL(url).host, cdn_subdomain: false, long_url_signature: false, force_version: true },
    sandbox: true,
    ...changes
  }
}

/** A whole config for tests: loopback, no keys, small and short limits. `changes` are merged one level deep. */
export function testConfig (environments: readonly CloudinaryEnvironment[], changes: Changes<Config> = {}): Config {
  const base: Config = {
    host: '127.0.0.1',
    port: 0,
    routePrefix: '',
    logLevel: 'silent',
    production: false,
    trustProxy: [],
    corsOrigins: [],
    redisUrl: undefined,
    redisPrefix: 'test:',
    redisTls: {},
    metrics: undefined,
    auth: { mode: 'loopback', keys: [], policyFile: undefined, jwksUrl: undefined, jwtPublicKey: undefined, issuer: undefined, audience: undefined },
    rates: { perAddress: undefined, perCaller: undefined },
    environments,
    defaultEnvironment: environments[0]?.name ?? 'production',
    sandbox: { mode: 'off', start: false, host: '127.0.0.1', port: 0, data: ':memory:', allowPrivateFetch: false, publicUrl: undefined },
    jsonMaxBytes: 1024 * 1024,
    upstream: { connectTimeoutMs: 2_000, headersTimeoutMs: 3_000, uploadHeadersTimeoutMs: 30_000, bodyTimeoutMs: 3_000, maxAnswerBytes: 10 * 1024 * 1024 },
    upload: {
      maxBytes: 5 * 1024 ** 3,
      textMaxBytes: 16 * 1024 * 1024,
      chunkBytes: 20_000_000,
      singleRequestMaxBytes: 100_000_000,
      bufferBytes: 128 * 1024 * 1024,
      maxConcurrent: 32,
      shares: { environment: 3 / 4, caller: 1 / 2, address: 1 / 4, signature: 1 / 8 },
      idleTimeoutMs: 5_000,
      minBytesPerSecond: 1024,
      fileRoot: undefined,
      verify: 'bytes',
      verifyStrict: false
    },
    memory: {
      limitBytes: 4 * 1024 ** 3,
      source: 'machine',
      answersBytes: 64 * 1024 ** 2,
      arrivingBytes: 128 * 1024 ** 2,
      bodiesBytes: 64 * 1024 ** 2,
      recordsBytes: 32 * 1024 ** 2,
      cacheBytes: 16 * 1024 ** 2,
      keepsFreed: false
    },
    shutdownDrainSeconds: 0,
    shutdownGraceSeconds: 5,
    warnings: []
  }
  const merged = Object.entries(changes).map(([name, value]) => {
    const known = base[name as keyof Config] // names come from Changes<Config>
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value) && typeof known === 'object'
    return [name, isMap ? { ...known, ...value } : value]
  })
  return { ...base, ...Object.fromEntries(merged) }
}

export interface Gateway {
  app: FastifyInstance
  sandbox: Sandbox
  /** Where the gateway listens, on a real socket: `http://127.0.0.1:<port>`. */
  url: string
}

/** A gateway on a real socket before a sandbox of its own; both close with the test. */
export async function startGateway (t: Test, changes: Changes<Config> = {}, sandboxOptions: Partial<SandboxOptions> = {}): Promise<Gateway> {
  const sandbox = await startSandbox(sandboxOptions)
  t.teardown(() => sandbox.close())
  return { sandbox, ...await startGatewayAt(t, sandbox.url, changes) }
}

export interface GatewayAtOptions extends Changes<Config>, Pick<AppOptions, 'leaseMs' | 'keptKeys' | 'unread'> {
  /** Environments before the same upstream; the first one is the default. */
  names?: readonly string[]
  /** Takes the lines of the log, from `error` on. */
  log?: string[]
}

/** A gateway on a real socket before whatever answers at `upstreamUrl`; closes with the test. */
export async function startGatewayAt (
  t: { teardown: (end: () => unknown) => void },
  upstreamUrl: string,
  { names = ['production'], log, leaseMs, keptKeys, unread, ...changes }: GatewayAtOptions = {}
): Promise<Omit<Gateway, 'sandbox'>> {
  const config = testConfig(names.map((name) => environmentAt(upstreamUrl, { name })), changes)
  const logger = log && { level: 'error', stream: { write: (line: string) => { log.push(line) } } }
  const app = await buildApp({
    config,
    ...(logger && { logger }),
    ...(leaseMs !== undefined && { leaseMs }),
    ...(keptKeys !== undefined && { keptKeys }),
    ...(unread && { unread })
  })
  t.teardown(() => app.close())
  return { app, url: await app.listen({ host: '127.0.0.1', port: 0 }) }
}
