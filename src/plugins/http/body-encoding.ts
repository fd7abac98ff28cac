import type { IncomingHttpHeaders } from 'node:http'
import fp from 'fastify-plugin'
import { GatewayError } from '../../errors.ts'
import { announcesBody } from '../../input/body-type.ts'

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

function encodingFailure (method: string, headers: IncomingHttpHeaders): GatewayError | undefined {
  // A GET has no body: `unread-body` refuses it.
  if (method === 'GET' || method === 'HEAD' || !announcesBody(headers)) return undefined
  const header = encodedBy(headers)
  if (header === undefined) return undefined
  // RFC 9110, section 15.5.16: this header tells that the encoding is at fault, and not the media type.
  return new GatewayError('unsupported_media_type', `${header} is not understood; send the bytes as they are.`, { headers: { 'accept-encoding': 'identity' } })
}

/**
 * 415 for every body that is compressed or encoded otherwise, before it is read: packed JSON would be called invalid
 * JSON, and packed files would be stored packed.
 */
export default fp(async (scope) => {
  scope.addHook('onRequest', ({ method, headers }, _reply, done) => { done(encodingFailure(method, headers)) })
}, { name: 'body-encoding' })
