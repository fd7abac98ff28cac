import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { randomUUID } from 'node:crypto'
import { GatewayError } from '../errors.ts'
import { PROBLEM_MEDIA_TYPE } from '../schemas/problem.ts'
import { problemDocument } from './error-handler.ts'
import { lingeringClose } from './lingering-close.ts'

/** What Node's HTTP parser refuses before there is a request. */
function refusal (code: string | undefined): GatewayError {
  if (code === 'HPE_HEADER_OVERFLOW') return new GatewayError('headers_too_large', 'The request line and headers together are over 16 KiB.')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new GatewayError('request_timeout', 'The request headers took too long.')
  return new GatewayError('invalid_request', 'This is not a valid HTTP request.')
}

/** Answers on the bare socket: there is no request and no reply yet. */
export function answerClientError (docs: string) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    // Nobody listens on a reset or closed connection.
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const failure = refusal(error.code)
    const id = randomUUID()
    const body = JSON.stringify(problemDocument(failure, docs, '/', id))
    // A caller that keeps its side open would keep the connection, and the request before the broken one with it.
    lingeringClose(socket)
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
}
