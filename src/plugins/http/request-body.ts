import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { GatewayError, invalidRequest } from '../../errors.ts'
import { announcesBody, foreignCharset, isFieldBody } from '../../input/body-type.ts'
import { bodyReader, onlyReads, queryFieldsOf } from '../../input/route-input.ts'

export interface BodyTimeoutOptions {
  /** How long a request may take until a body that is read before its handler, such as JSON, is there as a whole. */
  readonly timeoutMs: number
}

const TIMER = Symbol('body timer')

declare module 'fastify' {
  interface FastifyRequest {
    [TIMER]: NodeJS.Timeout | undefined
  }
}

/**
 * 408 for JSON bodies and the like that do not come: Node sets no limit to them, and whoever is gone without a word would
 * be waited for for ever. Files are read by their handlers, which watch them themselves.
 */
export const bodyTimeout = fp<BodyTimeoutOptions>(async (scope, { timeoutMs }) => {
  scope.decorateRequest(TIMER, undefined)
  scope.addHook('preParsing', (request, reply, _payload, done) => {
    // The body of a request that waited for others of its turn is mostly there.
    if (request.raw.complete || !announcesBody(request.raw.headers)) return done()
    const timer = setTimeout(() => {
      // It may have been refused, with an answer that is still on its way.
      if (!reply.sent) reply.send(new GatewayError('request_timeout', `The body did not come within ${timeoutMs / 1000} seconds.`))
    }, timeoutMs)
    request[TIMER] = timer
    // One that cannot be parsed is never validated.
    request.whenOver(() => { clearTimeout(timer) })
    done()
  })
  scope.addHook('preValidation', (request, _reply, done) => {
    clearTimeout(request[TIMER])
    done()
  })
}, { name: 'body-timeout', dependencies: ['request-life'] })

/** True for no encoding at all, which `identity` is a word for. Source: RFC 9110, section 8.4. */
function isPlain (encodings: string): boolean {
  return encodings.split(',').every((encoding) => ['', 'identity'].includes(encoding.trim().toLowerCase()))
}

/** Name of the header by which a body is not the bytes that are meant. */
function encodedBy (headers: IncomingHttpHeaders): string | undefined {
  const { 'content-encoding': encodings = '', 'transfer-encoding': codings = 'chunked' } = headers
  if (!isPlain(encodings)) return 'Content-Encoding'
  // Node undoes the last coding, which is `chunked`, and leaves the others to us: `gzip, chunked`.
  return codings.toLowerCase() === 'chunked' ? undefined : 'Transfer-Encoding'
}

function charsetFailure (headers: IncomingHttpHeaders): GatewayError | undefined {
  const charset = isFieldBody(headers) ? foreignCharset(headers['content-type']) : undefined
  if (charset === undefined) return undefined
  const given = JSON.stringify(charset.slice(0, 60))
  return new GatewayError('unsupported_media_type', `The charset ${given} is not understood; send the text in UTF-8.`)
}

function encodingFailure (method: string, headers: IncomingHttpHeaders): GatewayError | undefined {
  // A GET has no body: `unreadBody` refuses it.
  if (onlyReads(method) || !announcesBody(headers)) return undefined
  const header = encodedBy(headers)
  if (header === undefined) return charsetFailure(headers)
  // RFC 9110, section 15.5.16: this header tells that the encoding is at fault, and not the media type.
  return new GatewayError('unsupported_media_type', `${header} is not understood; send the bytes as they are.`, { headers: { 'accept-encoding': 'identity' } })
}

/**
 * 415 for every body that is compressed or encoded otherwise, before it is read: packed JSON would be called invalid
 * JSON, packed files would be stored packed, and text in another charset than UTF-8 would become other text.
 */
export const bodyEncoding = fp(async (scope) => {
  scope.addHook('onRequest', ({ method, headers }, _reply, done) => { done(encodingFailure(method, headers)) })
}, { name: 'body-encoding' })

/** Calls `tell` once the first byte of a body has arrived, or its end. */
function whenKnown (raw: IncomingMessage, tell: (holdsBytes: boolean) => void): void {
  if (raw.readableLength > 0 || raw.complete) {
    tell(raw.readableLength > 0)
    return
  }
  const events = ['readable', 'end', 'close'] as const
  const known = (): void => {
    for (const event of events) raw.off(event, known)
    tell(raw.readableLength > 0)
  }
  for (const event of events) raw.on(event, known)
}

/** Makes the framework see a request without a body: it would refuse the type of a body that is empty. */
function forgetBody (headers: IncomingHttpHeaders): void {
  for (const name of ['content-type', 'content-length', 'transfer-encoding']) {
    if (headers[name] !== undefined) delete headers[name]
  }
}

function refusalOf ({ method, routeOptions }: FastifyRequest) {
  const advice = queryFieldsOf(routeOptions) ? '; its fields go into the query' : ''
  return invalidRequest([{ pointer: '', message: `${method} takes no body here${advice}` }])
}

/**
 * Refuses a body that the route does not read: it may say something that the caller relies on. An empty body counts
 * as absent, even with a media type, which many clients put on everything. Runs before parsing and after
 * authentication. The routes that read files judge their bodies themselves.
 */
export const unreadBody = fp(async (app) => {
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const { method, raw, routeOptions } = request
    const { headers } = raw
    const reader = bodyReader(routeOptions)
    const isRead = reader !== 'nobody'
    // OPTIONS is for the `cors` plugin, or a 405.
    if (reader === 'handler' || method === 'OPTIONS') return done()
    if (!announcesBody(headers)) {
      forgetBody(headers)
      return done()
    }
    const isChunked = headers['transfer-encoding'] !== undefined
    // Reading a body that waits for `100 Continue` would make Node ask for it.
    if (!isChunked || headers.expect !== undefined) return done(isRead ? null : refusalOf(request))
    whenKnown(raw, (holdsBytes) => {
      if (!holdsBytes) forgetBody(headers)
      done(holdsBytes && !isRead ? refusalOf(request) : null)
    })
  })
}, { name: 'unread-body', dependencies: ['body-timeout'] })
