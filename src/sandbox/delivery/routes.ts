import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { DerivedRecord } from '../assets/asset.ts'
import type { Clouds, CloudSettings } from '../clouds.ts'
import { checkAccess, denied, isProtected, readToken, type AccessRequest } from './access.ts'
import { asksForBreakpoints, BreakpointAnswers } from './breakpoints-json.ts'
import { derivedName, DerivedAssets, type Derived, type DerivedServices } from './derived.ts'
import { failureHeaders, successHeaders } from './headers.ts'
import { ignoredHere } from './ignored.ts'
import { listByTag } from './list.ts'
import { parseDeliveryPath, type DeliveryPath } from './path.ts'
import { BytesGone, sendBytes } from './send.ts'
import {
  deliveredDerived,
  deliveredOriginal,
  extensionOf,
  placeholderOf,
  sendInfo,
  servesOriginal,
  type Target
} from './target.ts'
import { notFound, SandboxError } from '../errors.ts'
import { isRejected } from '../assets/moderation.ts'
import { deliveryType } from '../assets/parameters.ts'
import type { RenderLimits } from '../render/limits.ts'
import { RenderPool, type RenderPoolOptions } from '../render/pool.ts'
import type { FindFfmpeg } from '../render/poster.ts'
import { AssetRenderer, targetFormat, transformationsOf, type RenderRequest } from './asset-renderer.ts'
import { flagsOf } from '../transformation/parser.ts'
import { isAllowedForStrict } from '../transformation/named.ts'
import { prepareChain, type PreparedChain } from '../transformation/prepared.ts'
import type { CloudStore } from '../store/store.ts'

export interface DeliveryOptions {
  readonly pool?: RenderPoolOptions
  readonly limits?: RenderLimits
  /** Where ffmpeg is, for posters of videos. */
  readonly findFfmpeg?: FindFfmpeg
}

/** What is delivered, and from which clouds. */
export interface DeliveryServices extends DerivedServices {
  readonly clouds: Clouds
}

/**
 * Serves assets and their transformations under `/{cloud}/{resource_type}/...`.
 * @returns what renders them, for others that have assets rendered.
 */
export function registerDelivery (
  app: FastifyInstance, services: DeliveryServices, options: DeliveryOptions = {}
): AssetRenderer {
  const pool = new RenderPool(options.pool)
  const renderer = new AssetRenderer(services, {
    pool,
    ...(options.limits && { limits: options.limits }),
    ...(options.findFfmpeg && { findFfmpeg: options.findFfmpeg })
  })
  const delivery = new Delivery(services, renderer)
  app.addHook('onClose', async () => { pool.close() })
  app.route({
    method: ['GET', 'HEAD'],
    url: '/:cloud/:resource_type/*',
    handler: (request, reply) => delivery.answer(request, reply)
  })
  return renderer
}

class Delivery {
  readonly #services: DeliveryServices
  readonly #derived: DerivedAssets
  readonly #breakpointAnswers: BreakpointAnswers
  // Pages ask for the same few addresses over and over.
  readonly #paths = new Remembered<DeliveryPath | undefined>(1000)
  readonly #chains = new Remembered<PreparedChain>(1000)

  constructor (services: DeliveryServices, renderer: AssetRenderer) {
    this.#services = services
    this.#derived = new DerivedAssets(services, renderer)
    this.#breakpointAnswers = new BreakpointAnswers(renderer)
  }

  async answer (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    // Not from the seeded source: how often a browser asks must not change the IDs of assets.
    const requestId = randomUUID().replaceAll('-', '')
    try {
      const path = this.#paths.get(request.url, () => parseDeliveryPath(request.url))
      if (!path) {
        reply.callNotFound()
        return reply
      }
      if (path.type === 'list') return this.#list(reply, path)
      return await this.#deliverLatest(request, reply, path, requestId)
    } catch (error) {
      if (!(error instanceof SandboxError) || reply.sent) throw error
      return reply.code(error.status).headers({ ...failureHeaders(error.message, requestId), ...error.headers }).send()
    }
  }

  #list (reply: FastifyReply, { cloud: cloudName, resourceType, publicId }: DeliveryPath): FastifyReply {
    if (!this.#cloud(cloudName).allowResourceList) throw denied()
    const { store, clock } = this.#services
    const list = listByTag(store.cloud(cloudName), resourceType, publicId, clock())
    if (!list) throw notFound(publicId)
    return reply.headers({ 'access-control-allow-origin': '*', 'cache-control': 'public, max-age=60' }).send(list)
  }

  /**
   * Looks the asset up again when its bytes are gone before they were read: an original may be overwritten or
   * removed meanwhile, and a derived asset may be evicted.
   */
  async #deliverLatest (request: FastifyRequest, reply: FastifyReply, path: DeliveryPath, requestId: string, tries = 3): Promise<FastifyReply> {
    const target = this.#find(path)
    try {
      return await this.#deliver(request, reply, target, requestId)
    } catch (error) {
      const isOther = error instanceof BytesGone ||
        this.#find(path).record.version_id !== target.record.version_id
      if (tries <= 1 || reply.sent || !isOther) throw error
      return this.#deliverLatest(request, reply, path, requestId, tries - 1)
    }
  }

  /** @throws {SandboxError} what is wrong with the URL first, then whether there is such an asset. */
  #find (path: DeliveryPath): Target {
    const cloud = this.#cloud(path.cloud)
    const type = deliveryType(path.type)
    const store = this.#services.store.cloud(cloud.cloudName)
    const chain = this.#chainOf(path, store)
    const record = store.find(path.resourceType, type, path.publicId)
    if (record && !isRejected(record)) return { path, cloud, record, chain, status: 200 }
    const placeholder = placeholderOf(path, chain, store)
    if (!placeholder) throw notFound(path.publicId)
    return { path, cloud, record: placeholder, chain, status: 404 }
  }

  #cloud (name: string): CloudSettings {
    const cloud = this.#services.clouds.get(name)
    if (!cloud) throw new SandboxError(401, `cloud_name ${name} is disabled`)
    return cloud
  }

  /** What a name stands for may change, so only chains without one are remembered. */
  #chainOf ({ components }: DeliveryPath, store: CloudStore): PreparedChain {
    const hasName = components.some((component) => /(?:^|,)t_/.test(component))
    const prepare = () => prepareChain(components, transformationsOf(store))
    return hasName ? prepare() : this.#chains.get(components.join('/'), prepare)
  }

  async #deliver (request: FastifyRequest, reply: FastifyReply, target: Target, requestId: string): Promise<FastifyReply> {
    const { path, record, chain, status } = target
    const isOriginal = servesOriginal(target)
    const isSigned = checkAccess(this.#accessRequest(request, target), record, isOriginal, path.extension ?? record.format ?? extensionOf(record))
    if (asksForBreakpoints(path)) return this.#breakpoints(reply, target, isSigned)
    const derived = isOriginal ? undefined : await this.#derive(request, target, isSigned)
    const delivered = derived ? deliveredDerived(derived) : deliveredOriginal(record)
    if (chain.components.some((component) => flagsOf(component).includes('getinfo'))) return sendInfo(reply, record, delivered)
    const headers = successHeaders({
      record,
      delivered,
      components: chain.components,
      isNegotiated: chain.format === 'auto',
      isProtected: isProtected(record, isOriginal),
      ignored: ignoredHere(chain, record, delivered.format, isOriginal),
      requestId
    })
    if (status !== 200) headers['x-cld-error'] = failureHeaders(`Resource not found - ${path.publicId}`, requestId)['x-cld-error'] ?? ''
    const { blobs } = this.#services
    const held = derived?.bytes && { held: derived.bytes }
    return sendBytes(request, reply, blobs, delivered, headers, { status, ...held })
  }

  async #breakpoints (reply: FastifyReply, target: Target, isSigned: boolean): Promise<FastifyReply> {
    const { cloud } = target
    if (cloud.strictTransformations && !isSigned) throw denied()
    const find = transformationsOf(this.#services.store.cloud(cloud.cloudName))
    const answer = await this.#breakpointAnswers.answer(target, find)
    return reply.headers({ 'access-control-allow-origin': '*', 'cache-control': 'public, max-age=60' }).send(answer)
  }

  async #derive (request: FastifyRequest, { cloud, record, chain, path }: Target, isSigned: boolean): Promise<Derived> {
    const wanted: RenderRequest = { cloud, record, chain, format: targetFormat(record, chain, path.extension), accept: request.headers.accept ?? '' }
    const known = this.#derived.find(wanted)
    if (known && await this.#isWhole(known)) return { record: known }
    const isFree = isSigned || known !== undefined || !cloud.strictTransformations
    const find = transformationsOf(this.#services.store.cloud(cloud.cloudName))
    if (!isFree && !isAllowedForStrict(derivedName(record, chain, path.extension), find)) throw denied()
    return this.#derived.make(wanted, path.extension)
  }

  /** Nothing waited for the disk when it was made, so a power cut may have taken its bytes: then it is made anew. */
  async #isWhole ({ blob, bytes }: DerivedRecord): Promise<boolean> {
    const { blobs } = this.#services
    return blobs.path(blob) === undefined || (await blobs.stat(blob))?.bytes === bytes
  }

  #accessRequest (request: FastifyRequest, { cloud, path }: Target): AccessRequest {
    return {
      cloud,
      path,
      rawPath: request.url.split('?', 1)[0] ?? '',
      token: readToken(request.url, request.headers.cookie),
      ip: request.ip,
      nowMs: this.#services.clock()
    }
  }
}

/** Results of pure work by their input, as many as fit; then it begins anew. */
class Remembered<T> {
  readonly #most: number
  readonly #values = new Map<string, T>()

  constructor (most: number) {
    this.#most = most
  }

  get (key: string, make: () => T): T {
    const known = this.#values.get(key)
    if (known !== undefined) return known
    const value = make()
    if (this.#values.size >= this.#most) this.#values.clear()
    this.#values.set(key, value)
    return value
  }
}
