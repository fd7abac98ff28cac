/** @typedef {Record<string, any>} Node Part of an OpenAPI document, whose shape the server vouches for. */
/** @typedef {'file' | 'choice' | 'flag' | 'number' | 'list' | 'map' | 'text'} Kind */
/**
 * @typedef {object} Field
 * @property {string} name
 * @property {'path' | 'query' | 'header' | 'body'} place
 * @property {boolean} required
 * @property {Kind} kind
 * @property {ReadonlySet<string>} types JSON types that its value may have.
 * @property {boolean} plainItems Whether a list holds text alone, so that commas may divide it.
 * @property {boolean} anyNames Whether a map takes any name, so that it may be written as pairs.
 * @property {readonly string[]} options Values of a choice.
 * @property {string} description
 * @property {string} hint What is sent when it is left blank, and its bounds.
 * @property {string} example
 */
/**
 * @typedef {object} Operation
 * @property {string} id
 * @property {string} method
 * @property {string} path
 * @property {boolean} outside Whether it stands outside the route prefix.
 * @property {boolean} takesEnvironment Whether it reads `X-Environment`.
 * @property {string} summary
 * @property {string} description
 * @property {readonly Field[]} parameters
 * @property {ReadonlyMap<string, readonly Field[]>} bodies Fields of each media type that is read.
 * @property {ReadonlyArray<readonly [status: string, description: string]>} answers
 */

/**
 * @param {readonly Node[]} parts Schemas that all hold.
 * @returns {Node} One in their place.
 */
function merged (parts) {
  return Object.assign({}, ...parts, {
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
    required: parts.flatMap(({ required = [] }) => required)
  })
}

/**
 * @param {Node} document
 * @returns {(node: Node | undefined) => Node} Follows references within the document, and joins what `allOf` divides.
 */
function resolver (document) {
  /** @param {Node} [given] @returns {Node} */
  const resolve = (given = {}) => {
    let node = given
    while (typeof node.$ref === 'string') {
      node = node.$ref
        .slice(2)
        .split('/')
        .reduce(
          (/** @type {Node} */ parent, part) =>
            parent[part.replaceAll('~1', '/').replaceAll('~0', '~')] ?? {},
          document
        )
    }
    const { allOf, ...rest } = node
    return allOf === undefined ? node : merged([...allOf.map(resolve), rest])
  }
  return resolve
}

/** @typedef {ReturnType<typeof resolver>} Resolve */

/**
 * @param {Node} given
 * @param {Resolve} resolve
 * @returns {Node[]} The schema, or the alternatives that it is made of.
 */
function branchesOf (given, resolve) {
  const schema = resolve(given)
  const inner = schema.anyOf ?? schema.oneOf
  return inner ? inner.flatMap((/** @type {Node} */ each) => branchesOf(each, resolve)) : [schema]
}

/** @param {ReadonlySet<string>} types @param {string[]} known */
const areAll = (types, ...known) => types.size > 0 && [...types].every((type) => known.includes(type))

/** @param {ReadonlySet<string>} types @param {readonly string[]} options @returns {Kind} */
function kindOf (types, options) {
  if (options.length > 0) return 'choice'
  if (areAll(types, 'boolean')) return 'flag'
  if (areAll(types, 'integer', 'number')) return 'number'
  if (types.has('array') && !types.has('string')) return 'list'
  return areAll(types, 'object') ? 'map' : 'text'
}

/** @param {unknown} value @returns {string} */
function asText (value) {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
    ? value.join(', ')
    : typeof value === 'string'
      ? value
      : JSON.stringify(value)
}

/** @param {Node} schema @returns {string} */
function hintOf (schema) {
  const { default: preset, minimum, maximum } = schema
  return [
    ...(preset === undefined ? [] : [`Blank: ${asText(preset)}.`]),
    ...(minimum !== undefined && maximum !== undefined ? [`From ${minimum} to ${maximum}.`] : [])
  ].join(' ')
}

/**
 * @param {{ name: string, place: Field['place'], required: boolean, description?: string }} given
 * @param {Node} outer
 * @param {Resolve} resolve
 * @returns {Field}
 */
function fieldOf ({ name, place, required, description }, outer, resolve) {
  const schema = { ...resolve(outer), ...outer }
  const branches = branchesOf(outer, resolve)
  const types = new Set(
    branches.flatMap(({ type, const: only }) => type ?? (only === undefined ? [] : [typeof only]))
  )
  const options = branches.flatMap(
    ({ enum: values, const: only }) => values ?? (only === undefined ? [] : [only])
  )
  const isChoice = branches.every((branch) => branch.enum !== undefined || branch.const !== undefined)
  const items = branches.find(({ items }) => items)?.items
  const isFile = schema.format === 'binary' || schema.contentMediaType === BYTES
  return {
    name,
    place,
    required,
    kind: isFile ? 'file' : kindOf(types, isChoice ? options.map(String) : []),
    types,
    plainItems: items !== undefined && branchesOf(items, resolve).every(({ type }) => type === 'string'),
    anyNames: branches.every(({ properties = {} }) => Object.keys(properties).length === 0),
    options: isChoice ? options.map(String) : [],
    description: description ?? schema.description ?? '',
    hint: hintOf(schema),
    example: schema.examples?.[0] === undefined ? '' : asText(schema.examples[0])
  }
}

const BYTES = 'application/octet-stream'

/** @param {string} media @param {Node} content @param {Resolve} resolve @returns {Field[]} */
function bodyFields (media, content, resolve) {
  if (media === BYTES) {
    const given = {
      name: 'file',
      place: /** @type {const} */ ('body'),
      required: true,
      description: 'The file, sent as it is.'
    }
    return [fieldOf(given, { type: 'string', format: 'binary' }, resolve)]
  }
  const branches = branchesOf(content.schema, resolve)
  /** @type {Record<string, Node>} */
  const properties = Object.assign({}, ...branches.map((branch) => branch.properties))
  return Object.entries(properties).map(([name, property]) => {
    const isFile = media === 'multipart/form-data' && name === 'file'
    const required = branches.every((branch) => branch.required?.includes(name))
    return fieldOf(
      { name, place: 'body', required },
      isFile ? { ...resolve(property), format: 'binary' } : property,
      resolve
    )
  })
}

/** @param {Node} parameter */
const isEnvironment = ({ name }) => name === 'X-Environment'

/**
 * @param {Node} operation
 * @param {Resolve} resolve
 * @returns {Field[]} Without the environment, which is chosen once for all.
 */
function parameterFields ({ parameters = [] }, resolve) {
  return parameters
    .map(resolve)
    .filter((/** @type {Node} */ parameter) => !isEnvironment(parameter))
    .map((/** @type {Node} */ parameter) => {
      const { name, in: place, required = false, description } = parameter
      return fieldOf({ name, place, required, description }, parameter.schema ?? {}, resolve)
    })
}

/**
 * Reads the operations of an OpenAPI document, by operationId.
 * @param {Node} document
 * @returns {Map<string, Operation>}
 */
export function operationsOf (document) {
  const resolve = resolver(document)
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, node]) => {
      const bodies = Object.entries(resolve(node.requestBody).content ?? {})
      return /** @type {Operation} */ ({
        id: node.operationId,
        method: method.toUpperCase(),
        path,
        outside: node.servers !== undefined,
        takesEnvironment: (node.parameters ?? []).map(resolve).some(isEnvironment),
        summary: node.summary ?? node.operationId,
        description: node.description ?? '',
        parameters: parameterFields(node, resolve),
        bodies: new Map(bodies.map(([media, content]) => [media, bodyFields(media, content, resolve)])),
        answers: Object.entries(node.responses ?? {}).map(([status, answer]) => [
          status,
          resolve(answer).description ?? ''
        ])
      })
    })
  )
  return new Map(all.map((operation) => [operation.id, operation]))
}

/**
 * The fields of one way to send an operation, required ones first. The query is not asked for what the body takes.
 * @param {Operation} operation
 * @param {string | undefined} media
 * @returns {Field[]}
 */
export function fieldsOf ({ parameters, bodies }, media) {
  const body = media === undefined ? [] : (bodies.get(media) ?? [])
  const inBody = new Set(body.map(({ name }) => name))
  const others = parameters.filter(
    ({ name, place }) => place !== 'query' || (!inBody.has(name) && (media === undefined || media === BYTES))
  )
  return [...body, ...others].sort((one, other) => Number(other.required) - Number(one.required))
}
