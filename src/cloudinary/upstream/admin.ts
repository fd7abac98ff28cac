import { GatewayError, type ErrorCode } from '../../errors.ts'
import { RESOURCE_TYPES, type DeliveryTypeName, type ResourceTypeName } from '../../schemas/assets.ts'
import type { CloudinaryEnvironment } from '../../schemas/environment.ts'
import { signParameters } from '../wire/signature.ts'
import { apiRoot, encodeQuery, listPath, pathSegment, type Listed, type Query } from './admin-paths.ts'
import { anyObject, oneAsset, pageOfAssets, type AnswerShape } from './answer-shapes.ts'
import { readAnswer, transportFailure, type ReadAnswer } from './answer.ts'
import type { CircuitBreaker } from './circuit-breaker.ts'
import { findElsewhere, missing, type Place } from './place.ts'
import { PASSING, withRetries, type Pace, type RetryBudget } from './retry.ts'
import { TransportError, type Transport, type UpstreamRequest } from './transport.ts'

export interface Call {
  readonly signal: AbortSignal
  /** Whether the caller may learn of an asset of that name; when absent, of every asset. */
  readonly sees?: (publicId: string) => boolean
}

/** An asset that was found by its ID. */
export interface ResolvedAsset extends Place {
  readonly answer: ReadAnswer
  readonly public_id: string
}

/** The 404 of an asset_id, the same whether the asset is absent or hidden from the caller. */
export function absentAssetId (assetId: string, cause?: GatewayError): GatewayError {
  return new GatewayError('not_found', `There is no asset with the asset_id "${assetId}".`, { cause })
}

/** An asset to delete, and how. */
export interface Doomed {
  readonly public_id: string
  readonly type: string
  readonly invalidate: boolean
  readonly notification_url?: string | undefined
}

/** What an environment's calls share. */
export interface Connection {
  readonly environment: CloudinaryEnvironment
  readonly transport: Transport
  readonly pace: Pace
  readonly budget: RetryBudget
  readonly circuits: Readonly<Record<'json' | 'upload', CircuitBreaker>>
  /**
   * Told how each request ended: `ok`, or the code of its failure. `telling`: the request carried the credentials
   * themselves, or never left, so that its failure says more of the environment than of the request.
   */
  readonly tried: (outcome: 'ok' | ErrorCode, failure?: GatewayError, telling?: boolean) => void
}

/** Told of each request to Cloudinary, of any environment. */
export type TryListener = (
  environment: string, outcome: 'ok' | ErrorCode,
  tried: { readonly of: CloudinaryEnvironment, readonly failure?: GatewayError | undefined, readonly telling: boolean }
) => void

const MAX_ATTEMPTS = 3
/** For one call with all its retries. */
const DEADLINE_MS = 30_000
/** How every request to Cloudinary names us. */
export const USER_AGENT = 'cloudinary-gateway'

/** `GET` and idempotent changes are retried after any passing failure; the rest only when nothing was sent. */
type Retry = 'always' | 'unsent'

/** A form that changes something, and the answer that is due in return. */
interface Change {
  readonly path: string
  readonly fields: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly shape: AnswerShape
  readonly retry: Retry
}

/** Cloudinary cannot have seen the request. */
export function sentNothing (error: GatewayError): boolean {
  return error.cause instanceof TransportError && error.cause.beforeSend
}

/** The JSON calls of one environment. */
export class AdminCalls {
  readonly #connection: Connection
  readonly #root: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #formHeaders: Readonly<Record<string, string>>

  constructor (connection: Connection) {
    const { environment } = connection
    this.#connection = connection
    this.#root = apiRoot(environment)
    const pair = Buffer.from(`${environment.apiKey}:${environment.apiSecret.reveal()}`).toString('base64')
    // Built once: the header is the same for every call.
    this.#headers = Object.freeze({ accept: 'application/json', authorization: `Basic ${pair}`, 'user-agent': USER_AGENT })
    this.#formHeaders = Object.freeze({ ...this.#headers, 'content-type': 'application/x-www-form-urlencoded' })
  }

  /** Proves the credentials. */
  async ping (call: Call, maxAttempts?: number): Promise<void> {
    await this.#get('/ping', anyObject, call, maxAttempts)
  }

  /** One page of a list. Each filter is a call of its own. */
  async list (listed: Listed, query: Query, call: Call): Promise<ReadAnswer> {
    return this.#get(listPath(listed, query), pageOfAssets, call)
  }

  /**
   * Whether folders are a part of public IDs (`fixed`) or not (`dynamic`); undefined when nothing says so.
   */
  async folderMode (call: Call): Promise<string | undefined> {
    const { value: { settings } } = await this.#get('/config?settings=true', anyObject, call, 1)
    if (typeof settings !== 'object' || settings === null || !('folder_mode' in settings)) return undefined
    return typeof settings.folder_mode === 'string' ? settings.folder_mode : undefined
  }

  async get (
    resourceType: ResourceTypeName | 'auto',
    type: DeliveryTypeName,
    publicId: string,
    query: Query,
    call: Call
  ): Promise<ReadAnswer> {
    const rest = `${type}/${pathSegment(publicId)}${encodeQuery(query)}`
    return this.#look(resourceType, type, publicId, call, async (kind) =>
      this.#get(`/resources/${kind}/${rest}`, oneAsset, call))
  }

  /**
   * Everything about the asset of that ID, and where it lives.
   * @throws {GatewayError} `not_found`, which says no more than `absentAssetId`.
   */
  async byAssetId (
    assetId: string, query: Query, call: Call, maxAttempts = MAX_ATTEMPTS
  ): Promise<ResolvedAsset> {
    const path = `/resources/${pathSegment(assetId, '/asset_id')}${encodeQuery(query)}`
    let answer: ReadAnswer
    try {
      answer = await this.#get(path, oneAsset, call, maxAttempts)
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'not_found') throw absentAssetId(assetId, error)
      throw error
    }
    const { public_id: publicId, resource_type: kind, type } = answer.value
    const resourceType = RESOURCE_TYPES.find((known) => known === kind)
    if (typeof publicId !== 'string' || resourceType === undefined || typeof type !== 'string') {
      throw new GatewayError('upstream_failed', 'Cloudinary\'s answer does not say which asset this is.')
    }
    return { answer, public_id: publicId, resource_type: resourceType, type }
  }

  async update (
    resourceType: ResourceTypeName,
    type: string,
    publicId: string,
    fields: Readonly<Record<string, string>>,
    call: Call
  ): Promise<ReadAnswer> {
    const path = `/resources/${resourceType}/${pathSegment(type, '/type')}/${pathSegment(publicId)}`
    const change = { path, fields, headers: this.#formHeaders, shape: oneAsset, retry: 'always' } as const
    return this.#look(resourceType, type, publicId, call, async () => this.#post(change, call))
  }

  /** Deletes one asset for good; says where it was. */
  async destroy (
    resourceType: ResourceTypeName | 'auto', fields: Doomed, call: Call
  ): Promise<Place & { public_id: string }> {
    const { public_id: publicId, type, invalidate, notification_url: notificationUrl } = fields
    pathSegment(publicId)
    return this.#look(resourceType, type, publicId, call, async (kind) => {
      const { authorization, ...headers } = this.#formHeaders
      const parameters = {
        public_id: publicId,
        type,
        ...(invalidate && { invalidate: 'true' }),
        ...(notificationUrl !== undefined && { notification_url: notificationUrl })
      }
      const path = `/${kind}/destroy`
      const form = {
        path, fields: this.#signed(parameters), headers, shape: anyObject, retry: 'unsent'
      } as const
      const { value: { result } } = await this.#post(form, call)
      if (result === 'ok') return { resource_type: kind, type, public_id: publicId }
      if (result === 'not found') throw new GatewayError('not_found', 'not found')
      throw new GatewayError('upstream_failed', 'Cloudinary\'s answer does not say whether the asset was deleted.')
    })
  }

  #signed (parameters: Readonly<Record<string, string>>): Record<string, string> {
    const { environment, pace } = this.#connection
    const signable = { ...parameters, timestamp: String(Math.floor(pace.now() / 1000)) }
    const { apiSecret, signatureAlgorithm: algorithm, signatureVersion: version } = environment
    return { ...signable, api_key: environment.apiKey, signature: signParameters(signable, { apiSecret, algorithm, version }) }
  }

  /** Asks under one kind, or under each in turn for `auto`; when all say 404, finds out where the asset is instead. */
  async #look<T> (
    resourceType: ResourceTypeName | 'auto',
    type: string,
    publicId: string,
    call: Call,
    ask: (kind: ResourceTypeName) => Promise<T>
  ): Promise<T> {
    const kinds = resourceType === 'auto' ? RESOURCE_TYPES : [resourceType]
    let absent: GatewayError | undefined
    for (const kind of kinds) {
      try {
        return await ask(kind)
      } catch (error) {
        if (!(error instanceof GatewayError) || error.code !== 'not_found') throw error
        absent = error
      }
    }
    const tried = kinds.map((kind) => ({ resource_type: kind, type }))
    const found = await findElsewhere(tried, async (place) => this.exists(place, publicId, call))
    throw missing(publicId, tried, found, absent)
  }

  /** Never fails: this look-up must not hide the answer that it explains. */
  async exists ({ resource_type: kind, type }: Place, publicId: string, call: Call): Promise<boolean> {
    try {
      await this.#get(`/resources/${kind}/${type}/${pathSegment(publicId)}`, oneAsset, call, 1)
      return true
    } catch {
      return false
    }
  }

  async #get (
    path: string, shape: AnswerShape, { signal }: Call, maxAttempts = MAX_ATTEMPTS
  ): Promise<ReadAnswer> {
    const target = { method: 'GET', path: this.#root + path, headers: this.#headers } as const
    return this.#retried({ ...target, lane: 'json', signal }, shape, 'always', maxAttempts)
  }

  async #post ({ path, fields, headers, shape, retry }: Change, { signal }: Call): Promise<ReadAnswer> {
    const body = Buffer.from(new URLSearchParams(fields).toString())
    const target = { method: 'POST', path: this.#root + path, headers, body } as const
    return this.#retried({ ...target, lane: 'json', signal }, shape, retry)
  }

  async #retried (
    request: UpstreamRequest, shape: AnswerShape, retry: Retry, maxAttempts = MAX_ATTEMPTS
  ): Promise<ReadAnswer> {
    const { pace, budget } = this.#connection
    return withRetries(async () => this.#send(request, shape), {
      maxAttempts,
      deadline: pace.clock() + DEADLINE_MS,
      signal: request.signal,
      canRetry: (error) => PASSING.has(error.code) && (retry === 'always' || sentNothing(error))
    }, budget, pace)
  }

  async #send (request: UpstreamRequest, shape: AnswerShape): Promise<ReadAnswer> {
    const { environment, transport, pace, circuits, tried } = this.#connection
    circuits.json.admit()
    const { answered } = circuits.json
    try {
      const answer = readAnswer(await transport.send(request), { environment, nowMs: pace.now() }, shape)
      tried('ok')
      circuits.json.settle()
      return answer
    } catch (error) {
      const failure = transportFailure(error)
      tried(failure.code, failure, request.headers['authorization'] !== undefined)
      circuits.json.settle(failure, answered)
      throw failure
    }
  }
}
