import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { callerKey, strangerKey } from '../../auth/callers/caller-key.ts'
import type { MemoryBounds } from '../../bounded-memory.ts'
import type { Rate } from '../../schemas/caller.ts'
import { MemoryRateStore, type RateStore, type RateVerdict } from '../../auth/rate-limit.ts'
import { GatewayError } from '../../errors.ts'
import { addressKey } from '../../net/addresses.ts'
import type { RedisLink } from '../../redis/link.ts'
import { RedisRateStore } from '../../redis/rate-store.ts'
import { announceLimit } from './limit-headers.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Where requests are counted. */
    rateStore: RateStore
    /**
     * Counts a request for its address. Call it for requests that run no hooks.
     * @throws {GatewayError} `rate_limited` when the address has sent too many.
     */
    countAddress (request: FastifyRequest, reply: FastifyReply): Promise<void>
  }
  interface FastifyRequest {
    /**
     * Counts the further requests that this one stands for against the rates of its address and its caller.
     * Returns how many of them the rates allow, and the refusal of the others.
     */
    countFurther (reply: FastifyReply, count: number): Promise<FurtherRequests>
  }
  interface FastifyContextConfig {
    /** True for routes that monitoring asks. They answer however many requests others send. */
    isProbe?: boolean
  }
}

export interface RateLimitOptions {
  /** Requests that one address may send, with or without a key. Absent: any number. */
  readonly perAddress?: Rate | undefined
  /** Requests of one caller, where its policy says nothing; without a key, of one address. Absent: any number. */
  readonly perCaller?: Rate | undefined
  /** Where counts are shared between replicas; without it they are kept in memory. */
  readonly redis?: RedisLink | undefined
  /** Bounds of the keys that are counted exactly. */
  readonly memory?: MemoryBounds
  /** Measures durations in this process, in milliseconds. */
  readonly now?: () => number
  /** Called for each rejected request; feeds a metric. */
  readonly onLimited?: ((by: LimitName) => void) | undefined
}

type CallerRateOptions = Pick<RateLimitOptions, 'perCaller' | 'onLimited'>

/** Result of counting requests that one request stands for. */
export interface FurtherRequests {
  readonly allowed: number
  /** Absent when all were allowed. */
  readonly refusal?: GatewayError
}

function openStore ({ redis, now, memory }: RateLimitOptions): RateStore {
  return redis ? new RedisRateStore(redis, memory) : new MemoryRateStore({ now, ...memory })
}

type LimitName = 'address' | 'caller'

function limited (name: LimitName, rate: Rate, { retryAfterSeconds }: RateVerdict): GatewayError {
  const who = name === 'caller' ? 'This caller' : 'This address'
  return new GatewayError('rate_limited', `${who} may send ${rate.requests} requests in ${rate.perSeconds} seconds; the next one in ${retryAfterSeconds} s.`, {
    headers: { 'retry-after': String(retryAfterSeconds) }
  })
}

function requireQuota (
  reply: FastifyReply,
  name: LimitName,
  rate: Rate,
  verdict: RateVerdict,
  onLimited: RateLimitOptions['onLimited']
): void {
  announceLimit(reply, name, { ...rate, ...verdict })
  if (verdict.allowed) return
  onLimited?.(name)
  throw limited(name, rate, verdict)
}

/**
 * Limits how often an address may send requests, to any route or to none. Probes do not count, because a
 * gateway that refuses them would look broken. Register this plugin before `authentication`, so that guesses at
 * keys count.
 */
export default fp<RateLimitOptions>(async (scope, options) => {
  const { perAddress, onLimited } = options
  const store = openStore(options)
  scope.decorate('rateStore', store)
  scope.addHook('onClose', () => store.close())
  scope.decorate('countAddress', async (request, reply) => {
    if (!perAddress) return
    const verdict = await store.take(`address:${addressKey(request.ip)}`, perAddress)
    requireQuota(reply, 'address', perAddress, verdict, onLimited)
  })
  if (!perAddress) return
  scope.addHook('onRequest', async (request, reply) => {
    if (!request.routeOptions.config.isProbe) await scope.countAddress(request, reply)
  })
}, { name: 'rate-limit' })

/**
 * Limits how often an address may send requests to routes that ask for no key, in the scope that registers it.
 * The rate of a caller applies to each address, as it does for callers without a key.
 */
export const strangerRate = fp<CallerRateOptions>(async (scope, { perCaller: rate, onLimited }) => {
  if (!rate) return
  const { rateStore } = scope
  scope.addHook('onRequest', async (request, reply) => {
    requireQuota(reply, 'caller', rate, await rateStore.take(strangerKey(request.ip), rate), onLimited)
  })
}, { name: 'stranger-rate', dependencies: ['rate-limit'] })

/** A limit that a request counts for. */
interface Quota { readonly name: LimitName, readonly key: string, readonly rate: Rate | undefined }

/** Takes requests from each quota in turn: as many as the quotas before it have allowed. */
async function takeFurther (
  store: RateStore,
  reply: FastifyReply,
  quotas: readonly Quota[],
  count: number,
  onLimited: RateLimitOptions['onLimited']
): Promise<FurtherRequests> {
  let further: FurtherRequests = { allowed: count }
  for (const { name, key, rate } of quotas) {
    if (!rate || further.allowed === 0) continue
    const verdicts = await Promise.all(Array.from({ length: further.allowed }, () => store.take(key, rate)))
    const last = verdicts.at(-1) as RateVerdict // `allowed` is not 0
    announceLimit(reply, name, { ...rate, ...last })
    const refused = verdicts.filter(({ allowed }) => !allowed)
    refused.forEach(() => onLimited?.(name))
    if (refused.length > 0) {
      further = { allowed: further.allowed - refused.length, refusal: limited(name, rate, last) }
    }
  }
  return further
}

/**
 * Limits how often a caller may send requests. Register this plugin right after `authentication`: requests that
 * are forbidden, or name an unknown environment, then count too, and no body is read.
 */
export const callerRate = fp<CallerRateOptions & Pick<RateLimitOptions, 'perAddress'>>(async (scope, options) => {
  const { perAddress, perCaller, onLimited } = options
  const { rateStore } = scope
  const rateOf = ({ caller }: FastifyRequest): Rate | undefined => caller.permissions.rate ?? perCaller
  scope.decorateRequest('countFurther', async function (reply, count) {
    return takeFurther(rateStore, reply, [
      { name: 'address', key: `address:${addressKey(this.ip)}`, rate: perAddress },
      { name: 'caller', key: callerKey(this), rate: rateOf(this) }
    ], count, onLimited)
  })
  scope.addHook('onRequest', (request, reply, done) => {
    const rate = rateOf(request)
    if (!rate) return done()
    rateStore.take(callerKey(request), rate).then((verdict) => {
      requireQuota(reply, 'caller', rate, verdict, onLimited)
      done()
    }).catch(done)
  })
}, { name: 'caller-rate', dependencies: ['rate-limit'] })
