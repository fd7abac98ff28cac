import { expandNamed, type FindTransformation } from './named.ts'
import { checkComponents, flagsOf, normalise, parseComponents, type Component } from './parser.ts'

/** A chain that has been judged and is ready to render. */
export interface PreparedChain {
  /** Named transformations replaced by what they stand for. */
  readonly components: readonly Component[]
  /** As Cloudinary echoes it, names kept. */
  readonly normalised: string
  /** As rendered: differs from `normalised` when a name is in it. */
  readonly recipe: string
  /** Taken without effect. */
  readonly ignored: readonly string[]
  /** The last `f_`. */
  readonly format: string | undefined
}

/** @throws {SandboxError} 400 for anything that will not be rendered, before a byte is loaded. */
export function prepareChain (segments: readonly string[], find: FindTransformation): PreparedChain {
  const given = parseComponents(segments)
  checkComponents(given)
  const components = expandNamed(given, find)
  const ignored = checkComponents(components)
  return {
    components,
    normalised: normalise(given),
    recipe: normalise(components),
    ignored: [...new Set(ignored)],
    format: components.map((component) => component.get('f')).findLast((value) => value !== undefined)?.split(':', 1)[0]
  }
}

const HARMLESS_FLAGS = new Set(['attachment', 'immutable_cache', 'any_format', 'original', 'sanitize'])

/** True when the chain leaves the bytes as they are: only flags about the download. For video also what needs no transcoder. */
export function keepsBytes ({ components }: PreparedChain, resourceType: string): boolean {
  return components.every((component) => [...component.keys()].every((key) => {
    if (key === 'fl') return flagsOf(component).every((flag) => HARMLESS_FLAGS.has(flag))
    if (key === 'd') return true
    if (resourceType !== 'video') return false
    return key === 'q' || key === 'vc' || (key === 'f' && component.get('f')?.startsWith('auto') === true)
  }))
}
