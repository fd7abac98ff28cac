import { parseLayer } from '../transformation/layer-name.ts'
import type { Chain } from './job.ts'
import { backgroundOf, layOn } from './layers.ts'
import { flatten } from './shape.ts'
import { openImage } from './source.ts'
import { drawText } from './text.ts'
import type { Picture } from './picture.ts'
import { resolveComponent } from '../transformation/resolution.ts'
import { SandboxError } from '../errors.ts'
import type { Scope } from '../transformation/expression.ts'
import { flagsOf, type Component } from '../transformation/parser.ts'
import type { Step } from '../transformation/steps.ts'

type Layer = Extract<Step, { kind: 'layer' }>
/** Runs a chain: handed in, because a layer has a chain of its own. */
type RunSteps = (picture: Picture, steps: readonly Step[], chain: Chain) => Promise<Picture>

/** Makes the picture of a layer, runs its own chain on it and lays it on the base. */
export async function drawLayer (base: Picture, step: Layer, chain: Chain, scope: Scope, runSteps: RunSteps): Promise<Picture> {
  const { job } = chain
  const resolved = resolveComponent(new Map([[step.isUnderlay ? 'u' : 'l', step.layer]]), scope)
  const layer = resolved.get('l') ?? resolved.get('u') ?? step.layer
  const name = parseLayer(layer)
  const shape = step.shape.map((one) => one.kind === 'component' ? relativeTo(base, one) : one)
  const own = shape[0]?.kind === 'component' ? resolveComponent(shape[0].component, scope) : new Map<string, string>()
  const isText = name.kind === 'text'
  const drawn = isText
    ? await drawText(name.text, name.style, own.get('co'), wrapWidth(own), job.limits)
    : await openLayer(layer, chain)
  const plate = isText ? backgroundOf(own) : undefined
  const start = plate ? flatten(drawn, plate) : drawn
  const steps = isText && wrapWidth(own) !== undefined ? withoutSize(shape) : shape
  // The coordinates are those of the base: within a layer they mean nothing.
  const shaped = await runSteps(start, steps, { ...chain, job: { ...job, coordinates: { regions: {} } }, initial: { width: drawn.width, height: drawn.height }, empty: { r: 0, g: 0, b: 0, alpha: 0 } })
  return layOn(base, shaped, resolveComponent(step.apply, scope), { isUnderlay: step.isUnderlay, isText, coordinates: job.coordinates, limits: job.limits })
}

async function openLayer (layer: string, { job }: Chain): Promise<Picture> {
  const source = job.layers.get(layer)
  if (!source) throw new SandboxError(404, `Resource not found - ${layer.replaceAll(':', '/')}`)
  const opened = await openImage(source, { animated: false, page: 0, density: undefined, ignoreOrientation: false, limits: job.limits })
  const [frame] = opened.frames
  if (!frame) throw new SandboxError(400, 'Invalid image file')
  return frame
}

/** `c_fit,w_200` on text breaks lines instead of shrinking letters. */
function wrapWidth (component: Component): number | undefined {
  const width = component.get('w')
  return component.get('c') === 'fit' && width !== undefined && /^\d+$/.test(width) ? Number(width) : undefined
}

/** The width was used up by breaking lines. */
function withoutSize ([first, ...rest]: readonly Step[]): Step[] {
  if (first?.kind !== 'component') return rest
  return [{ kind: 'component', component: new Map([...first.component].filter(([key]) => !['c', 'h', 'w'].includes(key))) }, ...rest]
}

/** With `fl_relative` a decimal length is a share of the base, not of the layer. */
function relativeTo (base: Picture, step: Extract<Step, { kind: 'component' }>): Step {
  if (!flagsOf(step.component).includes('relative')) return step
  const pixels = (key: string, value: string) => {
    if (!/^\d*\.\d+$/.test(value) || (key !== 'w' && key !== 'h')) return value
    return String(Math.max(1, Math.round(Number(value) * (key === 'w' ? base.width : base.height))))
  }
  return { kind: 'component', component: new Map([...step.component].map(([key, value]) => [key, pixels(key, value)])) }
}
