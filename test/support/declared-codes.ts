/**
 * Loaded before each test file (`node-arg` in package.json): watches every app that the process builds. A route that
 * declares its problems and answers with a code that is not among them fails the test file, whichever test met it.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { PROBLEM_MEDIA_TYPE } from '../../src/schemas/problem.ts'

/** What can happen to every request, before or behind its route; `default` of each route stands for it. */
const ANYWHERE: ReadonlySet<string> = new Set([
  'internal', // a bug
  'auth_unavailable', // the keys of the identity provider
  'client_closed', // nobody is there to read it
  'origin_not_allowed', // judged before there is a route
  'misdirected_request', 'http_version_unsupported', // so are the host and the version of HTTP
  'expectation_failed', // a header that any request may carry
  'overloaded', // earlier answers that nobody reads
  'request_timeout' // a body that never comes, of whatever method
])

interface Declared { readonly description?: string, readonly content?: Readonly<Record<string, unknown>> }

/** The codes that a route's `response` schema declares, by its descriptions. Undefined: it declares no problems. */
export function declaredCodes (response: unknown): ReadonlySet<string> | undefined {
  const declared = Object.entries((response ?? {}) as Record<string, Declared>) // by status
    .filter(([, { content }]) => content && PROBLEM_MEDIA_TYPE in content)
  if (declared.length === 0) return undefined
  return new Set(declared.filter(([status]) => status !== 'default').flatMap(([, { description = '' }]) => [...description.matchAll(/`(\w+)`/g)].map(([, code = '']) => code)))
}

/** `DELETE /resources/* 409 upstream_conflict` where that code is not declared; undefined where all is well. */
export function undeclared ({ routeOptions: { method, url, schema } }: Pick<FastifyRequest, 'routeOptions'>, payload: string): string | undefined {
  const codes = declaredCodes(schema?.response)
  const { status, code } = JSON.parse(payload) as { status: number, code: string } // a problem document
  return !codes || codes.has(code) || ANYWHERE.has(code) ? undefined : `${String(method)} ${url} ${status} ${code}`
}

function watch (app: FastifyInstance, tell: (fault: string) => void): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    if (typeof payload === 'string' && reply.getHeader('content-type') === PROBLEM_MEDIA_TYPE) {
      const fault = undeclared(request, payload)
      if (fault !== undefined) tell(fault)
    }
    done()
  })
}

const faults = new Set<string>()
subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { fastify: FastifyInstance } // Fastify's own channel
  watch(fastify, (fault) => faults.add(fault))
})
process.once('exit', () => {
  if (faults.size === 0) return
  process.stderr.write(`answered, but missing from problems(...) of the route:\n${[...faults].map((fault) => `  ${fault}\n`).join('')}`)
  process.exitCode = 1
})
