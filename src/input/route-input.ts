import type { FastifyRequest } from 'fastify'
import { ENVIRONMENT_PLACE } from '../schemas/environment.ts'

type RouteOptions = FastifyRequest['routeOptions']
type FieldSchemas = Readonly<Record<string, object>>

interface DeclaredSchema {
  readonly properties?: FieldSchemas
  readonly default?: unknown
}

/** The part of an OpenAPI request body that is read here. */
interface RequestBody { readonly content?: Readonly<Record<string, { readonly schema?: DeclaredSchema }>> }

const JSON_MEDIA_TYPE = 'application/json'

function requestBodyOf ({ config }: RouteOptions): RequestBody | undefined {
  return config?.requestBody // an OpenAPI request body
}

const READING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** True for a method that changes nothing, and whose requests have no body. */
export const onlyReads = (method: string): boolean => READING_METHODS.has(method)

/**
 * Reader of a route's body: `json` is parsed before the handler, a `handler` reads files by itself, and `nobody`
 * reads a body that the route does not declare.
 */
export function bodyReader (route: RouteOptions): 'json' | 'handler' | 'nobody' {
  if (route.schema?.body !== undefined) return 'json'
  return requestBodyOf(route) ? 'handler' : 'nobody'
}

/** Media types that a route takes, those of the document first; none when it takes no body. */
export function mediaTypesOf (route: RouteOptions): string[] {
  if (route.schema?.body !== undefined) return [JSON_MEDIA_TYPE]
  return [...Object.keys(requestBodyOf(route)?.content ?? {}), ...route.config?.alsoTakes ?? []]
}

/** Fields of a route's query, by name; undefined when its schema says nothing about the query. */
export function queryFieldsOf ({ schema }: RouteOptions): FieldSchemas | undefined {
  return (schema?.querystring as DeclaredSchema | undefined)?.properties
}

/** Fields of a route's JSON body, by name. */
export function jsonFieldsOf ({ schema }: RouteOptions): FieldSchemas | undefined {
  return (schema?.body as DeclaredSchema | undefined)?.properties
}

/** Stands for a JSON body that was left out; undefined where the body is required. */
export function absentBodyOf ({ schema }: RouteOptions): unknown {
  return (schema?.body as DeclaredSchema | undefined)?.default
}

/** Returns the part of the request in which a misplaced field belongs; undefined for a name that the route does not know. */
export function placeOf (name: string, route: RouteOptions): string | undefined {
  const contents = Object.values(requestBodyOf(route)?.content ?? {})
  const inBody = [jsonFieldsOf(route), ...contents.map(({ schema }) => schema?.properties)]
  if (inBody.some((fields) => fields && Object.hasOwn(fields, name))) return 'the body'
  const inQuery = queryFieldsOf(route)
  if (inQuery && Object.hasOwn(inQuery, name)) return 'the query'
  if (name === 'public_id' && route.url?.endsWith('/*')) return 'the path'
  return name === 'environment' ? ENVIRONMENT_PLACE : undefined
}
