import type { AssetRecord } from '../../assets/asset.ts'
import { assetUrls } from '../../assets/asset-urls.ts'
import { SandboxError } from '../../errors.ts'
import type { Call } from '../../api/call.ts'
import type { Renderer } from '../../delivery/asset-renderer.ts'
import { searchBreakpoints, type BreakpointBounds, type TriedWidth } from '../../delivery/breakpoint-search.ts'
import type { Fields } from '../../api/fields.ts'
import type { ResourceTypeName } from '../../assets/kinds.ts'
import { wireText } from '../../transformation/long-names.ts'
import { splitWanted, type Wanted } from './eager.ts'

/** One member of `responsive_breakpoints`. Source: Cloudinary, "Upload API reference", "responsive_breakpoints". */
interface Wish extends BreakpointBounds {
  createDerived: boolean
  /** What comes before the scaling. */
  transformation: string
  /** The same as it was given, with a last `/ext` if it had one. */
  shown: string
  format?: string
}

/** A picture that was made of it. */
interface Tried extends TriedWidth { made: Wanted, width: number, height: number, format: string }
/** A wish with the widths that were found for it, the largest first. */
export interface Breakpoints { wish: Wish, found: Tried[] }

const MAX_WISHES = 10

/**
 * Reads the parameter; only images have any.
 * @throws {SandboxError} 400 when it is no list of settings, or a setting is out of its bounds.
 */
export function readBreakpoints (fields: Fields, resourceType: ResourceTypeName): Wish[] {
  if (resourceType !== 'image' || !fields.has('responsive_breakpoints')) return []
  const value = fields.json('responsive_breakpoints')
  const wishes = Array.isArray(value) ? value : [value]
  if (wishes.length > MAX_WISHES) throw new SandboxError(400, `Too many responsive_breakpoints. Maximum is ${MAX_WISHES}.`)
  return wishes.map(readWish)
}

function readWish (value: unknown): Wish {
  if (typeof value !== 'object' || value === null) throw new SandboxError(400, 'Invalid value for parameter responsive_breakpoints')
  const given = value as Record<string, unknown> // looked at member by member
  const flag = String(given.create_derived ?? '')
  if (!/^(true|false|0|1)$/.test(flag)) throw new SandboxError(400, 'Missing required parameter - create_derived')
  const number = (name: string, fallback: number, min: number, max: number): number => {
    const one = Number(given[name] ?? fallback)
    if (!Number.isInteger(one) || one < min || one > max) throw new SandboxError(400, `Invalid value ${String(given[name])} for parameter ${name}`)
    return one
  }
  const shown = wireText(given.transformation ?? '').replace(/^\/+|\/+$/g, '')
  const { transformation, format } = splitWanted(shown)
  const asked = typeof given.format === 'string' && given.format !== '' ? given.format : format
  const wish = {
    createDerived: flag === 'true' || flag === '1',
    transformation,
    shown,
    ...asked !== undefined && { format: asked },
    minWidth: number('min_width', 50, 1, 10_000),
    maxWidth: number('max_width', 1000, 1, 10_000),
    bytesStep: number('bytes_step', 20_000, 1, 100_000_000),
    maxImages: number('max_images', 20, 3, 200)
  }
  if (wish.minWidth > wish.maxWidth) throw new SandboxError(400, 'Invalid value for parameter responsive_breakpoints: min_width is greater than max_width')
  return wish
}

/** Looks for the widths of every wish. The record need not be stored yet. */
export async function findBreakpoints (
  call: Call, renderer: Renderer, record: AssetRecord, wishes: readonly Wish[]
): Promise<Breakpoints[]> {
  const all: Breakpoints[] = []
  for (const wish of wishes) all.push({ wish, found: await find(call, renderer, record, wish) })
  return all
}

/** What is to be stored of them. */
export function derivedBreakpoints (all: readonly Breakpoints[]): Wanted[] {
  return all.flatMap(({ wish, found }) => wish.createDerived ? found.map(({ made }) => made) : [])
}

/** As answers show them. */
export function breakpointsAnswer (call: Call, record: AssetRecord, all: readonly Breakpoints[]): { responsive_breakpoints?: unknown[] } {
  if (all.length === 0) return {}
  return {
    responsive_breakpoints: all.map(({ wish, found }) => ({
      ...wish.transformation !== '' && { transformation: wish.shown },
      breakpoints: found.map(({ made, width, height, bytes, format }) => ({
        width,
        height,
        bytes,
        ...assetUrls(call, record, made.transformation, format)
      }))
    }))
  }
}

async function find ({ cloud }: Call, renderer: Renderer, record: AssetRecord, wish: Wish): Promise<Tried[]> {
  const render = (transformation: string) => renderer.render(cloud, record, transformation, wish.format)
  const tryWidth = async (asked: number): Promise<Tried> => {
    const { transformation, width, height, bytes, format } = await render(join(wish.transformation, asked))
    const made = { transformation, ...wish.format !== undefined && { format: wish.format } }
    return { asked, made, width, height, bytes: bytes.length, format }
  }
  // No wider than the picture is by then: enlarging gains nothing.
  const maxWidth = Math.min(wish.maxWidth, (await render(wish.transformation)).width)
  return searchBreakpoints({ ...wish, maxWidth }, tryWidth)
}

function join (transformation: string, width: number): string {
  return [transformation, `c_scale,w_${width}`].filter((part) => part !== '').join('/')
}
