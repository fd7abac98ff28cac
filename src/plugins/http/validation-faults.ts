import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import { pointerTo, type Fault } from '../../errors.ts'
import { didYouMean } from '../../input/nearest-name.ts'
import { seenSuffix } from '../../input/fields/seen.ts'
import { pastedId } from '../../input/pasted-id.ts'
import { PUBLIC_ID_PATTERN } from '../../schemas/assets.ts'
import { NO_VALUE } from '../../input/text-fields.ts'

/** What ajv adds with `verbose`: the schema around the failed keyword and the value it met. */
interface VerboseError extends FastifySchemaValidationError {
  parentSchema?: { properties?: Record<string, unknown>, 'x-fault'?: string }
  data?: unknown
  /** The name that `propertyNames` does not allow. */
  propertyName?: string
}

type Explain = (error: VerboseError) => Fault

/** Where a field belongs that stands elsewhere; undefined for a name that the route does not know. */
export type PlaceOf = (name: string) => string | undefined

/** Most faults of one request: ajv reports thousands when thousands were sent, and looking for near names takes time. */
const MOST_FAULTS = 200
const MOST_POINTER = 256

const text = (value: unknown): string => typeof value === 'string' ? value : String(value)

/** Names the place where the field belongs, or the field that was meant. A member of another field belongs nowhere else. */
const unknownField = (error: VerboseError, placeOf: PlaceOf): Fault => {
  const name = text(error.params['additionalProperty'])
  const known = Object.keys(error.parentSchema?.properties ?? {})
  const place = error.instancePath === '' ? placeOf(name) : undefined
  return {
    pointer: `${error.instancePath}${pointerTo(name)}`,
    message: place === undefined ? `is not a field of this action${didYouMean(name, known)}` : `belongs in ${place}`
  }
}

const missingField: Explain = (error) => ({
  pointer: `${error.instancePath}${pointerTo(text(error.params['missingProperty']))}`,
  message: 'is required'
})

const notAChoice: Explain = (error) => {
  const choices = (error.params['allowedValues'] as unknown[]).map(text) // ajv's `enum` always carries the list
  const hint = typeof error.data === 'string' ? didYouMean(error.data, choices) : ''
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

/** Sentences by keyword, for schemas without words of their own: the validator's may change at any time. */
const SENTENCES: Readonly<Record<string, (params: Record<string, unknown>) => string>> = {
  type: ({ type }) => `must be ${[type].flat().map(text).join(' or ')}`,
  pattern: ({ pattern }) => `must match pattern "${text(pattern)}"`,
  minimum: ({ limit }) => `must be >= ${text(limit)}`,
  maximum: ({ limit }) => `must be <= ${text(limit)}`,
  exclusiveMinimum: ({ limit }) => `must be > ${text(limit)}`,
  exclusiveMaximum: ({ limit }) => `must be < ${text(limit)}`,
  minItems: ({ limit }) => `must have at least ${text(limit)} items`,
  maxItems: ({ limit }) => `must NOT have more than ${text(limit)} items`,
  maxProperties: ({ limit }) => `must NOT have more than ${text(limit)} properties`
}

/**
 * Where something else was pasted in place of a public ID, what it is helps more than what an ID must not
 * hold.
 */
function pastedFault ({ keyword, params, data }: VerboseError): string | undefined {
  const isPublicId = keyword === 'pattern' && params['pattern'] === PUBLIC_ID_PATTERN
  if (!isPublicId || typeof data !== 'string') return undefined
  const pasted = pastedId(data)
  if (pasted?.form !== 'delivery URL') return undefined
  const [meant] = pasted.meant
  if (!meant) return 'looks like a delivery URL: send the public ID of the asset'
  const { public_id: id, resource_type: kind, type } = meant
  const isUsual = kind === 'image' && type === 'upload'
  const place = isUsual ? '' : `, with resource_type "${String(kind)}" and type "${String(type)}"`
  return `looks like a delivery URL: send the public ID alone, "${id}"${place}`
}

const other: Explain = (error) => ({
  pointer: error.propertyName === undefined ? error.instancePath : `${error.instancePath}${pointerTo(error.propertyName)}`,
  message: pastedFault(error) ?? error.parentSchema?.['x-fault'] ?? SENTENCES[error.keyword]?.(error.params) ?? 'is not valid'
})

/** A body that was not sent, or is `null`, has the wrong type too; that it is missing helps more. */
const wrongType: Explain = (error) => {
  const missing = error.instancePath === '' && (error.data === undefined || error.data === null)
  if (missing) return { pointer: '', message: 'the body is required: send a JSON object' }
  return error.instancePath === '' ? { pointer: '', message: 'the body must be a JSON object' } : other(error)
}

const EXPLANATIONS: Readonly<Record<string, Explain>> = {
  required: missingField,
  enum: notAChoice,
  minLength: tooShort,
  maxLength: tooLong,
  type: wrongType
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

/** What is wrong with a name is an error of its own, and empty text fits no pattern either: that it is empty says it all. */
function withoutEchoes (errors: readonly VerboseError[]): readonly VerboseError[] {
  const empty = new Set(errors.filter(({ keyword }) => keyword === 'minLength').map(({ instancePath }) => instancePath))
  return errors.filter(({ keyword, instancePath }) => keyword !== 'propertyNames' && (keyword !== 'pattern' || !empty.has(instancePath)))
}

function shortened (pointer: string): string {
  return pointer.length > MOST_POINTER ? `${pointer.slice(0, MOST_POINTER - 1)}…` : pointer
}

const nullFault: Explain = (error) => ({ pointer: error.instancePath, message: 'must not be null: leave it out, or give it a value' })

const explainerOf = ({ data, keyword }: VerboseError): Explain => data === NO_VALUE ? nullFault : EXPLANATIONS[keyword] ?? other

/** Turns ajv's errors into faults a person understands: each once, with a pointer into what was sent. */
export function validationFaults (
  errors: readonly FastifySchemaValidationError[], context: string | undefined, placeOf: PlaceOf = () => undefined
): Fault[] {
  const faults = new Map<string, Fault>()
  for (const error of withoutEchoes(withoutUnionNoise(errors.slice(0, MOST_FAULTS)))) {
    const fault = error.keyword === 'additionalProperties' ? unknownField(error, placeOf) : explainerOf(error)(error)
    // The rest of a path is called `*` by the router and public_id by everybody else.
    const pointer = shortened(context === 'params' ? fault.pointer.replace(/^\/\*/, '/public_id') : fault.pointer)
    const isTold = typeof error.data !== 'string' || pastedFault(error) !== undefined
    const message = `${fault.message}${isTold ? '' : seenSuffix(String(error.data))}`
    faults.set(`${pointer} ${message}`, { pointer, message })
  }
  return [...faults.values()]
}
