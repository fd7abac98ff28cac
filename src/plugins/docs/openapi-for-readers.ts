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

/**
 * Makes the generated document pleasant to read and to generate clients from: fields with a default are optional in
 * requests, schemas marked with `x-component` stand once under `components`, and our own keywords are gone.
 */
export function forReaders<T extends OpenApiDocument> (document: T): T {
  const schemas: Record<string, unknown> = { ...document.components?.schemas }
  const paths = mapObjects(document.paths ?? {}, (given) => {
    const { 'x-fault': _wording, 'x-component': component, ...node } = withoutDefaultedParameter(withoutDefaulted(given))
    if (typeof component !== 'string') return node
    schemas[component] = node
    return { $ref: `#/components/schemas/${component}` }
  })
  const sorted = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => a.localeCompare(b)))
  return { ...document, paths, components: { ...document.components, schemas: sorted } }
}
