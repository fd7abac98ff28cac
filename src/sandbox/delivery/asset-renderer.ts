import type { AssetRecord } from '../assets/asset.ts'
import type { CloudSettings } from '../clouds.ts'
import { ignoredHere } from './ignored.ts'
import { notImitated, SandboxError } from '../errors.ts'
import type { BlobStore } from '../store/blobs.ts'
import type { CloudStore, Store } from '../store/store.ts'
import { ALL_FORMATS, IMAGE_TYPES, isReadable } from '../transformation/output-formats.ts'
import type { Scope } from '../transformation/expression.ts'
import type { Region, Size } from '../transformation/gravity.ts'
import { parseLayer } from '../transformation/layer-name.ts'
import type { FindTransformation, KnownTransformation } from '../transformation/named.ts'
import { prepareChain, type PreparedChain } from '../transformation/prepared.ts'
import { invalidComponent } from '../transformation/errors.ts'
import { assignKnownVariables, fillIn, type Coordinates } from '../transformation/resolution.ts'
import type { ByteSource, RenderResult } from '../render/job.ts'
import { RENDER_LIMITS, tooManyPixels, type RenderLimits } from '../render/limits.ts'
import type { RenderPool } from '../render/pool.ts'
import { posterOf, type FindFfmpeg } from '../render/poster.ts'

/** A rendered image (or whatever a transformation made). */
export interface Rendered {
  bytes: Buffer
  width: number
  height: number
  format: string
  /** Size of the image before it was rendered. */
  original: Size
  /** Normalised, as Cloudinary echoes it: keys sorted within each component. */
  transformation: string
  /** Parts of it that had no effect. */
  ignored: readonly string[]
}

/** Applies transformations. */
export interface Renderer {
  /**
   * @param format wanted format; absent: what the transformation says, else the format of the original.
   * @throws {SandboxError} 400 with Cloudinary's words when the transformation is not valid.
   */
  render (cloud: CloudSettings, record: AssetRecord, transformation: string, format?: string): Promise<Rendered>
}

export interface RendererOptions {
  readonly pool: RenderPool
  readonly limits?: RenderLimits
  readonly findFfmpeg?: FindFfmpeg
}

/** What is to be made of an asset. */
export interface RenderRequest {
  readonly cloud: CloudSettings
  readonly record: AssetRecord
  readonly chain: PreparedChain
  /** A format, or `auto`, decided by `accept`. */
  readonly format: string
  readonly accept: string
}

/** Where assets, and what names stand for, are looked up, and their bytes. */
export interface RenderStores {
  readonly store: Store
  readonly blobs: BlobStore
}

/** Loads what a chain needs and has it rendered. */
export class AssetRenderer implements Renderer {
  readonly #stores: RenderStores
  readonly #pool: RenderPool
  readonly #limits: RenderLimits
  readonly #findFfmpeg: FindFfmpeg

  constructor (
    stores: RenderStores, { pool, limits = RENDER_LIMITS, findFfmpeg = () => undefined }: RendererOptions
  ) {
    this.#stores = stores
    this.#pool = pool
    this.#limits = limits
    this.#findFfmpeg = findFfmpeg
  }

  /** For uploads: `transformation` is text, a last `/ext` in it is a format. */
  async render (cloud: CloudSettings, record: AssetRecord, transformation: string, format?: string): Promise<Rendered> {
    const segments = transformation.split('/').filter((segment) => segment !== '')
    const named = ALL_FORMATS.has(segments.at(-1)?.toLowerCase() ?? '') ? segments.pop()?.toLowerCase() : undefined
    const chain = prepareChain(segments, transformationsOf(this.#stores.store.cloud(cloud.cloudName)))
    const wanted = format?.toLowerCase() ?? named
    if (wanted === 'auto') throw invalidComponent('auto')
    const result = await this.derive({ cloud, record, chain, format: targetFormat(record, chain, wanted), accept: '' })
    const ignored = ignoredHere(chain, record, result.format, false)
    const bytes = Buffer.from(result.bytes)
    return { ...result, bytes, transformation: chain.normalised, ignored }
  }

  /** @throws {SandboxError} 400, 404 for a missing layer, 503 when there is no room. */
  async derive ({ cloud, record, chain, format, accept }: RenderRequest): Promise<RenderResult> {
    if (record.resource_type === 'raw') throw notImitated('transformations of raw assets')
    if (!isReadable(record.format)) throw notImitated(`transformations of ${record.format ?? ''} images`)
    this.#checkInput(record)
    const layers = await this.#layers(cloud, record, chain)
    const source = await this.#source(record)
    const isVideo = record.resource_type === 'video'
    return this.#pool.run({
      source: isVideo ? await posterOf(source, record.duration, chain.components, this.#findFfmpeg) : source,
      storedFormat: isVideo ? 'png' : record.format,
      components: chain.components,
      format,
      accept,
      layers,
      coordinates: coordinatesOf(record),
      tags: record.tags,
      context: record.context ?? {},
      metadata: record.metadata ?? {},
      limits: this.#limits
    })
  }

  #checkInput ({ resource_type: resourceType, width = 0, height = 0 }: AssetRecord): void {
    if (resourceType === 'image' && width * height > this.#limits.inputPixels) throw tooManyPixels(width * height, this.#limits.inputPixels)
  }

  async #source ({ blob, format }: AssetRecord): Promise<ByteSource> {
    const isSvg = format === 'svg'
    const path = this.#stores.blobs.path(blob)
    return path === undefined ? { bytes: await this.#stores.blobs.buffer(blob), isSvg } : { path, isSvg }
  }

  /** Finds the assets that layers need, before anything is computed. */
  async #layers (
    cloud: CloudSettings, { tags, context = {}, metadata = {} }: AssetRecord, { components }: PreparedChain
  ): Promise<Map<string, ByteSource>> {
    const sources = new Map<string, ByteSource>()
    let scope: Scope = { numbers: {}, variables: new Map(), tags, context, metadata }
    for (const component of components) {
      scope = assignKnownVariables(component, scope)
      const given = component.get('l') ?? component.get('u')
      const layer = given === undefined ? undefined : fillIn(given, scope.variables)
      if (layer === undefined || sources.has(layer)) continue
      const name = parseLayer(layer)
      if (name.kind === 'text') continue
      const record = this.#stores.store.cloud(cloud.cloudName).find('image', name.type, name.publicId)
      if (!record) throw new SandboxError(404, `Resource not found - ${name.publicId}`)
      this.#checkInput(record)
      sources.set(layer, await this.#source(record))
    }
    return sources
  }
}

/** What the names of transformations stand for in a cloud. */
export function transformationsOf (store: CloudStore): FindTransformation {
  return (kind, name) => store.document<KnownTransformation>(kind, name)
}

/**
 * `f_` wins over the extension, the extension over the stored format; what cannot be written becomes PNG.
 * @throws {SandboxError} 400 for a video that is to be anything but a poster.
 */
export function targetFormat (record: AssetRecord, chain: PreparedChain, extension: string | undefined): string {
  if (record.resource_type === 'video') checkPoster(chain.format === 'auto' ? extension : chain.format ?? extension)
  const stored = record.format !== undefined && Object.hasOwn(IMAGE_TYPES, record.format) ? record.format : 'png'
  return chain.format ?? extension ?? stored
}

function checkPoster (format: string | undefined): void {
  if (format === undefined || !ALL_FORMATS.has(format)) throw notImitated('video transformations')
  if (/^(?:jpe?g|png|webp|gif|avif|tiff?)$/.test(format)) return
  throw notImitated('video transformations and conversions')
}

function coordinatesOf (record: AssetRecord): Coordinates {
  const custom = region(record.custom_coordinates?.[0])
  const face = region(record.face_coordinates?.[0])
  const regions = Object.entries(record.regions ?? {}).map(([name, boxes]) => [name, region(boxes[0])] as const).filter(([, box]) => box !== undefined)
  return { ...(custom && { custom }), ...(face && { face }), regions: Object.fromEntries(regions as [string, Region][]) } // `filter` left only boxes
}

function region (box: readonly number[] | undefined): Region | undefined {
  const [left, top, width, height] = box ?? []
  return left === undefined || top === undefined || width === undefined || height === undefined ? undefined : { left, top, width, height }
}
