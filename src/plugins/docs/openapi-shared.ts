import { STATUS_CODES } from 'node:http'
import { PROBLEM_MEDIA_TYPE } from '../../schemas/problem.ts'
import type { Node } from './openapi-texts.ts'

/** The part of an operation whose copies are found here. */
interface SharingOperation {
  readonly operationId?: string
  parameters?: unknown[]
  responses?: Record<string, unknown>
}

interface SharingDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, SharingOperation>>>>
  readonly components?: object
}

/** Something that operations may have in common: where it stands, and the name that it would have. */
interface Use {
  readonly value: Node
  readonly name: string
  readonly operationId: string
  /** Put under `components` even when it is the only one. */
  readonly always: boolean
  readonly replace: (reference: object) => void
}

const pascal = (text: string): string =>
  text.split(/[^A-Za-z0-9]+/).map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')

function parameterUses (operation: SharingOperation): Use[] {
  const { parameters = [], operationId = '' } = operation
  return (parameters as Node[]).map((value, index) => ({ // as the generator writes them
    value,
    name: pascal(String(value['name'])),
    operationId,
    always: false,
    replace: (reference) => { parameters[index] = reference }
  }))
}

function responseUses (operation: SharingOperation): Use[] {
  const { responses = {}, operationId = '' } = operation
  // As the generator writes them.
  return Object.entries(responses as Record<string, Node>).map(([status, value]) => {
    const content = (value['content'] ?? {}) as Record<string, { schema?: { $ref?: string } }>
    const [{ schema: { $ref: schema = '' } = {} } = {}] = Object.values(content)
    const isProblem = PROBLEM_MEDIA_TYPE in content
    const phrase = pascal(STATUS_CODES[status] ?? 'OtherProblem')
    return {
      value,
      name: isProblem ? phrase : `${schema.replace(/.*\//, '')}Answer`,
      operationId,
      always: isProblem,
      replace: (reference) => { responses[status] = reference }
    }
  })
}

/** Moves what stands twice to one place, and returns it by name. The most frequent form has the plain name. */
function moved (section: string, uses: readonly Use[]): Record<string, Node> {
  const forms = new Map<string, Use[]>()
  for (const use of uses) {
    const key = JSON.stringify(use.value)
    forms.set(key, [...forms.get(key) ?? [], use])
  }
  const components: Record<string, Node> = {}
  for (const same of [...forms.values()].sort((one, other) => other.length - one.length)) {
    const [first] = same
    if (!first || (same.length === 1 && !first.always)) continue
    const name = first.name in components ? `${first.name}Of${pascal(first.operationId)}` : first.name
    components[name] = first.value
    for (const { replace } of same) replace({ $ref: `#/components/${section}/${name}` })
  }
  return Object.fromEntries(Object.entries(components).sort(([one], [other]) => one.localeCompare(other)))
}

/** Puts parameters and responses that several operations have, and every problem, under `components`. */
export function withSharedParts<T extends SharingDocument> (document: T): T {
  const operations = Object.values(document.paths ?? {}).flatMap((methods) => Object.values(methods))
  const parameters = moved('parameters', operations.flatMap(parameterUses))
  const responses = moved('responses', operations.flatMap(responseUses))
  return { ...document, components: { ...document.components, parameters, responses } }
}
