import type { IncomingHttpHeaders } from 'node:http'
import fp from 'fastify-plugin'
import { GatewayError } from '../errors.ts'

/** Whether a body follows the headers, as far as they tell. */
export function announcesBody (headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** True for no encoding at all, which `identity` is a word for. Source: RFC 9110, section 8.4. */
function isPlain (encodings: string): boolean {
  return encodings.split(',').every((encoding) => ['', 'identity'].includes(encoding.trim().toLowerCase()))
}

function encodingFailure (method: string, headers: IncomingHttpHeaders): GatewayError | undefined {
  // Nobody reads the body of a GET.
  if (method === 'GET' || method === 'HEAD' || !announcesBody(headers) || isPlain(headers['content-encoding'] ?? '')) return undefined
  // RFC 9110, section 15.5.16: this header tells that the encoding is at fault, and not the media type.
  return new GatewayError('unsupported_media_type', 'Content-Encoding is not understood; send the bytes as they are.', { headers: { 'accept-encoding': 'identity' } })
}

/**
 * 415 for every body that is compressed or encoded otherwise, before it is read: packed JSON would be called invalid
 * JSON, and packed files would be stored packed.
 */
export default fp(async (scope) => {
  scope.addHook('onRequest', ({ method, headers }, _reply, done) => { done(encodingFailure(method, headers)) })
}, { name: 'body-encoding' })
