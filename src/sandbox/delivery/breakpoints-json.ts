import { LRUCache } from 'lru-cache'
import type { AssetRecord } from '../assets/asset.ts'
import type { CloudSettings } from '../clouds.ts'
import { SandboxError } from '../errors.ts'
import type { FindTransformation } from '../transformation/named.ts'
import { prepareChain } from '../transformation/prepared.ts'
import { targetFormat, type AssetRenderer } from './asset-renderer.ts'
import { searchBreakpoints, type BreakpointBounds } from './breakpoint-search.ts'
import type { DeliveryPath } from './path.ts'

const WIDTH = /^w_auto:breakpoints(?:_(\d+)_(\d+)_(\d+)_(\d+))?:json$/
const KIB = 1024
const MOST: BreakpointBounds = { minWidth: 10_000, maxWidth: 10_000, bytesStep: 100_000 * KIB, maxImages: 200 }

interface BreakpointQuestion {
  readonly cloud: CloudSettings
  readonly record: AssetRecord
  readonly path: DeliveryPath
}

/** Whether a delivery URL asks for widths in place of a picture. */
export function asksForBreakpoints ({ components }: DeliveryPath): boolean {
  return components.some((component) => component.split(',').some((token) => WIDTH.test(token)))
}

interface FoundWidths { readonly breakpoints: number[] }

/** Most answers that are remembered. */
const MAX_KNOWN = 1000

/**
 * Answers `w_auto:breakpoints_<min>_<max>_<KiB>_<images>:json` with the widths that suit a picture, the
 * largest first. Finding them takes dozens of renderings, so an answer is remembered until its asset changes.
 * Source: official Node and Python clients, "responsive breakpoints cache".
 */
export class BreakpointAnswers {
  readonly #renderer: AssetRenderer
  readonly #known = new LRUCache<string, Promise<FoundWidths>>({ max: MAX_KNOWN })

  constructor (renderer: AssetRenderer) { this.#renderer = renderer }

  async answer ({ cloud, record, path }: BreakpointQuestion, find: FindTransformation): Promise<FoundWidths> {
    const { bounds, token } = boundsOf(path)
    const { recipe } = prepareChain(withWidth(path, 1), find)
    const { asset_id: id, version_id: version, updated_at: updated = '' } = record
    const key = JSON.stringify([cloud.cloudName, id, version, updated, token, recipe, path.extension])
    const known = this.#known.get(key)
    if (known) return known
    const work = this.#search({ cloud, record, path }, bounds, find)
    this.#known.set(key, work)
    // A search that failed may succeed the next time.
    work.catch(() => { this.#known.delete(key) })
    return work
  }

  async #search (
    { cloud, record, path }: BreakpointQuestion, bounds: BreakpointBounds, find: FindTransformation
  ): Promise<FoundWidths> {
    const render = async (width?: number) => {
      const chain = prepareChain(withWidth(path, width), find)
      const format = targetFormat(record, chain, path.extension)
      return this.#renderer.derive({ cloud, record, chain, format, accept: '' })
    }
    const maxWidth = Math.min(bounds.maxWidth, (await render()).width)
    const tryWidth = async (asked: number) => ({ asked, bytes: (await render(asked)).bytes.length })
    const found = await searchBreakpoints({ ...bounds, maxWidth }, tryWidth)
    return { breakpoints: found.map(({ asked }) => asked) }
  }
}

function boundsOf ({ components }: DeliveryPath): { bounds: BreakpointBounds, token: string } {
  const token = components.flatMap((component) => component.split(',')).find((one) => WIDTH.test(one)) ?? ''
  const [, min = '50', max = '1000', kib = '20', images = '20'] = WIDTH.exec(token) ?? []
  const [minWidth, maxWidth, bytesStep, maxImages] = [Number(min), Number(max), Number(kib) * KIB, Number(images)]
  const bounds: BreakpointBounds = { minWidth, maxWidth, bytesStep, maxImages }
  const names = Object.keys(MOST) as (keyof BreakpointBounds)[] // the same names
  const isOut = names.some((name) => bounds[name] < 1 || bounds[name] > MOST[name])
  if (isOut || bounds.minWidth > bounds.maxWidth || bounds.maxImages < 2) {
    throw new SandboxError(400, `Invalid width in transformation: ${token.slice(2)}`)
  }
  return { bounds, token }
}

/** The chain with a real width, or none, in the place of the question. */
function withWidth ({ components }: DeliveryPath, width: number | undefined): string[] {
  const replaced = components.map((component) => component.split(',')
    .map((token) => !WIDTH.test(token) ? token : width === undefined ? '' : `w_${width}`)
    .filter((token) => token !== '').join(','))
  return replaced.filter((component) => component !== '')
}
