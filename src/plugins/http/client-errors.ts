import { STATUS_CODES, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { randomUUID } from 'node:crypto'
import { GatewayError } from '../../errors.ts'
import { PROBLEM_MEDIA_TYPE } from '../../schemas/problem.ts'
import { problemDocument } from './error-handler.ts'
import { lingeringClose } from './lingering-close.ts'
import { owedAnswers } from './request-life.ts'

const TUNNEL: NodeJS.ErrnoException =
  Object.assign(new Error('CONNECT is not served.'), { code: 'TUNNEL_REFUSED' })

/** Makes the failure of bytes that are refused before there is a request: by Node's HTTP parser, or as a tunnel. */
function failureOf (code: string | undefined): GatewayError {
  if (code === 'HPE_HEADER_OVERFLOW') return new GatewayError('headers_too_large', 'The request line and headers together are over 16 KiB.')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new GatewayError('request_timeout', 'The request headers took too long.')
  if (code === 'HPE_INVALID_VERSION') {
    const message = 'The request line names another version of HTTP than 1.0 or 1.1.'
    return new GatewayError('http_version_unsupported', message)
  }
  if (code === TUNNEL.code) {
    return new GatewayError('invalid_request', 'CONNECT asks a proxy for a tunnel, and this is not a proxy.')
  }
  return new GatewayError('invalid_request', 'This is not a valid HTTP request.')
}

/**
 * Answers `CONNECT` like a request that cannot be parsed. Without a listener, Node closes the connection at once,
 * with all answers that it owes.
 */
export function refuseTunnels (server: Server): void {
  server.on('connect', (_request, socket) => { server.emit('clientError', TUNNEL, socket) })
}

/** Answers on the bare socket: there is no request and no reply yet. */
function refuse (socket: Socket, failure: GatewayError, docs: string): void {
  const id = randomUUID()
  const body = JSON.stringify(problemDocument(failure, docs, '/', id))
  socket.write([
    `HTTP/1.1 ${failure.statusCode} ${STATUS_CODES[failure.statusCode]}`,
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    `X-Request-Id: ${id}`,
    'Connection: close',
    '',
    body
  ].join('\r\n'))
  socket.destroySoon()
}

/**
 * Ends a connection on which nothing more can be read. What it owes goes out first, and in its order: bytes of ours in
 * between would take the place of an answer, or lie in the middle of it. Only a request whose own body cannot be read,
 * or one that never began, is refused.
 */
function conclude (socket: Socket, refuseLast: () => void): void {
  const owed = owedAnswers(socket)
  const last = owed.at(-1)
  const isCut = last !== undefined && !last.req.complete && !last.headersSent
  const before = isCut ? owed.at(-2) : last
  if (before === undefined) {
    refuseLast()
  } else if (isCut) {
    before.once('close', () => { conclude(socket, refuseLast) })
  } else {
    if (!before.headersSent) before.setHeader('connection', 'close')
    before.once('close', () => { socket.destroySoon() })
  }
}

/** Answers what cannot be parsed: 400 and the like where no answer is under way, otherwise with the end of the connection. */
export function answerClientError (docs: string) {
  const ending = new WeakSet<Socket>()
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    // Nobody listens on a reset or closed connection.
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    // The parser fails anew at whatever else comes.
    if (ending.has(socket)) return
    ending.add(socket)
    // A caller that keeps its side open would keep the connection, and the request before the broken one with it.
    lingeringClose(socket)
    conclude(socket, () => { refuse(socket, failureOf(error.code), docs) })
  }
}
