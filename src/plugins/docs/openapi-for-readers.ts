/** The parts of an OpenAPI document that are rewritten here. */
export interface OpenApiDocument {
  paths?: Record<string, unknown>
  components?: { schemas?: Record<string, unknown> }
}

type Node = Record<string, unknown>

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Applies `change` to every object in `value`, the innermost first. */
function mapObjects (value: unknown, change: (node: Node) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => mapObjects(each, change))
  if (!isNode(value)) return value
  return change(Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapObjects(each, change)])))
}

/** What has a default need not be sent. For our validator such a field is always there; a reader would think it must send it. */
function withoutDefaulted (schema: Node): Node {
  const { properties, required } = schema
  if (!isNode(properties) || !Array.isArray(required)) return schema
  const needed = required.filter((name) => {
    const property = properties[String(name)]
    return !isNode(property) || !('default' in property)
  })
  const { required: _all, ...rest } = schema
  return needed.length > 0 ? { ...rest, required: needed } : rest
}

/** A parameter with a default is not required either. */
function withoutDefaultedParameter (node: Node): Node {
  return 'in' in node && isNode(node['schema']) && 'default' in node['schema'] ? { ...node, required: false } : node
}

/** Keywords of JSON Schema that apply to values of one type only. */
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  string: ['pattern', 'minLength', 'maxLength', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  array: ['items', 'minItems', 'maxItems', 'uniqueItems'],
  object: [
    'properties', 'required', 'additionalProperties', 'propertyNames', 'minProperties', 'maxProperties'
  ]
}
const OF_ONE_TYPE = new Set(Object.values(KEYWORDS).flat())

/**
 * Writes several types beside each other as `anyOf` when one of them is an object or an array: readers and
 * client generators expect that. The validator keeps the short form, which names the one thing that is wrong.
 */
function asUnion (schema: Node): Node {
  const { type, ...rest } = schema
  if (!Array.isArray(type) || !type.some((each) => each === 'object' || each === 'array')) return schema
  const shared = Object.entries(rest).filter(([keyword]) => !OF_ONE_TYPE.has(keyword))
  const branch = (each: string): Node => {
    const own = KEYWORDS[each === 'integer' ? 'number' : each] ?? []
    const used = own.filter((keyword) => keyword in rest)
    return { type: each, ...Object.fromEntries(used.map((keyword) => [keyword, rest[keyword]])) }
  }
  return { ...Object.fromEntries(shared), anyOf: type.map((each) => branch(String(each))) }
}

/**
 * Makes the generated document pleasant to read and to generate clients from: fields with a default are
 * optional in requests, unions are written as unions, schemas marked with `x-component` stand once under
 * `components`, and our own keywords are gone.
 */
export function forReaders<T extends OpenApiDocument> (document: T): T {
  const schemas: Record<string, unknown> = { ...document.components?.schemas }
  const paths = mapObjects(document.paths ?? {}, (given) => {
    const schema = asUnion(withoutDefaultedParameter(withoutDefaulted(given)))
    const { 'x-fault': _wording, 'x-component': component, ...node } = schema
    if (typeof component !== 'string') return node
    schemas[component] = node
    return { $ref: `#/components/schemas/${component}` }
  })
  const sorted = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => a.localeCompare(b)))
  return { ...document, paths, components: { ...document.components, schemas: sorted } }
}
