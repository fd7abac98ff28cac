import { createHash } from 'node:crypto'
import { isoTime, type AssetRecord, type DerivedRecord } from '../assets/asset.ts'
import type { AssetRenderer, RenderRequest, RenderStores } from './asset-renderer.ts'
import { negotiateFormat } from '../transformation/output-formats.ts'
import { flagsOf } from '../transformation/parser.ts'
import type { PreparedChain } from '../transformation/prepared.ts'
import { canonicalFormat } from '../format-names.ts'

export interface Derived { readonly record: DerivedRecord, readonly bytes?: Buffer }

export interface DerivedServices extends RenderStores { readonly clock: () => number }

/** Derived assets: made once, stored with their original, then served like files. */
export class DerivedAssets {
  readonly #services: DerivedServices
  readonly #renderer: AssetRenderer
  readonly #underWay = new Map<string, Promise<Derived>>()

  constructor (services: DerivedServices, renderer: AssetRenderer) {
    this.#services = services
    this.#renderer = renderer
  }

  /** The stored one that answers the request, if there is one. */
  find ({ cloud, record, chain, format, accept }: RenderRequest): DerivedRecord | undefined {
    const store = this.#services.store.cloud(cloud.cloudName)
    const formats = format === 'auto' ? automaticFormats(record, accept) : [canonicalFormat(format), ...lossyFormats(chain, format)]
    const made = formats.flatMap((one) => store.derived.made(record.asset_id, chain.normalised, one))
    const found = made.find((derived) => (derived.recipe ?? chain.recipe) === chain.recipe)
    if (found) store.useDerived(found)
    return found
  }

  /** Renders and stores. Requests for the same thing at the same time share one rendering. */
  async make (request: RenderRequest, extension: string | undefined): Promise<Derived> {
    const { record, chain, format, accept } = request
    const key = [record.asset_id, record.version_id, chain.recipe, format, format === 'auto' ? accept : ''].join('\n')
    const known = this.#underWay.get(key)
    if (known) return known
    const work = this.#render(request, extension)
    this.#underWay.set(key, work)
    try {
      return await work
    } finally {
      this.#underWay.delete(key)
    }
  }

  async #render (request: RenderRequest, extension: string | undefined): Promise<Derived> {
    const { cloud, record, chain } = request
    const result = await this.#renderer.derive(request)
    const bytes = asBuffer(result.bytes)
    const blob = await this.#services.blobs.keep(bytes)
    const createdAt = isoTime(this.#services.clock())
    const name = derivedName(record, chain, extension)
    const derived: DerivedRecord = {
      id: digest(record.asset_id, record.version_id, name, result.format),
      transformation: name,
      format: result.format,
      bytes: bytes.length,
      width: result.width,
      height: result.height,
      // What it was made of and when tells renderings apart as well as reading all their bytes would.
      etag: digest(record.etag, chain.recipe, result.format, String(bytes.length), createdAt),
      blob,
      created_at: createdAt,
      ...(chain.recipe !== chain.normalised && { recipe: chain.recipe })
    }
    const store = this.#services.store.cloud(cloud.cloudName)
    const isKept = await store.addDerived(record, [derived], { durable: false })
    // Replaced or removed meanwhile: this is a picture of its former self, shown once.
    if (!isKept) await this.#services.blobs.remove(blob)
    return { record: derived, bytes }
  }
}

/** What a derived asset is called, as eager ones are: with a last `/ext` for another format, which may be all of it. */
export function derivedName (record: AssetRecord, chain: PreparedChain, extension: string | undefined): string {
  const wantsExtension = extension !== undefined && canonicalFormat(extension) !== record.format && chain.format === undefined
  return wantsExtension ? `${chain.normalised}/${extension}` : chain.normalised
}

function digest (...parts: string[]): string {
  return createHash('md5').update(parts.join('\n')).digest('hex')
}

function asBuffer (bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** `fl_lossy` may have made a JPEG of a PNG. */
function lossyFormats ({ components }: PreparedChain, format: string): string[] {
  return format === 'png' && components.some((component) => flagsOf(component).includes('lossy')) ? ['jpg'] : []
}

/** What `f_auto` may have become for such a request; whether the result is see-through is only known once it is made. */
function automaticFormats (record: AssetRecord, accept: string): string[] {
  const animated = (record.pages ?? 1) > 1 && (record.format === 'gif' || record.format === 'webp')
  return [true, false].map((transparent) => negotiateFormat({ accept, stored: record.format, transparent, animated }))
}
