import { isFile, WALK, type Sample } from './postman-walk.ts'

/** Parts of a document that are referred to by a pointer. */
interface Reference { readonly $ref?: string }
interface Schema { readonly properties?: Readonly<Record<string, { readonly description?: string }>> }
interface Parameter { readonly name: string, readonly in: string, readonly description?: string, readonly required?: boolean }

/** The part of an operation of an OpenAPI document that is used here. */
interface SampledOperation {
  readonly operationId: string
  readonly summary?: string
  readonly description?: string
  readonly parameters?: ReadonlyArray<Parameter | Reference>
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> }
  /** Where it is, when not below the prefix of the others. */
  readonly servers?: readonly object[]
}

type SampledCall = Omit<SampledOperation, 'parameters'> & {
  readonly parameters?: readonly Parameter[] | undefined
}

interface Item { readonly name: string }
export interface Collection {
  readonly info: { readonly name: string, readonly schema: string, readonly description: string }
  readonly variable: ReadonlyArray<{ readonly key: string, readonly value: string }>
  readonly item: readonly Item[]
}

const FORM = 'multipart/form-data'
/** The key and the environment are variables of the collection: empty ones are not sent. */
const SEND_VARIABLES = [
  "const [ownKey, chosen] = ['key', 'environment'].map((name) => pm.variables.get(name))",
  "if (ownKey) pm.request.headers.upsert({ key: 'Authorization', value: 'Bearer ' + ownKey })",
  "if (chosen) pm.request.headers.upsert({ key: 'X-Environment', value: chosen })"
]

function script (listen: 'prerequest' | 'test', exec: readonly string[]): object {
  return { listen, script: { type: 'text/javascript', exec } }
}

/** Every field that there is: those of the sample with their values, the others switched off, to be found and filled in. */
function fields (
  names: ReadonlyArray<readonly [name: string, description: string | undefined]>,
  values: Readonly<Record<string, unknown>>
) {
  return names.map(([key, description = '']) => ({ key, value: key in values ? String(values[key]) : '', description, disabled: !(key in values) }))
}

function bodyOf ({ requestBody }: SampledCall, { body = {} }: Sample): object | undefined {
  if (requestBody === undefined) return undefined
  const form = requestBody.content[FORM]?.schema
  if (form === undefined) return { mode: 'raw', raw: JSON.stringify(body, undefined, 2), options: { raw: { language: 'json' } } }
  const names = Object.entries(form.properties ?? {}).map(([name, { description }]) => [name, description] as const)
  const parts = fields(names, body).map((field) => {
    const value = body[field.key]
    const { value: _text, ...rest } = field
    return isFile(value) ? { ...rest, type: 'file', ...value } : { ...field, type: 'text' }
  })
  return { mode: 'formdata', formdata: parts }
}

function urlOf (
  path: string, { parameters = [], servers }: SampledCall, sample: Sample, hasForm: boolean
): object {
  const query = parameters.filter((parameter) => parameter.in === 'query')
  const names = query.map(({ name, description }) => [name, description] as const)
  const parts = path.slice(1).split('/').map((part) => part.replace(/^\{(.+)\}$/, ':$1'))
  const base = servers ? '{{root_url}}' : '{{base_url}}'
  return {
    raw: `${base}/${parts.join('/')}`,
    host: [base],
    path: parts,
    // What a form can hold need not be shown twice.
    query: hasForm ? [] : fields(names, sample.query ?? {}),
    variable: Object.entries(sample.path ?? {}).map(([key, value]) => ({ key, value }))
  }
}

function itemOf (path: string, method: string, operation: SampledCall, sample: Sample): Item {
  const body = bodyOf(operation, sample)
  const hasForm = operation.requestBody?.content[FORM] !== undefined
  const item = {
    name: operation.summary ?? operation.operationId,
    event: [
      ...(sample.before ? [script('prerequest', sample.before)] : []),
      script('test', ["pm.test('is answered 200', () => pm.response.to.have.status(200))", ...sample.after ?? []])
    ],
    request: {
      method: method.toUpperCase(),
      header: body === undefined || hasForm ? [] : [{ key: 'Content-Type', value: 'application/json' }],
      url: urlOf(path, operation, sample, hasForm),
      description: [
        operation.description,
        hasForm ? 'Choose a file of yours in the field `file`; as it is, the request sends one of the folder of the project.' : undefined
      ].filter((text) => text !== undefined).join('\n\n'),
      ...(body && { body })
    }
  }
  return item
}

/** What a reference of the document stands for. */
function memberAt (document: object, reference: string): unknown {
  return reference.replace(/^#\//, '').split('/').reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], document)
}

/**
 * A collection for Postman (format 2.1), made of the gateway's OpenAPI document: its requests work as they are, from top
 * to bottom, and show every field that may be added. Source: schema.getpostman.com, "collection v2.1.0".
 */
export function postmanCollection (document: object, rootUrl: string, prefix: string): Collection {
  const { paths = {} } = document as { paths?: Readonly<Record<string, Readonly<Record<string, SampledOperation>>>> } // made by our own plugin
  const resolved = (parameter: Parameter | Reference): Parameter =>
    ('$ref' in parameter ? memberAt(document, String(parameter.$ref)) : parameter) as Parameter // our own
  const listed = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))
  const operations = new Map(listed.map(({ path, method, operation }) => {
    const parameters = operation.parameters?.map(resolved)
    return [operation.operationId, { path, method, operation: { ...operation, parameters } }] as const
  }))
  const collection = {
    info: {
      name: 'cloudinary-gateway',
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
      description: 'The nine actions, and what stands around them. Set the variable `key` where the gateway wants keys, and `environment` for another than the default one.'
    },
    variable: [
      { key: 'base_url', value: `${rootUrl}${prefix}` },
      { key: 'root_url', value: rootUrl },
      ...['key', 'environment', 'signed', 'asset_id'].map((key) => ({ key, value: '' }))
    ],
    event: [script('prerequest', SEND_VARIABLES)],
    item: Object.entries(WALK).flatMap(([name, sample]) => {
      const known = operations.get(name)
      return known ? [itemOf(known.path, known.method, known.operation, sample)] : []
    })
  }
  return collection
}
