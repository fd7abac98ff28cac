import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ERRORS, GatewayError } from '../../errors.ts'
import { announcesBody } from '../../input/body-type.ts'
import { mediaTypesOf, placeOf } from '../../input/route-input.ts'
import { Problem, PROBLEM_MEDIA_TYPE } from '../../schemas/problem.ts'
import { preflightFailure } from './cors.ts'
import { toGatewayError } from './framework-errors.ts'
import { lingeringClose } from './lingering-close.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Returns the problem document of a failure, for an answer that holds several, and logs a fault of our own.
     * Its `retry_after`, in seconds, replaces the header.
     */
    problemOf (error: unknown): ProblemMembers
  }
}

export interface ErrorHandlerOptions {
  /** Where the page that explains the codes lives, e.g. `/docs/errors`. */
  docs: string
}

export type ProblemMembers = Record<string, unknown>

/** The problem document of one failure. `path` carries no query: a query may hold signatures. */
export function problemDocument (
  error: GatewayError, docs: string, path: string, requestId: string
): ProblemMembers {
  const { status, title } = ERRORS[error.code]
  return {
    type: `${docs}/${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.message,
    advice: error.advice,
    instance: path,
    request_id: requestId,
    retryable: error.retryable,
    ...(error.errors.length > 0 && { errors: error.errors }),
    ...(error.upstream && { upstream: error.upstream }),
    ...error.members
  }
}

const ANY_OF = new Intl.ListFormat('en', { type: 'disjunction' })

/** The path of a URL as the caller wrote it. Behind two slashes at its beginning, a host would be read. */
const pathOf = (url: string): string => url.replace(/[?#][^]*$/, '').replace(/^[/\\]{2,}/, '/')

/** A body that was announced and not read to its end: the socket cannot be used again, and the rest is not swallowed. */
function leavesBodyUnread ({ raw }: FastifyRequest): boolean {
  return announcesBody(raw.headers) && !raw.complete
}

/**
 * The type, message and code of an error, for the log of a caller's own mistake: where in our code it was noticed helps
 * nobody, and whoever sends many fills the log with it. An error still, so that every serializer knows what it is.
 */
function withoutStack (error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { name, message, code } = error as NodeJS.ErrnoException // Node's errors and Fastify's have a code, others none
  const told: object = Object.create(Object.getPrototypeOf(error) as object)
  return Object.assign(told, { name, message, stack: undefined, ...(code !== undefined && { code }) })
}

function failureOf (error: unknown, { headers, routeOptions: route }: FastifyRequest): GatewayError {
  return toGatewayError(error, {
    announced: headers['content-length'],
    limit: route.bodyLimit,
    takes: mediaTypesOf(route),
    placeOf: (name) => placeOf(name, route)
  })
}

/** Logs a failure: a fault of our own as an error, with its stack. */
function logFailure ({ code, statusCode, cause, message }: GatewayError, { log }: FastifyRequest): void {
  if (statusCode >= 500) log.error({ code, err: cause }, message)
  else log.info({ code, err: withoutStack(cause) }, message)
}

/** Sends the problem answer of `error`. The one place where an error becomes a reply. */
export function sendProblem (
  error: unknown, request: FastifyRequest, reply: FastifyReply, docs: string
): FastifyReply {
  const failure = failureOf(error, request)
  logFailure(failure, request)
  if (leavesBodyUnread(request)) {
    reply.header('connection', 'close')
    lingeringClose(request.raw.socket)
  }
  // What the handler had meant to send no longer holds.
  for (const name of ['content-length', 'content-disposition', 'etag', 'link']) reply.removeHeader(name)
  return reply
    .code(failure.statusCode)
    .headers({ ...failure.headers, 'cache-control': 'no-store', 'x-request-id': request.id })
    .type(PROBLEM_MEDIA_TYPE)
    .serializer(JSON.stringify)
    .send(problemDocument(failure, docs, pathOf(request.url), request.id))
}

/** Methods by path pattern, learnt from the routes themselves, so that a wrong method is told apart from a wrong path. */
class MethodTable {
  readonly #patterns: { test: RegExp, method: string }[] = []

  add (url: string, methods: readonly string[]): void {
    const source = url.split(/(\*|:[^/]+)/).map((part, index) => {
      if (index % 2 === 0) return part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      return part === '*' ? '.*' : '[^/]+'
    }).join('')
    const test = new RegExp(`^${source}$`)
    // HEAD comes with GET; of a prefix with a slash at its end Fastify tells of HEAD alone.
    const known = methods.includes('HEAD') ? [...methods, 'GET'] : methods
    for (const method of known) this.#patterns.push({ test, method })
  }

  allowed (path: string): string[] {
    return [...new Set(this.#patterns.filter(({ test }) => test.test(path)).map(({ method }) => method))].sort()
  }
}

/** Renders every failure, those of the framework, of unknown routes and of wrong methods included. */
export default fp<ErrorHandlerOptions>(async (app, { docs }) => {
  app.addSchema(Problem)
  app.decorateRequest('problemOf', function (error) {
    const failure = failureOf(error, this)
    // What is wrong with each of many files is for the caller alone.
    if (failure.statusCode >= 500) logFailure(failure, this)
    const { 'retry-after': retryAfter } = failure.headers
    const document = problemDocument(failure, docs, pathOf(this.url), this.id)
    return retryAfter === undefined ? document : { ...document, retry_after: Number(retryAfter) }
  })
  const methods = new MethodTable()
  app.addHook('onRoute', ({ url, method }) => {
    // The route for preflights matches every path, and is no reason to answer 405 in place of 404.
    if (url !== '*') methods.add(url, [method].flat())
  })
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, docs))
  const notFound = (request: FastifyRequest): GatewayError => {
    const refused = preflightFailure(request)
    if (refused) return refused
    const { method, url } = request
    const path = pathOf(url)
    const allow = methods.allowed(path)
    // A route may find nothing itself; then its method was right.
    if (allow.length === 0 || allow.includes(method)) {
      return new GatewayError('route_not_found', `There is no route ${method} ${path}.`)
    }
    const detail = `${method} is not possible here; use ${ANY_OF.format(allow)}.`
    return new GatewayError('method_not_allowed', detail, { headers: { allow: allow.join(', ') } })
  }
  // Before the body: nobody here wants it.
  app.addHook('preParsing', (request, _reply, _payload, done) => { done(request.is404 ? notFound(request) : null) })
  app.setNotFoundHandler((request, reply) => sendProblem(notFound(request), request, reply, docs))
}, { name: 'error-handler' })
