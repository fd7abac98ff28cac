import type { ServerResponse } from 'node:http'
import { errorCodes, type FastifyInstance } from 'fastify'
import { notImitated, SandboxError } from '../errors.ts'

/** Prefix of the sandbox's own paths, which the vendor does not have. */
const OWN = '/_sandbox/'

/** Every failure leaves in the vendor's form, with its text in `X-Cld-Error` as well. */
export function registerErrors (app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    // A client that hangs up in the middle of a body needs no answer, and its leaving is not an error.
    if (!request.raw.complete && reply.raw.destroyed) return reply.hijack()
    const status = error instanceof SandboxError ? error.status : statusOf(error)
    const message = status === 500 ? 'General Error' : messageOf(error)
    if (status === 500) request.log.error(error)
    // What is left of the body is not waited for.
    if (!request.raw.complete) {
      reply.header('connection', 'close')
      request.raw.resume()
    }
    if (error instanceof SandboxError) reply.headers(error.headers)
    return reply.code(status).header('x-cld-error', headerText(message)).send({ error: { message } })
  })
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?', 1)
    const { status, message, headers } = path.startsWith(OWN)
      ? new SandboxError(404, `The sandbox has nothing at ${request.method} ${path}`)
      : notImitated(`${request.method} ${path}`)
    return reply.code(status).headers(headers).header('x-cld-error', headerText(message)).send({ error: { message } })
  })
}

/** Writes an error in the same form without Fastify, for requests that are rejected before it sees them. */
export function refuse (response: ServerResponse, { status, message }: SandboxError): void {
  const body = JSON.stringify({ error: { message } })
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-cld-error': headerText(message),
    connection: 'close'
  })
  response.end(body)
}

function statusOf (error: unknown): number {
  if (error instanceof errorCodes.FST_ERR_BAD_URL) return 400
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? Number(error.statusCode) : 500
  return status >= 400 && status < 500 ? status : 500
}

function messageOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Header values take visible Latin characters only; the body has the text as it is. */
function headerText (message: string): string {
  return message.replace(/[^\x20-\x7e]+/g, '?').slice(0, 2000)
}
