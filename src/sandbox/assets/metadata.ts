import { SandboxError } from '../errors.ts'
import { brokenRule, isDate, type Validation } from './metadata-validation.ts'

/** A structured metadata field as the Admin API shows it. */
export interface MetadataField {
  external_id: string
  type: 'string' | 'integer' | 'date' | 'enum' | 'set'
  label: string
  mandatory: boolean
  default_value: unknown
  validation: Validation | null
  restrictions: Record<string, unknown> | null
  /** Whether a value that is no option becomes one. */
  allow_dynamic_list_values?: boolean
  datasource?: { values: { external_id: string, value: string, state: string }[] }
  /** Where it stands in the list, and when it was made, in milliseconds. Neither is shown. */
  position?: number
  createdMs?: number
}

/** The fields of a cloud, by their external IDs. */
export type MetadataFields = ReadonlyMap<string, MetadataField>

/** With `clearInvalid`, what a field does not take empties it instead of being refused. */
interface ReadOptions { clearInvalid?: boolean }

/**
 * Turns the texts of a `metadata` parameter into typed values, as they come back from the API.
 * @throws {SandboxError} 400 naming unknown fields in the vendor's words, or a value that its field does not take.
 */
export function typedMetadata (
  fields: MetadataFields, pairs: Readonly<Record<string, string>>, { clearInvalid = false }: ReadOptions = {}
): Record<string, unknown> {
  const unknown = Object.keys(pairs).filter((id) => !fields.has(id))
  if (unknown.length > 0) throw new SandboxError(400, `Metadata External IDs do not exist: ${JSON.stringify(unknown)}`)
  return Object.fromEntries(Object.entries(pairs).map(([id, text]) => {
    const field = fields.get(id)
    if (!field) return [id, text]
    return [id, clearInvalid && !field.mandatory && !takes(field, text) ? null : checkedValue(field, text)]
  }))
}

/** Without the values that their fields, as they are by now, would not take. A mandatory field keeps what it has. */
export function validMetadata (
  fields: MetadataFields, values: Readonly<Record<string, unknown>>
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([id, value]) => {
    const field = fields.get(id)
    return field !== undefined && (field.mandatory || takes(field, Array.isArray(value) ? JSON.stringify(value) : String(value)))
  }))
}

/** Whether a field takes such a text. */
export function takes (field: MetadataField, text: string): boolean {
  try {
    checkedValue(field, text)
    return true
  } catch (error) {
    if (error instanceof SandboxError) return false
    throw error
  }
}

/** Adds new values to present ones; an empty value clears. */
export function mergeMetadata (present: Readonly<Record<string, unknown>> | undefined, changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...present, ...changes }).filter(([, value]) => value !== null && value !== undefined))
}

/**
 * What a new asset has: the values given, and the defaults of fields that were not named.
 * @throws {SandboxError} 400 when a mandatory field is left without a value.
 */
export function newMetadata (
  fields: MetadataFields, pairs: Readonly<Record<string, string>>, options: ReadOptions = {}
): Record<string, unknown> {
  const all = [...fields.values()]
  const defaults = Object.fromEntries(all.map((field) => [field.external_id, field.default_value]))
  const values = mergeMetadata(defaults, typedMetadata(fields, pairs, options))
  const missing = all.filter((field) => field.mandatory && values[field.external_id] === undefined)
  if (missing.length > 0) throw new SandboxError(400, `Missing mandatory metadata fields: ${JSON.stringify(missing.map((field) => field.external_id))}`)
  return values
}

/** Most options that a list may have. The vendor's bound is not public. */
export const MAX_OPTIONS = 3000
/** Most characters of an option that an asset brings along. As above. */
const MAX_OPTION_LENGTH = 255

/**
 * Returns the fields that these values add options to, where a field allows that. Which ID the vendor gives
 * such an option is not public; here it is the value itself.
 */
export function fieldsWithNewOptions (
  fields: MetadataFields, values: Readonly<Record<string, unknown>> = {}
): MetadataField[] {
  return [...fields.values()].flatMap((field) => {
    const present = field.datasource?.values ?? []
    const known = new Set(present.map((option) => option.external_id))
    const given = [values[field.external_id] ?? []].flat().map(String)
    const added = field.allow_dynamic_list_values ? given.filter((value) => !known.has(value)) : []
    // Other calls may have added options since these were checked.
    const room = Math.max(0, MAX_OPTIONS - present.length)
    const options = added.slice(0, room).map((value) => ({ external_id: value, value, state: 'active' }))
    return options.length > 0 ? [{ ...field, datasource: { values: [...present, ...options] } }] : []
  })
}

/**
 * The typed value of a text; null for an empty one, which clears.
 * @throws {SandboxError} 400 when the field does not take it. The public sources have no literal text for these answers.
 */
export function checkedValue (field: MetadataField, text: string): unknown {
  const value = typedValue(field, text)
  if (value === null && field.mandatory) throw new SandboxError(400, `Missing mandatory metadata fields: ${JSON.stringify([field.external_id])}`)
  const broken = value === null || !field.validation ? undefined : brokenRule(field.validation, value)
  if (broken !== undefined) throw new SandboxError(400, `Value ${text} is invalid for metadata field ${field.external_id}: ${broken}`)
  return value
}

function typedValue (field: MetadataField, text: string): unknown {
  if (text === '') return null
  const invalid = () => new SandboxError(400, `Value ${text} is invalid for metadata field ${field.external_id}`)
  switch (field.type) {
    case 'integer': {
      if (!/^-?\d{1,15}$/.test(text)) throw invalid()
      return Number(text)
    }
    case 'date': {
      if (!isDate(text)) throw invalid()
      return text
    }
    case 'enum': {
      if (!areOptions(field, [text])) throw invalid()
      return text
    }
    case 'set': {
      const values = setValues(text)
      if (!values || !areOptions(field, values)) throw invalid()
      return values
    }
    default: return text
  }
}

/**
 * Returns whether a field accepts these values: options of its list, or others where it may add them.
 * @throws {SandboxError} 400 when the list, or a new option, would get too long.
 */
function areOptions (
  { external_id: id, allow_dynamic_list_values: isDynamic, datasource }: MetadataField,
  values: readonly string[]
): boolean {
  const options = datasource?.values ?? []
  const active = new Set(options.filter(({ state }) => state === 'active').map((one) => one.external_id))
  const others = new Set(values.filter((value) => !active.has(value)))
  if (others.size === 0 || !isDynamic) return others.size === 0
  for (const { external_id: known } of options) others.delete(known)
  const isLong = [...others].some((value) => value.length > MAX_OPTION_LENGTH)
  if (isLong || options.length + others.size > MAX_OPTIONS) {
    throw new SandboxError(400, `Too many or too long values for metadata field ${id}. Maximum is ${MAX_OPTIONS} values of ${MAX_OPTION_LENGTH} characters.`)
  }
  return true
}

function setValues (text: string): string[] | undefined {
  if (!text.startsWith('[')) return text.split(',').map((value) => value.trim())
  try {
    const values: unknown = JSON.parse(text)
    return Array.isArray(values) ? values.map(String) : undefined
  } catch {
    return undefined
  }
}
