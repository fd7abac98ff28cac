import { asForm, asQuery, isNode, type Node } from './openapi-texts.ts'

/** The parts of an OpenAPI document that are rewritten here. */
export interface OpenApiDocument {
  paths?: Record<string, unknown>
  components?: { schemas?: Record<string, unknown> }
}

const FORM = 'multipart/form-data'

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
function asUnion (schema: Node, components: Components): Node {
  const { type, ...rest } = schema
  if (!Array.isArray(type) || !type.some((each) => each === 'object' || each === 'array')) return schema
  const shared = Object.entries(rest).filter(([keyword]) => !OF_ONE_TYPE.has(keyword))
  const branch = (each: string): Node => {
    const own = KEYWORDS[each === 'integer' ? 'number' : each] ?? []
    const used = own.filter((keyword) => keyword in rest)
    return { type: each, ...Object.fromEntries(used.map((keyword) => [keyword, rest[keyword]])) }
  }
  const { 'x-object': component, ...union } = Object.fromEntries(shared)
  return {
    ...union,
    anyOf: type.map((each) => each === 'object' && typeof component === 'string'
      ? components.refer(component, branch(each))
      : branch(String(each)))
  }
}

/** What a schema says to people. It may differ where the values are the same. */
const NOTES = ['description', 'examples'] as const
/** Keywords that may stand beside a reference. */
const BESIDE: ReadonlySet<string> = new Set([...NOTES, 'default'])

/** The text of a value whose members are in alphabetical order. */
function canonical (value: unknown): string {
  return JSON.stringify(value, (_name, each: unknown) =>
    isNode(each) ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => one < other ? -1 : 1)) : each)
}

/** The schemas that stand under `components`, and the references to them. */
class Components {
  readonly #known = new Map<string, { readonly schema: Node, readonly references: Node[] }>()

  /** @throws {TypeError} when two different schemas have one name. */
  refer (name: string, schema: Node): Node {
    const entries = Object.entries(schema)
    const core = Object.fromEntries(entries.filter(([keyword]) => !BESIDE.has(keyword)))
    const known = this.#known.get(name) ?? { schema: core, references: [] }
    if (canonical(known.schema) !== canonical(core)) throw new TypeError(`Two schemas are called ${name}.`)
    this.#known.set(name, known)
    const notes = entries.filter(([keyword]) => BESIDE.has(keyword))
    const reference = { $ref: `#/components/schemas/${name}`, ...Object.fromEntries(notes) }
    known.references.push(reference)
    return reference
  }

  /** Moves what all references to a schema say to the schema itself. */
  finished (): Record<string, Node> {
    const finished = [...this.#known].map(([name, { schema, references }]): [string, Node] => {
      const shared = NOTES.flatMap((keyword) => {
        const said = references.filter((reference) => keyword in reference)
        const forms = new Map(said.map((reference) => [canonical(reference[keyword]), reference[keyword]]))
        if (forms.size !== 1) return []
        for (const reference of said) delete reference[keyword]
        return [...forms.values()].map((form) => [keyword, form] as const)
      })
      return [name, { ...schema, ...Object.fromEntries(shared) }]
    })
    return Object.fromEntries(finished.sort(([one], [other]) => one.localeCompare(other)))
  }
}

/** Cuts an object into parts that other objects have as well, as its `x-parts` says, and what is left. */
function inParts (schema: Node, components: Components): Node {
  const { 'x-parts': parts, type, properties, required, additionalProperties, ...rest } = schema
  if (!isNode(parts) || !isNode(properties)) return schema
  const names = Object.values(parts).flat()
  const pick = (isWanted: (name: string) => boolean): Node =>
    Object.fromEntries(Object.entries(properties).filter(([name]) => isWanted(name)))
  const own = pick((name) => !names.includes(name))
  const references = Object.entries(parts).map(([component, names]) => {
    const part = pick((name) => Array.isArray(names) && names.includes(name))
    return components.refer(component, { type: 'object', properties: part })
  })
  const ownPart = { type, properties: own, ...(required !== undefined && { required }) }
  return {
    type,
    allOf: Object.keys(own).length > 0 ? [...references, ownPart] : references,
    ...(additionalProperties === false && { unevaluatedProperties: false }),
    ...rest
  }
}

/** Applies what only forms and queries need, before schemas lose their names. */
function withTexts (node: Node): Node {
  const { content } = node
  const form = isNode(content) ? content[FORM] : undefined
  if ('in' in node) {
    // They illustrate a field; what stands at a parameter is sent by whoever tries the operation.
    const { example: _one, examples: _several, ...parameter } = node
    return asQuery(parameter)
  }
  if (!isNode(form)) return node
  const described = { ...form, schema: asForm(form['schema']) }
  return { ...node, content: { ...content as Node, [FORM]: described } } // it is one
}

/**
 * Makes the generated document pleasant to read and to generate clients from: fields with a default are
 * optional in requests, forms are text, unions are written as unions, nothing stands twice, and our own keywords
 * are gone.
 */
export function forReaders<T extends OpenApiDocument> (document: T): T {
  const components = new Components()
  const paths = mapObjects(mapObjects(document.paths ?? {}, withTexts), (given) => {
    const { 'x-fault': _wording, 'x-component': component, 'x-object': _object, ...schema } =
      asUnion(withoutDefaultedParameter(withoutDefaulted(given)), components)
    const node = inParts(schema, components)
    return typeof component === 'string' ? components.refer(component, node) : node
  })
  const known = { ...document.components?.schemas, ...components.finished() }
  const schemas = Object.fromEntries(Object.entries(known).sort(([a], [b]) => a.localeCompare(b)))
  return { ...document, paths, components: { ...document.components, schemas } }
}
