import { GatewayError } from '../../errors.ts'
import { RESOURCE_TYPES, type DeliveryTypeName, type ResourceTypeName } from '../../schemas/assets.ts'
import { signParameters } from '../wire/signature.ts'
import { encodeQuery, listPath, pathSegment, type Listed, type Query } from './admin-paths.ts'
import { anyObject, oneAsset, pageOfAssets } from './answer-shapes.ts'
import type { ReadAnswer } from './answer.ts'
import { JsonCalls, type Call, type Change, type Connection } from './json-calls.ts'
import { missing, type Place } from './place.ts'

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

/** Returns the kinds to try: for `auto` all of them, the most frequent first. */
export function kindsOf (resourceType: ResourceTypeName | 'auto'): readonly ResourceTypeName[] {
  return resourceType === 'auto' ? RESOURCE_TYPES : [resourceType]
}

/** Calls of one environment that read, change and delete assets. */
export class AdminCalls {
  readonly #connection: Connection
  readonly #calls: JsonCalls

  constructor (connection: Connection) {
    this.#connection = connection
    this.#calls = new JsonCalls(connection)
  }

  /** Proves the credentials. */
  async ping (call: Call, maxAttempts?: number): Promise<void> {
    await this.#calls.get('/ping', anyObject, call, maxAttempts)
  }

  /** One page of a list. Each filter is a call of its own. */
  async list (listed: Listed, query: Query, call: Call): Promise<ReadAnswer> {
    return this.#calls.get(listPath(listed, query), pageOfAssets, call)
  }

  /**
   * Whether folders are a part of public IDs (`fixed`) or not (`dynamic`); undefined when nothing says so.
   */
  async folderMode (call: Call): Promise<string | undefined> {
    const { value: { settings } } = await this.#calls.get('/config?settings=true', anyObject, call, 1)
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
    return this.#look(resourceType, type, publicId, async (kind) =>
      this.#calls.get(`/resources/${kind}/${rest}`, oneAsset, call))
  }

  /**
   * Everything about the asset of that ID, and where it lives.
   * @throws {GatewayError} `not_found`, which says no more than `absentAssetId`.
   */
  async byAssetId (
    assetId: string, query: Query, call: Call, maxAttempts?: number
  ): Promise<ResolvedAsset> {
    const path = `/resources/${pathSegment(assetId, '/asset_id')}${encodeQuery(query)}`
    let answer: ReadAnswer
    try {
      answer = await this.#calls.get(path, oneAsset, call, maxAttempts)
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
    const change: Change = { path, fields, shape: oneAsset, retry: 'always', api: 'admin' }
    return this.#look(resourceType, type, publicId, async () => this.#calls.post(change, call))
  }

  /** Deletes one asset for good; says where it was. */
  async destroy (
    resourceType: ResourceTypeName | 'auto', doomed: Doomed, call: Call
  ): Promise<Place & { public_id: string }> {
    const { public_id: publicId, type, invalidate, notification_url: notificationUrl } = doomed
    pathSegment(publicId)
    return this.#look(resourceType, type, publicId, async (kind) => {
      const parameters = {
        public_id: publicId,
        type,
        ...(invalidate && { invalidate: 'true' }),
        ...(notificationUrl !== undefined && { notification_url: notificationUrl })
      }
      const fields = this.#signed(parameters)
      const form: Change = {
        path: `/${kind}/destroy`, fields, shape: anyObject, retry: 'unsent', api: 'upload'
      }
      const { value: { result } } = await this.#calls.post(form, call)
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

  /** Asks under one kind, or for `auto` under each in turn until one has the asset. */
  async #look<T> (
    resourceType: ResourceTypeName | 'auto',
    type: string,
    publicId: string,
    ask: (kind: ResourceTypeName) => Promise<T>
  ): Promise<T> {
    const kinds = kindsOf(resourceType)
    let absent: GatewayError | undefined
    for (const kind of kinds) {
      try {
        return await ask(kind)
      } catch (error) {
        if (!(error instanceof GatewayError) || error.code !== 'not_found') throw error
        absent = error
      }
    }
    throw missing(publicId, kinds.map((kind) => ({ resource_type: kind, type })), absent)
  }

  /**
   * Returns whether an asset exists; undefined when that is unknown. Never fails: only a hint depends on it.
   */
  async exists (
    { resource_type: kind, type }: Place, publicId: string, call: Call
  ): Promise<boolean | undefined> {
    try {
      await this.#calls.get(`/resources/${kind}/${type}/${pathSegment(publicId)}`, oneAsset, call, 1)
      return true
    } catch (error) {
      return error instanceof GatewayError && error.code === 'not_found' ? false : undefined
    }
  }
}
