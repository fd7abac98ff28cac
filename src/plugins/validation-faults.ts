import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import type { Fault } from '../errors.ts'
import { nearestName } from '../schemas/nearest-name.ts'

/** What ajv adds with `verbose`: the schema around the failed keyword and the value it met. */
interface VerboseError extends FastifySchemaValidationError {
  parentSchema?: { properties?: Record<string, unknown>, 'x-fault'?: string }
  data?: unknown
}

type Explain = (error: VerboseError) => Fault

const text = (value: unknown): string => typeof value === 'string' ? value : String(value)
const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')
const suggestion = (given: string, known: readonly string[]): string => {
  const nearest = nearestName(given, known)
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`
}

const unknownField: Explain = (error) => {
  const name = text(error.params['additionalProperty'])
  const known = Object.keys(error.parentSchema?.properties ?? {})
  return {
    pointer: `${error.instancePath}/${escapePointer(name)}`,
    message: `is not a field of this action${suggestion(name, known)}`
  }
}

const missingField: Explain = (error) => ({
  pointer: `${error.instancePath}/${escapePointer(text(error.params['missingProperty']))}`,
  message: 'is required'
})

const notAChoice: Explain = (error) => {
  const choices = (error.params['allowedValues'] as unknown[]).map(text) // ajv's `enum` always carries the list
  const hint = typeof error.data === 'string' ? suggestion(error.data, choices) : ''
  return { pointer: error.instancePath, message: `must be one of ${choices.join(', ')}${hint}` }
}

const tooShort: Explain = (error) => ({
  pointer: error.instancePath,
  message: error.params['limit'] === 1 ? 'must not be empty' : `must have at least ${text(error.params['limit'])} characters`
})

const tooLong: Explain = (error) => ({
  pointer: error.instancePath,
  message: `must have at most ${text(error.params['limit'])} characters, has ${[...text(error.data)].length}`
})

const other: Explain = (error) => ({
  pointer: error.instancePath,
  message: error.parentSchema?.['x-fault'] ?? error.message ?? 'is not valid'
})

const EXPLANATIONS: Readonly<Record<string, Explain>> = {
  additionalProperties: unknownField,
  required: missingField,
  enum: notAChoice,
  minLength: tooShort,
  maxLength: tooLong
}

/**
 * A union reports each branch that did not fit. Where the value went into one branch and failed inside it, only that
 * inside is worth telling: the other branches merely say that the value has another type.
 */
function withoutUnionNoise (errors: readonly VerboseError[]): readonly VerboseError[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf')
  const isNoise = (error: VerboseError): boolean => unions.some((union) => {
    const inside = errors.some(({ instancePath, keyword }) =>
      instancePath.startsWith(`${union.instancePath}/`) || (instancePath === union.instancePath && !['anyOf', 'type'].includes(keyword)))
    return inside && error.instancePath === union.instancePath && ['anyOf', 'type'].includes(error.keyword)
  })
  return errors.filter((error) => !isNoise(error))
}

/** Empty text fits no pattern either; that it is empty says it all. */
function withoutEmptyNoise (errors: readonly VerboseError[]): readonly VerboseError[] {
  const empty = new Set(errors.filter(({ keyword }) => keyword === 'minLength').map(({ instancePath }) => instancePath))
  return errors.filter(({ keyword, instancePath }) => keyword !== 'pattern' || !empty.has(instancePath))
}

/** Turns ajv's errors into faults a person understands: each once, with a pointer into what was sent. */
export function validationFaults (errors: readonly FastifySchemaValidationError[], context: string | undefined): Fault[] {
  const faults = new Map<string, Fault>()
  for (const error of withoutEmptyNoise(withoutUnionNoise(errors))) {
    const fault = (EXPLANATIONS[error.keyword] ?? other)(error)
    // The rest of a path is called `*` by the router and public_id by everybody else.
    const pointer = context === 'params' ? fault.pointer.replace(/^\/\*/, '/public_id') : fault.pointer
    faults.set(`${pointer} ${fault.message}`, { pointer, message: fault.message })
  }
  return [...faults.values()]
}
