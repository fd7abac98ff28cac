/** An object in an OpenAPI document: a schema, an operation, or a map of them. */
export type Node = Record<string, unknown>

export const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)
const typesOf = ({ type }: Node): unknown[] => [type].flat()

/** A list of texts is a repeated field, in forms and queries alike. */
const isTextList = (schema: Node): boolean =>
  schema['type'] === 'array' && isNode(schema['items']) && schema['items']['type'] === 'string'

const AS_JSON = 'As JSON text.'
const withNote = (description: unknown, note: string): string =>
  [description, note].filter((text) => text !== undefined).join(' ')

/** Text that stands for what has members. */
function jsonText ({ description }: Node): Node {
  return { type: 'string', description: withNote(description, AS_JSON) }
}

const TEXTS: Readonly<Record<string, Node>> = {
  boolean: { type: 'string', enum: ['true', 'false'] },
  integer: { type: 'string', pattern: '^[0-9]+$' },
  number: { type: 'string', pattern: '^-?[0-9]+(\\.[0-9]+)?$' }
}

/** The bounds of a text stand where it is a member of JSON. */
function withoutBounds ({ minLength: _least, maxLength: _most, ...schema }: Node): Node {
  return schema
}

/** Describes a field of a form as the text that it is. */
function asText (schema: unknown): unknown {
  if (!isNode(schema)) return schema
  const { type, description } = schema
  if ('x-component' in schema && type === 'string') return schema
  if (isTextList(schema)) return schema
  if (type === 'string') return withoutBounds(schema)
  const text = typeof type === 'string' ? TEXTS[type] : undefined
  return text ? { ...text, ...(description !== undefined && { description }) } : jsonText(schema)
}

/** Describes each field of a form as text. */
export function asForm (schema: unknown): unknown {
  if (!isNode(schema) || !isNode(schema['properties'])) return schema
  const properties = Object.entries(schema['properties']).map(([name, field]) => [name, asText(field)])
  return { ...schema, properties: Object.fromEntries(properties) }
}

const MEMBER_NOTE = 'Member by member, or as text under the plain name.'
const MAP = { type: 'object', additionalProperties: { type: 'string' } }

/** The object among the forms that a field takes; undefined when its members are more than text. */
function objectOf (schema: Node): Node | undefined {
  const { items, properties, additionalProperties, 'x-object': component } = schema
  // The generator of the document drops `required` from a parameter; the same object as an item has it still.
  if (isNode(items) && items['x-component'] === component && component !== undefined) return items
  if (component !== undefined) {
    return { type: 'object', properties, additionalProperties, 'x-component': component }
  }
  const isTextMap = schema['type'] === 'object' && isNode(additionalProperties) &&
    typesOf(additionalProperties).includes('string')
  return isTextMap ? MAP : undefined
}

/** Describes a query parameter that holds more than a text or a list of them: as `deepObject` or as JSON text. */
export function asQuery (parameter: Node): Node {
  const { schema, description } = parameter
  if (parameter['in'] !== 'query' || !isNode(schema)) return parameter
  const hasMembers = typesOf(schema).some((type) => type === 'object' || type === 'array')
  if (!hasMembers || isTextList(schema)) return parameter
  const object = objectOf(schema)
  if (object) {
    const note = withNote(description, MEMBER_NOTE)
    return { ...parameter, description: note, style: 'deepObject', explode: true, schema: object }
  }
  const { description: text, ...rest } = jsonText({
    ...schema, ...(description !== undefined && { description })
  })
  return { ...parameter, description: text, schema: rest }
}
