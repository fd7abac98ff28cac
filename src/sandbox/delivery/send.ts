import { randomUUID } from 'node:crypto'
import { errorCodes, type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify'
import type { BlobStore } from '../store/blobs.ts'
import { SandboxError } from '../errors.ts'
import { failureHeaders, type Delivered, type Headers } from './headers.ts'
import { select } from './range.ts'

// Below this one read is cheaper than a stream.
const STREAM_FROM_BYTES = 256 * 1024

/** Sends bytes: all of them, a range, or none when the caller has them. `held` are bytes that were just made. */
export async function sendBytes (request: FastifyRequest, reply: FastifyReply, blobs: BlobStore, delivered: Delivered, headers: Headers, options: { held?: Buffer, status?: number } = {}): Promise<FastifyReply> {
  const selection = select(request.headers, { etag: `"${delivered.etag}"`, lastModifiedMs: delivered.modifiedMs, bytes: delivered.bytes })
  reply.headers(headers)
  const { status = 200 } = options
  if (selection.kind === 'unchanged' && status === 200) return reply.code(304).removeHeader('content-type').send()
  if (selection.kind === 'unsatisfiable') {
    return reply.code(416).headers({ 'content-range': `bytes */${delivered.bytes}`, 'content-length': '0', 'x-cld-error': 'Requested range not satisfiable' }).send()
  }
  const range = selection.kind === 'part' ? { start: selection.start, end: selection.end } : { start: 0, end: delivered.bytes - 1 }
  const length = Math.max(0, range.end - range.start + 1)
  reply.code(selection.kind === 'part' ? 206 : status).header('content-length', String(length))
  if (selection.kind === 'part') reply.header('content-range', `bytes ${range.start}-${range.end}/${delivered.bytes}`)
  if (request.method === 'HEAD') return reply.send()
  if (options.held) return reply.send(options.held.subarray(range.start, range.end + 1))
  if (length <= STREAM_FROM_BYTES && delivered.bytes <= STREAM_FROM_BYTES) return reply.send((await read(blobs, delivered)).subarray(range.start, range.end + 1))
  if (await blobs.stat(delivered.blob) === undefined) throw new BytesGone()
  return reply.send(blobs.read(delivered.blob, range))
}

async function read (blobs: BlobStore, { blob }: Delivered): Promise<Buffer> {
  try {
    return await blobs.buffer(blob)
  } catch {
    throw new BytesGone()
  }
}

/** The failure when bytes are replaced or evicted between being looked up and being read. */
export class BytesGone extends SandboxError {
  constructor () { super(404, 'Resource not found') }
}

/** Answers a path that cannot be decoded (`%zz`), which the router refuses before any route: as delivery does, or as the API does under its prefix. */
export function answerBadUrl (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const message = error instanceof errorCodes.FST_ERR_BAD_URL ? 'Invalid URL' : error.message
  const headers = failureHeaders(message, randomUUID().replaceAll('-', ''))
  const isApi = /^\/(?:v1_1|_sandbox)(?:\/|$)/.test(request.url)
  if (isApi) reply.code(400).header('x-cld-error', headers['x-cld-error']).send({ error: { message } })
  else reply.code(400).headers(headers).send()
}
