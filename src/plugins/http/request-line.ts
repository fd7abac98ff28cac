import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { GatewayError, invalidRequest } from '../../errors.ts'

/** Parts of `http://host:port/path?query`. Source: RFC 9112, section 3.2.2. */
const ABSOLUTE = /^(https?):\/\/([^/?#]*)([^]*)$/i
const SLASH = 0x2F

/**
 * Returns the path and query of a request target that is a URL, and any other target unchanged. Use this as
 * `rewriteUrl`, so that no route, error or link sees a host.
 */
export function originForm (target: string): string {
  if (target.charCodeAt(0) === SLASH) return target
  const [, , , path] = ABSOLUTE.exec(target) ?? []
  if (path === undefined) return target
  return path.startsWith('/') ? path : `/${path}`
}

/** A name, an IPv4 address or an IPv6 address in brackets, with or without a port. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i

/** Counts how often a header was sent; Node keeps only the first `Host`. */
function timesSent (rawHeaders: readonly string[], name: string): number {
  let times = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const header = rawHeaders[index] as string // names and values take turns
    if (header.length === name.length && header.toLowerCase() === name) times++
  }
  return times
}

/** Returns what is wrong with the `Host` of a request, if anything; HTTP/1.0 does not require one. */
function hostFault (
  { rawHeaders, httpVersion, headers: { host = '' } }: FastifyRequest['raw']
): string | undefined {
  const times = timesSent(rawHeaders, 'host')
  if (times === 0) return httpVersion === '1.0' ? undefined : 'is required'
  if (times > 1) return 'must be given once'
  if (host === '') return 'must not be empty'
  return HOST.test(host) ? undefined : 'must be a host name or an address, with or without a port'
}

/** Returns a host in lower case, without the default port of its scheme. */
function withoutDefaultPort (host: string, scheme: string): string {
  return host.toLowerCase().replace(scheme.toLowerCase() === 'https' ? /:(?:443)?$/ : /:(?:80)?$/, '')
}

/** Returns why a target that is not a path cannot be served; undefined for a URL of the host in `Host`. */
function targetFailure (
  { method, originalUrl: target, headers: { host = '' } }: FastifyRequest
): GatewayError | undefined {
  if (target === '*' && method === 'OPTIONS') return undefined
  const [, scheme = '', authority = ''] = ABSOLUTE.exec(target) ?? []
  if (!HOST.test(authority)) {
    const message = 'has a request target that is neither a path nor an http URL'
    return invalidRequest([{ pointer: '', message }])
  }
  if (withoutDefaultPort(authority, scheme) === withoutDefaultPort(host, scheme)) return undefined
  const message = 'The URL in the request line names another host than the `Host` header.'
  return new GatewayError('misdirected_request', message)
}

function failureOf (request: FastifyRequest): GatewayError | undefined {
  const { raw, originalUrl } = request
  if (raw.httpVersion !== '1.1' && raw.httpVersion !== '1.0') {
    return new GatewayError('http_version_unsupported', `HTTP/${raw.httpVersion} is not spoken here.`, {
      headers: { connection: 'close' }
    })
  }
  const fault = hostFault(raw)
  if (fault !== undefined) return invalidRequest([{ pointer: '/Host', message: fault }])
  return originalUrl.charCodeAt(0) === SLASH ? undefined : targetFailure(request)
}

/**
 * Refuses requests whose HTTP version, host or target this server does not serve: a proxy or cache in front may
 * have read another host than we do. Source: RFC 9112, sections 2.3, 3.2 and 3.2.2. Requires
 * `requireHostHeader: false`, because Node otherwise answers requests without a host itself, and
 * `rewriteUrl: originForm`.
 */
export default fp(async (app) => {
  app.addHook('onRequest', (request, _reply, done) => { done(failureOf(request)) })
}, { name: 'request-line' })
