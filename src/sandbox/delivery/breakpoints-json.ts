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

/**
 * Answers `w_auto:breakpoints_<min>_<max>_<KiB>_<images>:json` with the widths that suit a picture, the
 * largest first. Source: official Node and Python clients, "responsive breakpoints cache".
 */
export async function breakpointsJson (
  renderer: AssetRenderer, { cloud, record, path }: BreakpointQuestion, find: FindTransformation
): Promise<{ breakpoints: number[] }> {
  const bounds = boundsOf(path)
  const render = async (width?: number) => {
    const chain = prepareChain(withWidth(path, width), find)
    const format = targetFormat(record, chain, path.extension)
    return renderer.derive({ cloud, record, chain, format, accept: '' })
  }
  const maxWidth = Math.min(bounds.maxWidth, (await render()).width)
  const tryWidth = async (asked: number) => ({ asked, bytes: (await render(asked)).bytes.length })
  const found = await searchBreakpoints({ ...bounds, maxWidth }, tryWidth)
  return { breakpoints: found.map(({ asked }) => asked) }
}

function boundsOf ({ components }: DeliveryPath): BreakpointBounds {
  const token = components.flatMap((component) => component.split(',')).find((one) => WIDTH.test(one)) ?? ''
  const [, min = '50', max = '1000', kib = '20', images = '20'] = WIDTH.exec(token) ?? []
  const [minWidth, maxWidth, bytesStep, maxImages] = [Number(min), Number(max), Number(kib) * KIB, Number(images)]
  const bounds: BreakpointBounds = { minWidth, maxWidth, bytesStep, maxImages }
  const names = Object.keys(MOST) as (keyof BreakpointBounds)[] // the same names
  const isOut = names.some((name) => bounds[name] < 1 || bounds[name] > MOST[name])
  if (isOut || bounds.minWidth > bounds.maxWidth || bounds.maxImages < 2) {
    throw new SandboxError(400, `Invalid width in transformation: ${token.slice(2)}`)
  }
  return bounds
}

/** The chain with a real width, or none, in the place of the question. */
function withWidth ({ components }: DeliveryPath, width: number | undefined): string[] {
  const replaced = components.map((component) => component.split(',')
    .map((token) => !WIDTH.test(token) ? token : width === undefined ? '' : `w_${width}`)
    .filter((token) => token !== '').join(','))
  return replaced.filter((component) => component !== '')
}
