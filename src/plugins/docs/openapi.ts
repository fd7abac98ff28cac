import swagger from '@fastify/swagger'
import type { FastifyPluginAsync, FastifySchema, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { browserModules } from './browser-modules.ts'
import { docsPage } from './docs-page.ts'
import { forReaders } from './openapi-for-readers.ts'
import { withSharedParts } from './openapi-shared.ts'
import { postmanCollection } from './postman.ts'

export interface OpenApiOptions {
  /** Version of the gateway, for `info.version`. */
  version: string
  prefix: string
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The document as the text that `openapi.yaml` holds. */
    openapiYaml: () => Promise<string>
  }
  interface FastifyContextConfig {
    /**
     * What a route takes that is not one JSON schema, e.g. multipart beside JSON: an OpenAPI request body, put into the
     * document as it is.
     */
    requestBody?: object
    /** Parameters of a request that works on a fresh sandbox, by name. */
    example?: Readonly<Record<string, unknown>>
    /** Media types that the route reads beside those of its request body: another path documents them. */
    alsoTakes?: readonly string[]
  }
  interface FastifySchema {
    operationId?: string
    tags?: readonly string[]
    summary?: string
    description?: string
    security?: ReadonlyArray<Record<string, readonly string[]>>
  }
}

const TAGS = [
  { name: 'actions', description: 'The nine actions.' },
  { name: 'service', description: 'Health, environments, documentation.' }
]

const ENVIRONMENT = { type: 'string', description: 'Which environment answers; the default one when not given. `?environment=` does the same.' }

/** A route that does an action takes the environment in a header; no route's own schema repeats it. */
function withEnvironment (schema: FastifySchema, { config }: RouteOptions): FastifySchema {
  if (config?.action === undefined) return schema
  const own = schema.headers as { properties: object } | undefined // routes declare headers as objects
  return { ...schema, headers: { type: 'object', properties: { 'X-Environment': ENVIRONMENT, ...own?.properties } } }
}

interface RouteToDocument {
  readonly schema: FastifySchema | undefined
  readonly url: string
  readonly route: RouteOptions
}

/** The router writes the rest of a path as `*`; people and tools know it as public_id, which may hold slashes. */
function routeForReaders ({ schema, url, route }: RouteToDocument): { schema: FastifySchema, url: string } {
  if (!url.endsWith('/*')) return { schema: withEnvironment({ ...schema }, route), url }
  // A route with a rest in its path declares it under `*`.
  const params = schema?.params as { properties: Record<string, object> } | undefined
  return {
    url: url.replace(/\*$/, ':public_id'),
    schema: withEnvironment({
      ...schema,
      params: { type: 'object', properties: { public_id: params?.properties['*'] }, required: ['public_id'] }
    }, route)
  }
}

interface Operation {
  readonly operationId: string
  readonly requestBody?: {
    required?: boolean, content?: Readonly<Record<string, { readonly schema: object }>>
  }
  readonly servers?: ReadonlyArray<{ readonly url: string }>
  readonly parameters?: Array<{ readonly name: string, example?: unknown }>
}

type Additions = Pick<Operation, 'requestBody' | 'servers'>

interface Gathered {
  readonly additions: Map<string, Additions>
  readonly examples: Map<string, Readonly<Record<string, unknown>> | undefined>
}

/** What schemas do not say, by operationId, gathered while routes are registered: bodies, and who stands outside the prefix. */
function gatherAdditions ({ additions, examples }: Gathered, prefix: string): (route: RouteOptions) => void {
  return ({ config, schema, url }) => {
    if (!schema?.operationId) return
    examples.set(schema.operationId, config?.example)
    additions.set(schema.operationId, {
      ...(config?.requestBody && { requestBody: config.requestBody }),
      ...(!url.startsWith(`${prefix}/`) && { servers: [{ url: '/' }] })
    })
  }
}

/** Fills in the request that the route gives as an example: its parameters, and its body, which the schema holds. */
function exemplify (
  { parameters = [], requestBody }: Operation, example: Readonly<Record<string, unknown>> = {}
): void {
  for (const parameter of parameters) {
    if (Object.hasOwn(example, parameter.name)) parameter.example = example[parameter.name]
  }
  for (const media of Object.values(requestBody?.content ?? {})) {
    const given = media.schema as { examples?: readonly unknown[] } // JSON Schema
    const { examples: [body] = [], ...schema } = given
    if (body !== undefined) Object.assign(media, { schema, example: body })
  }
}

/** A body whose schema has a default may be left out. */
function requireBody ({ requestBody }: Operation): void {
  const { schema } = requestBody?.content?.['application/json'] ?? {}
  if (requestBody && schema && 'default' in schema) requestBody.required = false
}

interface Operations { paths: Record<string, Record<string, Operation>> }

const operationsOf = ({ paths }: Operations): Operation[] =>
  Object.values(paths).flatMap((methods) => Object.values(methods))

/** What writes YAML is loaded now: a gateway is seldom asked. */
async function toYaml (document: object): Promise<string> {
  const { stringify } = await import('yaml')
  return stringify(JSON.parse(JSON.stringify(document)), { lineWidth: 120, aliasDuplicateObjects: false })
}

/** Generates the document from the routes' schemas: the routes are the only source. */
export const openapiDocument = fp<OpenApiOptions>(async (app, { version, prefix }) => {
  const gathered: Gathered = { additions: new Map(), examples: new Map() }
  app.addHook('onRoute', gatherAdditions(gathered, prefix))
  app.decorate('openapiYaml', () => toYaml(app.swagger()))
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'cloudinary-gateway',
        version,
        description: 'Nine actions on Cloudinary behind one set of errors. Every failure is one `application/problem+json`.',
        contact: { name: 'Maintainers of cloudinary-gateway' },
        license: { name: 'MIT', identifier: 'MIT' }
      },
      servers: [{ url: prefix === '' ? '/' : prefix }],
      tags: TAGS,
      security: [{ bearer: [] }, {}],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'A key of the gateway. Not needed on loopback without keys.' } } }
    },
    stripBasePath: prefix !== '',
    // Named by their own `$id`, not by a running number.
    refResolver: { buildLocalReference: ({ $id: id }) => String(id) },
    transform: routeForReaders as never, // the plugin's own type knows a looser schema
    transformObject: (document) => {
      const { openapiObject } = document as { openapiObject: Operations } // the other kind is of version 2
      for (const operation of operationsOf(openapiObject)) {
        Object.assign(operation, gathered.additions.get(operation.operationId))
        requireBody(operation)
      }
      const readable = forReaders(openapiObject)
      for (const operation of operationsOf(readable)) {
        exemplify(operation, gathered.examples.get(operation.operationId))
      }
      return withSharedParts(readable)
    }
  })
}, { name: 'openapi-document' })

/** `/openapi.json`, `/openapi.yaml`, `/postman.json` and, as pages, `/docs`. */
export const openapiPages: FastifyPluginAsync = async (app) => {
  const hidden = { hide: true } as const
  app.get('/', { schema: hidden }, async (_request, reply) => reply.redirect(`${app.prefix}/docs/`))
  app.get('/openapi.json', { schema: hidden }, async () => app.swagger())
  app.get('/openapi.yaml', { schema: hidden }, async (_request, reply) => reply.type('application/yaml').send(await app.openapiYaml()))
  app.get('/postman.json', { schema: hidden }, async (request) => postmanCollection(app.swagger(), `${request.protocol}://${request.host}`, app.prefix))
  await app.register(docsPage)
  await app.register(browserModules)
}
