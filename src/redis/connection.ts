import type { ConnectionOptions } from 'node:tls'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisTls } from '../config/types.ts'
import { redisTarget, type RedisTarget } from '../net/redis-url.ts'
import type { Secret } from '../secret.ts'

/** Which Redis, and what the name of every key in it begins with. */
export interface RedisPlace {
  readonly url: Secret
  readonly prefix: string
  /** Certificates, where the URL asks for TLS and those of Node are not enough. */
  readonly tls?: RedisTls | undefined
}

export type RedisClient = Redis | Cluster

const CONNECT_TIMEOUT_MS = 2_000
const MOST_DELAY_MS = 2_000

const retryDelay = (attempt: number): number => Math.min(attempt * 100, MOST_DELAY_MS)

function tlsOptions ({ ca, cert, key }: RedisTls = {}): ConnectionOptions {
  return { ...ca !== undefined && { ca }, ...cert !== undefined && { cert, key: key?.reveal() } }
}

/** Options of the connection to one node. */
function nodeOptions (
  { username, password, tls }: RedisTarget, place: RedisPlace, silenceMs: number
): RedisOptions {
  return {
    username,
    password,
    tls: tls ? tlsOptions(place.tls) : undefined,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: silenceMs,
    maxRetriesPerRequest: 0,
    // The probe of the link checks more, and needs no right to INFO.
    enableReadyCheck: false,
    disableClientInfo: true,
    // The name may belong to another node now, or Sentinels may name one.
    reconnectOnError: ({ message }) => message.startsWith('READONLY')
  }
}

function openSentinel ({ hosts, master, db, tls, sentinel }: RedisTarget, options: RedisOptions): Redis {
  return new Redis({
    ...options,
    sentinels: hosts.map((host) => ({ ...host })),
    name: master,
    db,
    sentinelUsername: sentinel.username,
    sentinelPassword: sentinel.password,
    sentinelTLS: options.tls,
    enableTLSForSentinelMode: tls,
    sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
    sentinelRetryStrategy: retryDelay
  })
}

/** Opens a connection. Commands fail at once while it is down; it reconnects for as long as it takes. */
export function openRedis (place: RedisPlace, silenceMs: number): RedisClient {
  const target = redisTarget(place.url.reveal())
  const [first = { host: 'localhost', port: 0 }] = target.hosts // there is at least one
  const common = nodeOptions(target, place, silenceMs)
  // Set on the connection, so that no key can be written without the prefix.
  const options = { ...common, keyPrefix: place.prefix, enableOfflineQueue: false, retryStrategy: retryDelay }
  if (target.kind === 'sentinel') return openSentinel(target, options)
  if (target.kind === 'node') return new Redis({ ...options, ...first, db: target.db })
  return new Cluster(target.hosts.map((host) => ({ ...host })), {
    redisOptions: common,
    keyPrefix: place.prefix,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    clusterRetryStrategy: retryDelay,
    // Names stay names: certificates are made out for them, and a node may get another address.
    dnsLookup: (address, done) => { done(null, address) }
  })
}

/** Returns keys to probe Redis with: enough that each master of a cluster has some. */
export function probeKeysOf (client: RedisClient): string[] {
  return Array.from({ length: client.isCluster ? 16 : 1 }, (_, index) => `probe:${index}`)
}

/** Calls `listener` for each failure of the connection. Reconnecting is ioredis's business. */
export function onFault (client: RedisClient, listener: (error: Error) => void): void {
  let ofSentinel: Error | undefined
  // One failing Sentinel is not a failure yet, but its error says more than that all have failed.
  client.on('sentinelError', (error: Error) => { ofSentinel = error })
  client.on('error', (error: Error) => {
    const isOfAll = error.message.startsWith('All sentinels are unreachable')
    listener(isOfAll && ofSentinel ? ofSentinel : error)
  })
}
