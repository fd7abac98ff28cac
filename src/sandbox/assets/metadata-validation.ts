import { SandboxError } from '../errors.ts'

type FieldType = 'string' | 'integer' | 'date' | 'enum' | 'set'

/** `validation` of a metadata field. Source: Cloudinary, "Admin API reference", "metadata_fields", validation. */
export type Validation =
  | { type: 'greater_than' | 'less_than', value: number | string, equals?: boolean }
  | { type: 'strlen', min?: number, max?: number }
  | { type: 'and', rules: Validation[] }

/**
 * Reads the `validation` of a field.
 * @throws {SandboxError} 400 when it is none, or none for this type of field.
 */
export function readValidation (value: unknown, type: FieldType): Validation | null {
  if (value === undefined || value === null) return null
  const invalid = () => new SandboxError(400, `validation is invalid for metadata field of type ${type}`)
  if (typeof value !== 'object') throw invalid()
  const rule = value as Record<string, unknown> // looked at member by member
  switch (rule.type) {
    case 'and': {
      if (!Array.isArray(rule.rules) || rule.rules.length === 0) throw invalid()
      return { type: 'and', rules: rule.rules.map((one) => readValidation(one, type)).filter((one) => one !== null) }
    }
    case 'strlen': {
      const bounds = [rule.min, rule.max].filter((bound) => bound !== undefined && bound !== null)
      if (type !== 'string' || bounds.length === 0 || !bounds.every((bound) => Number.isInteger(bound) && Number(bound) >= 0)) throw invalid()
      return { type: 'strlen', ...typeof rule.min === 'number' && { min: rule.min }, ...typeof rule.max === 'number' && { max: rule.max } }
    }
    case 'greater_than':
    case 'less_than': {
      const fits = (type === 'integer' && Number.isInteger(rule.value)) || (type === 'date' && typeof rule.value === 'string' && isDate(rule.value))
      if (!fits) throw invalid()
      return { type: rule.type, value: rule.value as number | string, ...typeof rule.equals === 'boolean' && { equals: rule.equals } } // one of the two, by the type of the field
    }
    default: throw invalid()
  }
}

/** Which rule a value breaks, in words, or undefined. Dates of this form are ordered as texts are. */
export function brokenRule (rule: Validation, value: unknown): string | undefined {
  switch (rule.type) {
    case 'and': return rule.rules.map((one) => brokenRule(one, value)).find((broken) => broken !== undefined)
    case 'strlen': {
      const length = [...String(value)].length
      if (rule.min !== undefined && length < rule.min) return `must have at least ${rule.min} characters`
      return rule.max !== undefined && length > rule.max ? `must have at most ${rule.max} characters` : undefined
    }
    case 'greater_than':
    case 'less_than': {
      const [given, bound] = typeof rule.value === 'number' ? [Number(value), rule.value] : [String(value), rule.value]
      const holds = (rule.equals === true && given === bound) || (rule.type === 'greater_than' ? given > bound : given < bound)
      return holds ? undefined : `must be ${rule.type === 'greater_than' ? 'greater' : 'less'} than ${rule.equals ? 'or equal to ' : ''}${bound}`
    }
  }
}

/** `2024-02-29`, and a day that there is. */
export function isDate (text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`)
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}
