import { flagsOf, type Component } from './parser.ts'

/** A component of a chain, or a layer with the components that shape it and the one that lays it on. */
export type Step =
  | { readonly kind: 'component', readonly component: Component }
  | { readonly kind: 'layer', readonly layer: string, readonly isUnderlay: boolean, readonly shape: readonly Step[], readonly apply: Component }

/** Keys of a single-component layer that place it; the rest shapes it. */
const PLACING = new Set(['g', 'x', 'y', 'fl', 'e', 'if', 'l', 'u'])
const BLENDING = /^(?:screen|multiply|overlay|mask|displace|anti_removal|antiremoval)(?::|$)/

/**
 * Finds the layers of a chain. `l_` opens one when a later `fl_layer_apply` closes it; without that it is complete in itself.
 * Source: Cloudinary, "layers".
 */
export function buildSteps (components: readonly Component[]): Step[] {
  const steps: Step[] = []
  for (let at = 0; at < components.length; at++) {
    const component = components[at] ?? new Map<string, string>()
    const layer = component.get('l') ?? component.get('u')
    if (layer === undefined) {
      steps.push({ kind: 'component', component })
      continue
    }
    const close = isApply(component) ? -1 : closing(components, at)
    const isUnderlay = !component.has('l')
    if (close < 0) {
      const { shape, apply } = split(component)
      steps.push({ kind: 'layer', layer, isUnderlay, shape: shape.size > 0 ? [{ kind: 'component', component: shape }] : [], apply })
      continue
    }
    const inner = buildSteps(components.slice(at + 1, close))
    const own = without(component, 'l', 'u')
    steps.push({ kind: 'layer', layer, isUnderlay, shape: own.size > 0 ? [{ kind: 'component', component: own }, ...inner] : inner, apply: components[close] ?? own })
    at = close
  }
  return steps
}

function isApply (component: Component): boolean {
  return flagsOf(component).includes('layer_apply')
}

function closing (components: readonly Component[], open: number): number {
  let depth = 0
  for (let at = open; at < components.length; at++) {
    const component = components[at]
    if (component === undefined) continue
    if (isApply(component)) depth--
    else if (component.has('l') || component.has('u')) depth++
    if (depth === 0) return at
  }
  return -1
}

function without (component: Component, ...keys: string[]): Component {
  return new Map([...component].filter(([key]) => !keys.includes(key)))
}

function split (component: Component): { shape: Component, apply: Component } {
  const effect = component.get('e') ?? ''
  const places = (key: string) => PLACING.has(key) && (key !== 'e' || BLENDING.test(effect))
  const shape = new Map([...component].filter(([key]) => !places(key)))
  // A crop that cuts needs its own gravity; the layer is then placed at the same side.
  if (/^(?:crop|fill|lfill|thumb)$/.test(shape.get('c') ?? '') && component.has('g')) shape.set('g', component.get('g') ?? '')
  const flags = flagsOf(component).filter((flag) => flag === 'relative' || flag === 'ignore_aspect_ratio')
  if (flags.length > 0) shape.set('fl', flags.join('.'))
  return { shape, apply: new Map([...component].filter(([key]) => places(key))) }
}
