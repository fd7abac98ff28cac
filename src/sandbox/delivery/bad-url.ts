import { randomUUID } from 'node:crypto'
import { errorCodes, type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify'
import { failureHeaders } from './headers.ts'

/** Answers a path that cannot be decoded (`%zz`), which the router refuses before any route: as delivery does, or as the API does under its prefix. */
export function answerBadUrl (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const message = error instanceof errorCodes.FST_ERR_BAD_URL ? 'Invalid URL' : error.message
  const headers = failureHeaders(message, randomUUID().replaceAll('-', ''))
  const isApi = /^\/(?:v1_1|_sandbox)(?:\/|$)/.test(request.url)
  if (isApi) reply.code(400).header('x-cld-error', headers['x-cld-error']).send({ error: { message } })
  else reply.code(400).headers(headers).send()
}
