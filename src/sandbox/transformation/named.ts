import { SandboxError } from '../errors.ts'
import { parseTransformation, type Component } from './parser.ts'

/** What the Admin API keeps of a transformation: under its name, or of one without a name under its canonical text. */
export interface KnownTransformation { readonly transformation: string, readonly allowed_for_strict?: boolean }

/** Looks up one of them; undefined when there is none of that name. */
export type FindTransformation = (
  kind: 'transformation' | 'unnamed_transformation', name: string
) => KnownTransformation | undefined

const MAX_DEPTH = 5

/**
 * Replaces `t_a.b` by what the names stand for; other keys of the component follow as one of their own.
 * @throws {SandboxError} 400 `Unknown transformation` when there is no such name.
 */
export function expandNamed (
  components: readonly Component[], find: FindTransformation, depth = 0
): Component[] {
  return components.flatMap((component) => {
    const names = component.get('t')
    if (names === undefined) return [component]
    const rest = new Map([...component].filter(([key]) => key !== 't'))
    const named = names.split('.').flatMap((name) => {
      const known = find('transformation', name)
      if (!known || depth >= MAX_DEPTH) throw new SandboxError(400, `Unknown transformation ${name}`)
      return expandNamed(parseTransformation(known.transformation).components, find, depth + 1)
    })
    return rest.size > 0 ? [...named, rest] : named
  })
}

/**
 * Whether strict mode lets anybody have this made: a chain that was allowed as it is, or one of nothing but allowed names.
 * Source: Cloudinary, "control_access_to_media".
 * @param name as its derived assets are called: canonical, with a last `/ext` when another format was asked for.
 */
export function isAllowedForStrict (name: string, find: FindTransformation): boolean {
  if (find('unnamed_transformation', name)?.allowed_for_strict) return true
  const { components } = parseTransformation(name)
  return components.length > 0 && components.every((component) => component.size === 1 &&
    (component.get('t') ?? '').split('.').every((one) => find('transformation', one)?.allowed_for_strict))
}
