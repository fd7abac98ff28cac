import { SandboxError } from '../errors.ts'
import type { CloudStore } from '../store.ts'
import { parseTransformation, type Component } from './parser.ts'

/** What the Admin API keeps under the name. */
export interface NamedTransformation { readonly transformation: string, readonly allowed_for_strict?: boolean }

const MAX_DEPTH = 5

/**
 * Replaces `t_a.b` by what the names stand for; other keys of the component follow as one of their own.
 * @throws {SandboxError} 400 `Unknown transformation` when there is no such name.
 */
export function expandNamed (components: readonly Component[], store: CloudStore, depth = 0): Component[] {
  return components.flatMap((component) => {
    const names = component.get('t')
    if (names === undefined) return [component]
    const rest = new Map([...component].filter(([key]) => key !== 't'))
    const named = names.split('.').flatMap((name) => {
      const known = store.document<NamedTransformation>('transformation', name)
      if (!known || depth >= MAX_DEPTH) throw new SandboxError(400, `Unknown transformation ${name}`)
      return expandNamed(parseTransformation(known.transformation).components, store, depth + 1)
    })
    return rest.size > 0 ? [...named, rest] : named
  })
}
