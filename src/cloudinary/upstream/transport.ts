import type { UpstreamLimits } from '../../config/types.ts'
import { GatewayError } from '../../errors.ts'
import { dispatcherTo, ProxyError, wasUnconnected, type Dispatcher } from '../../net/outbound.ts'
import type { UpstreamProxy } from '../../schemas/environment.ts'
import { AnswerRoom, type ArrivingAnswer } from './answer-room.ts'

/** One request to Cloudinary. `lane` chooses the pool: long uploads never stand before JSON calls. */
export interface UpstreamRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer | AsyncIterable<Buffer>
  readonly lane: 'json' | 'upload'
  readonly signal: AbortSignal
  /**
   * Called when a connection takes the request, which may have waited for one. If it throws, nothing is sent.
   */
  readonly onStart?: () => void
}

/** An answer, complete and bounded. Header names are in lower case. */
export interface UpstreamReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

export type TransportFault =
  'aborted' | 'body' | 'unreachable' | 'connect_timeout' | 'proxy' | 'timeout' | 'tls' | 'cut' | 'broken' | 'too_large'

const BEFORE_SEND: ReadonlySet<TransportFault> = new Set<TransportFault>([
  'unreachable', 'connect_timeout', 'proxy'
])

/** Why there is no answer. `cause` holds what undici said, or what the source of the body threw. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly fault: TransportFault

  constructor (fault: TransportFault, options?: ErrorOptions) {
    super(`no answer from upstream: ${fault}`, options)
    this.fault = fault
  }

  /** True when Cloudinary cannot have seen the request: the connection was never made. */
  get beforeSend (): boolean { return BEFORE_SEND.has(this.fault) }

  /** True when the proxy refuses because of its settings, so that another attempt is refused too. */
  get isFinal (): boolean {
    const { cause } = this
    return cause instanceof ProxyError && cause.status !== undefined && cause.status < 500
  }
}

const SENT_HEADERS: ReadonlySet<string> = new Set([
  'accept', 'authorization', 'content-length', 'content-range', 'content-type', 'user-agent', 'x-unique-upload-id'
])
/** A whole answer, once begun, may take as long as this many of the longest allowed pauses. */
const ANSWER_PAUSES = 2
/** What an upload may have waiting at its connection: with less than a few reads every piece would wait for the one before. */
const UPLOAD_SEND_BUFFER_BYTES = 256 * 1024
const PATH = /^\/[!-~]*$/
const HEADER_VALUE = /^[\t -~]*$/
const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'])
const TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'])
const CUT = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'ECONNABORTED'])

/**
 * undici loses one connection slot of a bounded pool for good with each request it refuses, so nothing that it would
 * refuse may reach it.
 */
function assertSendable ({ path, headers }: UpstreamRequest): void {
  if (!PATH.test(path)) throw new TypeError('a path to upstream holds a character that must be encoded')
  for (const [name, value] of Object.entries(headers)) {
    if (!SENT_HEADERS.has(name)) throw new TypeError(`the header ${name} is not sent upstream`)
    if (!HEADER_VALUE.test(value)) throw new TypeError(`the value of the header ${name} cannot be sent upstream`)
  }
}

function faultOf (error: Error & { code?: string }): TransportFault {
  if (error instanceof ProxyError) return 'proxy'
  const code = String(error.code)
  if (UNREACHABLE.has(code)) return 'unreachable'
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'connect_timeout'
  if (TIMEOUTS.has(code)) return 'timeout'
  // A server that closes during the handshake has seen no request.
  if (CUT.has(code)) return wasUnconnected(error) ? 'unreachable' : 'cut'
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|EPROTO)/.test(code)) return 'tls'
  return 'broken'
}

function single (headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]))
}

/** Passes the chunks on and remembers what the source threw, which undici would wrap or replace. */
class WatchedBody {
  readonly #source: AsyncIterable<Buffer>
  failure: unknown

  constructor (source: AsyncIterable<Buffer>) { this.#source = source }

  [Symbol.asyncIterator] (): AsyncIterator<Buffer> {
    const iterator = this.#source[Symbol.asyncIterator]()
    return { next: () => iterator.next().then(undefined, this.#onFailure) }
  }

  readonly #onFailure = (error: unknown): never => {
    this.failure = error
    throw error
  }
}

/** Collects one answer up to a bound and settles once. */
class AnswerCollector implements Dispatcher.DispatchHandler {
  readonly #settle: (outcome: UpstreamReply | Error) => void
  readonly #limits: UpstreamLimits
  readonly #onStart: () => void
  readonly #arriving: ArrivingAnswer
  readonly #chunks: Buffer[] = []
  #controller: Dispatcher.DispatchController | undefined
  #aborted: Error | undefined
  #size = 0
  #status = 0
  #tooSlow: NodeJS.Timeout | undefined
  #headers: Record<string, string | undefined> = {}

  constructor (
    limits: UpstreamLimits,
    arriving: ArrivingAnswer,
    onStart: () => void,
    settle: (outcome: UpstreamReply | Error) => void
  ) {
    this.#limits = limits
    this.#arriving = arriving
    this.#onStart = onStart
    this.#settle = (outcome) => {
      clearTimeout(this.#tooSlow)
      arriving.leave()
      settle(outcome)
    }
  }

  /** Works before the request has a connection too: it is then given up the moment it gets one. */
  abort (error: Error): void {
    this.#aborted = error
    this.#controller?.abort(error)
    this.#settle(error)
  }

  onRequestStart (controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#aborted) return controller.abort(this.#aborted)
    try {
      this.#onStart()
    } catch (error) {
      this.abort(error as Error) // as whoever asked throws it
    }
  }

  onResponseStart (_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) return // informational: the real answer follows
    this.#status = status
    this.#headers = single(headers)
    // undici watches pauses; an answer of one byte a second has none that are long enough.
    this.#tooSlow = setTimeout(() => this.abort(new TransportError('timeout')), this.#limits.bodyTimeoutMs * ANSWER_PAUSES)
  }

  onResponseData (_: unknown, chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size > this.#limits.maxAnswerBytes) return this.abort(new TransportError('too_large'))
    try {
      this.#arriving.add(chunk.length)
    } catch (error) {
      this.abort(error as Error) // for lack of room
      return
    }
    this.#chunks.push(chunk)
  }

  onResponseEnd (): void {
    this.#settle({ status: this.#status, headers: this.#headers, body: Buffer.concat(this.#chunks, this.#size) })
  }

  onResponseError (_: unknown, error: Error): void { this.#settle(error) }
}

export interface TransportOptions {
  /** Scheme, host and port. */
  readonly origin: string
  readonly limits: UpstreamLimits
  readonly proxy?: UpstreamProxy | undefined
  readonly jsonConnections?: number
  /** What all answers share while they arrive; by default each has as much room as it needs. */
  readonly answerRoom?: AnswerRoom | undefined
}

/** The connections of one environment: one pool for JSON calls, another for uploads. */
export class Transport {
  readonly #pools: Readonly<Record<'json' | 'upload', Dispatcher>>
  readonly #limits: UpstreamLimits
  /** Proxy that sees requests in clear text; undefined behind a tunnel. */
  readonly #proxy: UpstreamProxy | undefined
  readonly #room: AnswerRoom

  constructor (options: TransportOptions) {
    const { origin, limits, proxy, jsonConnections = 64, answerRoom = new AnswerRoom(Infinity) } = options
    this.#room = answerRoom
    this.#limits = limits
    this.#proxy = new URL(origin).protocol === 'http:' ? proxy : undefined
    const upload = {
      ...limits,
      proxy,
      headersTimeoutMs: limits.uploadHeadersTimeoutMs,
      sendBufferBytes: UPLOAD_SEND_BUFFER_BYTES
    }
    this.#pools = {
      json: dispatcherTo(origin, { ...limits, proxy, maxConnections: jsonConnections }),
      // Not bounded here: the gateway admits only so many uploads at a time.
      upload: dispatcherTo(origin, upload)
    }
  }

  /**
   * Sends one request and reads its whole answer. Redirects are answers like any other; nothing is followed
   * or repeated.
   * @throws {TransportError} when there is no complete answer.
   * @throws {GatewayError} as `onStart` does, and `overloaded` when there is no room for the answer to a
   * `GET`.
   */
  async send (request: UpstreamRequest): Promise<UpstreamReply> {
    assertSendable(request)
    const { method, path, headers, body, lane, signal, onStart = () => {} } = request
    if (signal.aborted) throw new TransportError('aborted', { cause: signal.reason })
    const watched = body === undefined || Buffer.isBuffer(body) ? undefined : new WatchedBody(body)
    const outcome = await new Promise<UpstreamReply | Error>((resolve) => {
      const onAbort = (): void => collector.abort(new TransportError('aborted', { cause: signal.reason }))
      const arriving = this.#room.enter(method === 'GET')
      const collector = new AnswerCollector(this.#limits, arriving, onStart, (settled) => {
        signal.removeEventListener('abort', onAbort)
        resolve(settled)
      })
      signal.addEventListener('abort', onAbort)
      // undici's types leave out async iterables, which its documentation names as bodies.
      const payload = (watched ?? body ?? null) as Buffer | null
      this.#pools[lane].dispatch({ method, path, headers, body: payload }, collector)
    })
    if (!(outcome instanceof Error)) return this.#ofOrigin(outcome)
    if (outcome instanceof TransportError || outcome instanceof GatewayError) throw outcome
    if (watched?.failure !== undefined && watched.failure === outcome) throw new TransportError('body', { cause: outcome })
    throw new TransportError(faultOf(outcome), { cause: outcome })
  }

  /**
   * Tells a refusal by the proxy from an answer of the origin. Needed where the proxy forwards requests, as
   * it does for `http://` origins. Only a proxy says 407; tinyproxy says 401. Cloudinary says 401 and 403 in
   * JSON.
   * @throws {TransportError}
   */
  #ofOrigin (reply: UpstreamReply): UpstreamReply {
    if (this.#proxy === undefined) return reply
    const { status, headers } = reply
    const isRefused = status === 407 || (
      (status === 401 || status === 403) && !/json/i.test(headers['content-type'] ?? '')
    )
    if (!isRefused) return reply
    throw new TransportError('proxy', { cause: new ProxyError('refused', this.#proxy, status) })
  }

  /** Drops the connections; requests still running end as `cut` or `aborted`. */
  async close (): Promise<void> {
    await Promise.all(Object.values(this.#pools).map((pool) => pool.destroy()))
  }
}
