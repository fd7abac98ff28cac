import { randomUUID } from 'node:crypto'
import type { ErrorCode, GatewayError } from '../../errors.ts'
import type { CloudinaryEnvironment } from '../../schemas/environment.ts'
import type { AccountState } from './account/account-state.ts'
import { apiRoot } from './admin-paths.ts'
import type { AnswerShape } from './answer-shapes.ts'
import { readAnswer, transportFailure, type ReadAnswer } from './answer.ts'
import type { CircuitBreaker } from './circuit-breaker.ts'
import type { QuotaStanding, Spending } from './account/quota.ts'
import { PASSING, withRetries, type Pace, type RetryBudget } from './retry.ts'
import { TransportError, type Transport, type UpstreamReply, type UpstreamRequest } from './transport.ts'

export interface Call {
  readonly signal: AbortSignal
  /** Whether the caller may learn of an asset of that name; when absent, of every asset. */
  readonly sees?: (publicId: string) => boolean
  /**
   * Set when the caller asks for hints although calls are scarce. Counts one call against its rate, and
   * returns false when the rate allows no more.
   */
  readonly diagnose?: (() => Promise<boolean>) | undefined
  /** What a read is counted as; default: `read`. */
  readonly spending?: Spending
  /** Called with the Admin API budget after each call that counts, or was refused. */
  readonly onQuota?: ((standing: QuotaStanding | undefined) => void) | undefined
}

/** What an environment's calls share. */
export interface Connection {
  readonly environment: CloudinaryEnvironment
  readonly transport: Transport
  readonly pace: Pace
  readonly budget: RetryBudget
  readonly circuits: Readonly<Record<'json' | 'upload', CircuitBreaker>>
  readonly account: AccountState
  /**
   * Called when a request has ended: `ok`, or the code of its failure. `telling`: the request carried the
   * credentials themselves, or was never sent, so that its failure says more about the environment than about
   * the request.
   */
  readonly tried: (outcome: 'ok' | ErrorCode, failure?: GatewayError, telling?: boolean) => void
}

/** Called for each request to Cloudinary, of any environment. */
export type TryListener = (
  environment: string, outcome: 'ok' | ErrorCode,
  tried: {
    readonly of: CloudinaryEnvironment, readonly failure?: GatewayError | undefined, readonly telling: boolean
  }
) => void

const MAX_ATTEMPTS = 3
/** For one call with all its retries. */
const DEADLINE_MS = 30_000
/** How every request to Cloudinary names us. */
export const USER_AGENT = 'cloudinary-gateway'

/**
 * `GET` and idempotent changes are retried after any passing failure; the rest only when nothing was sent.
 */
type Retry = 'always' | 'unsent'

/** A form that changes something, and the shape of the expected answer. */
export interface Change {
  readonly path: string
  readonly fields: Readonly<Record<string, string>>
  readonly shape: AnswerShape
  readonly retry: Retry
  /** The Admin API reads credentials from a header and counts its calls; the Upload API reads a signature. */
  readonly api: 'admin' | 'upload'
}

/** A request with the shape of the expected answer, and what it spends of the budget. */
interface Counted {
  readonly request: UpstreamRequest
  readonly shape: AnswerShape
  readonly spending: Spending | undefined
}

/** Returns whether Cloudinary cannot have seen the request. */
export function sentNothing (error: GatewayError): boolean {
  return error.cause instanceof TransportError && error.cause.beforeSend
}

/** Sends the JSON calls of one environment within the budget of its account, and retries them. */
export class JsonCalls {
  readonly #connection: Connection
  /** Prefix of the keys of this client's reads: two environments never share an answer. */
  readonly #id = randomUUID()
  readonly #root: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #formHeaders: Readonly<Record<Change['api'], Readonly<Record<string, string>>>>

  constructor (connection: Connection) {
    const { environment } = connection
    this.#connection = connection
    this.#root = apiRoot(environment)
    const pair = Buffer.from(`${environment.apiKey}:${environment.apiSecret.reveal()}`).toString('base64')
    // Built once: they are the same for every call.
    const all = { accept: 'application/json', 'user-agent': USER_AGENT }
    const form = { ...all, 'content-type': 'application/x-www-form-urlencoded' }
    this.#headers = Object.freeze({ ...all, authorization: `Basic ${pair}` })
    this.#formHeaders = {
      admin: Object.freeze({ ...form, authorization: `Basic ${pair}` }), upload: Object.freeze(form)
    }
  }

  /** Reads. Equal reads at the same time share the call. */
  async get (
    path: string, shape: AnswerShape, { signal, onQuota, spending = 'read' }: Call, maxAttempts = MAX_ATTEMPTS
  ): Promise<ReadAnswer> {
    const { account: { reads, quota } } = this.#connection
    const target = { method: 'GET', path: this.#root + path, headers: this.#headers, lane: 'json' } as const
    try {
      return await reads.ask(`${this.#id} ${spending} ${maxAttempts} ${path}`, signal, async (shared) =>
        this.#retried({ request: { ...target, signal: shared }, shape, spending }, 'always', maxAttempts))
    } finally {
      onQuota?.(quota.standing)
    }
  }

  async post ({ path, fields, shape, retry, api }: Change, { signal, onQuota }: Call): Promise<ReadAnswer> {
    const { account: { reads, quota } } = this.#connection
    const body = Buffer.from(new URLSearchParams(fields).toString())
    const headers = this.#formHeaders[api]
    const request = { method: 'POST', path: this.#root + path, headers, body, lane: 'json', signal } as const
    try {
      return await this.#retried({ request, shape, spending: api === 'admin' ? 'change' : undefined }, retry)
    } finally {
      reads.separate()
      if (api === 'admin') onQuota?.(quota.standing)
    }
  }

  async #retried (sent: Counted, retry: Retry, maxAttempts = MAX_ATTEMPTS): Promise<ReadAnswer> {
    const { pace, budget } = this.#connection
    return withRetries(async () => this.#send(sent), {
      maxAttempts,
      deadline: pace.clock() + DEADLINE_MS,
      signal: sent.request.signal,
      canRetry: (error) => PASSING.has(error.code) && (retry === 'always' || sentNothing(error))
    }, budget, pace)
  }

  async #send ({ request, shape, spending }: Counted): Promise<ReadAnswer> {
    const { environment, transport, pace, circuits, tried, account: { quota } } = this.#connection
    const admitted = spending && await quota.admit(spending)
    let reply: UpstreamReply | undefined
    let failure: GatewayError | undefined
    try {
      const onStart = circuits.json.admit()
      const { answered } = circuits.json
      try {
        reply = await transport.send({ ...request, onStart })
        const answer = readAnswer(reply, { environment, nowMs: pace.now() }, shape)
        tried('ok')
        circuits.json.settle()
        return answer
      } catch (error) {
        failure = transportFailure(error)
        if (failure.code === 'upstream_unavailable') throw failure // it was not sent
        tried(failure.code, failure, request.headers['authorization'] !== undefined)
        circuits.json.settle(failure, answered)
        throw failure
      }
    } finally {
      admitted?.settle(reply, failure)
    }
  }
}
