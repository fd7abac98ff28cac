import type { Ajv, AnySchemaObject, ErrorObject, ValidateFunction } from 'ajv'
import { pointerTo } from '../../errors.ts'

/** What is judged here about an object, and what says nothing about it. With any other keyword ajv judges the whole. */
const OURS: ReadonlySet<string> = new Set([
  'type', 'properties', 'required', 'additionalProperties', 'default', 'description', 'title', 'examples', 'example', 'x-component', 'x-object',
  'x-parts', 'x-fault'
])

type Compile = (schema: AnySchemaObject) => ValidateFunction
type JsonObject = Record<string, unknown>
type Violation = Pick<ErrorObject, 'keyword' | 'params' | 'message'>

const NO_ANCHORS = {}

/** One property of the object. */
interface Field {
  readonly name: string
  /** Where its value stands, as a JSON pointer. */
  readonly instancePath: string
  readonly schema: Bounded
  readonly preset: unknown
  /** Compiled when the first value comes: of many dozens of fields a request has a few. */
  readonly judge: () => ValidateFunction
}

type ObjectSchema = AnySchemaObject & {
  readonly properties: Readonly<Record<string, AnySchemaObject>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean
}

function isPlain (schema: AnySchemaObject): schema is ObjectSchema {
  return schema['type'] === 'object' && typeof schema['properties'] === 'object' && typeof schema['additionalProperties'] !== 'object' &&
    Object.keys(schema).every((keyword) => OURS.has(keyword))
}

function fieldsOf ({ properties }: ObjectSchema, compile: Compile): Field[] {
  return Object.entries(properties).map(([name, { default: preset, ...schema }]) => {
    let compiled: ValidateFunction | undefined
    const judge = (): ValidateFunction => {
      compiled ??= compile(schema)
      return compiled
    }
    return { name, instancePath: pointerTo(name), schema, preset, judge }
  })
}

/** The keywords that bound lists and maps, and those that lead to what is inside them. */
interface Bounded {
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly items?: Bounded
  readonly properties?: Readonly<Record<string, Bounded>>
  readonly additionalProperties?: boolean | Bounded
  readonly [keyword: string]: unknown
}

/**
 * The first list or map in a value that holds more than its schema allows. ajv would say so too, and then go on to judge
 * each of a million items and remember what is wrong with it. The path is that from the value on, made on the way back:
 * hardly ever is there one.
 */
function overfull (schema: Bounded, value: unknown): ErrorObject | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const [keyword, what, size] = Array.isArray(value) ? ['maxItems', 'items', value.length] as const : ['maxProperties', 'properties', Object.keys(value).length] as const
  const limit = schema[keyword]
  if (limit !== undefined && size > limit) {
    return { instancePath: '', schemaPath: `#/${keyword}`, keyword, params: { limit }, message: `must NOT have more than ${limit} ${what}`, schema: limit, parentSchema: schema, data: value }
  }
  const { items, properties = {}, additionalProperties: rest } = schema
  for (const [name, member] of Object.entries(value)) {
    const inner = items ?? properties[name] ?? rest
    const found = typeof inner === 'object' ? overfull(inner, member) : undefined
    if (found) return { ...found, instancePath: pointerTo(name) + found.instancePath }
  }
  return undefined
}

function fits (field: Field, data: JsonObject): ErrorObject[] | undefined {
  const value = data[field.name]
  const tooMany = overfull(field.schema, value)
  if (tooMany) return [{ ...tooMany, instancePath: field.instancePath + tooMany.instancePath }]
  const validate = field.judge()
  const valid = validate(value, { instancePath: field.instancePath, parentData: data, parentDataProperty: field.name, rootData: data, dynamicAnchors: NO_ANCHORS })
  return valid ? undefined : validate.errors as ErrorObject[] // there are some when it is not
}

/** What ajv says with `verbose`. */
function said (schema: ObjectSchema, data: unknown, { keyword, ...fault }: Violation): ErrorObject {
  return { instancePath: '', schemaPath: `#/${keyword}`, keyword, ...fault, schema: schema[keyword], parentSchema: schema, data }
}

/** Everything that is wrong, in ajv's order: what is missing, what is unknown, then field by field as the schema lists them. */
function faultsOf (schema: ObjectSchema, fields: ReadonlyMap<string, Field>, data: JsonObject): ErrorObject[] {
  const missing = (schema.required ?? []).filter((name) => data[name] === undefined)
  const unknown = schema.additionalProperties === false ? Object.keys(data).filter((name) => !fields.has(name)) : []
  return [
    ...missing.map((name) => said(schema, data, { keyword: 'required', params: { missingProperty: name }, message: `must have required property '${name}'` })),
    ...unknown.map((name) => said(schema, data, { keyword: 'additionalProperties', params: { additionalProperty: name }, message: 'must NOT have additional properties' })),
    ...[...fields.values()].flatMap((field) => data[field.name] === undefined ? [] : fits(field, data) ?? [])
  ]
}

function byField (schema: ObjectSchema, compile: Compile): ValidateFunction {
  const fields = new Map(fieldsOf(schema, compile).map((field) => [field.name, field]))
  const presets = [...fields.values()].filter(({ preset }) => preset !== undefined)
  const { required = [], additionalProperties = true } = schema
  const isValid = (data: JsonObject): boolean => {
    for (const { name, preset } of presets) if (data[name] === undefined) data[name] = typeof preset === 'object' ? structuredClone(preset) : preset
    for (const name of required) if (data[name] === undefined) return false
    for (const name of Object.keys(data)) {
      const field = fields.get(name)
      if (field === undefined ? !additionalProperties : data[name] !== undefined && fits(field, data) !== undefined) return false
    }
    return true
  }
  const validate = (data: unknown): boolean => {
    validate.errors = null as ErrorObject[] | null
    if (typeof data !== 'object' || data === null || Array.isArray(data)) {
      validate.errors = [said(schema, data, { keyword: 'type', params: { type: 'object' }, message: 'must be object' })]
    } else if (!isValid(data as JsonObject)) {
      validate.errors = faultsOf(schema, fields, data as JsonObject)
    }
    return validate.errors === null
  }
  validate.errors = null as ErrorObject[] | null
  validate.schema = schema
  return validate as unknown as ValidateFunction // Fastify calls it, and reads its errors
}

/**
 * Makes ajv judge the fields of an object one by one, each with a small function of its own, and only those that are
 * there. The one function that it would make of a schema of seventy fields is half a megabyte, which no engine
 * optimises, and takes as long for five fields as for seventy. Faults and their order are the same, but for `schemaPath`.
 */
export function validateByField (ajv: Ajv): Ajv {
  const compile = ajv.compile.bind(ajv) as Compile
  ajv.compile = ((schema: AnySchemaObject) => isPlain(schema) ? byField(schema, compile) : compile(schema)) as typeof ajv.compile // one of its several forms
  return ajv
}
