import { GatewayError } from '../../errors.ts'
import { MAX_PARTS } from './form-framing.ts'
import { gone } from './form-watch.ts'

/** What the connection says when the caller has left. */
const GONE = new Set(['FST_MP_PREMATURE_CLOSE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'])
const NO_NAME = 'The form has a part whose name is that of a member of every object, such as "constructor".'
const TOO_MANY_PARTS = new Set(['FST_PARTS_LIMIT', 'FST_FIELDS_LIMIT', 'FST_FILES_LIMIT'])

/** What the parser could not read, in words of our own: its own change from one version to the next. */
function brokenForm ({ message }: Error): string {
  if (/unexpected end/i.test(message)) return 'The multipart body ends before its closing boundary.'
  return /header/i.test(message) ? 'The multipart body has a part whose headers cannot be read.' : 'The multipart body cannot be read.'
}

/** What it means to the caller that its body could not be read. Other errors with a code or a status stay. */
export function incomingFailure (error: unknown): unknown {
  if (error instanceof GatewayError || !(error instanceof Error)) return error
  // Errors of streams carry a code, errors of Fastify a status too; on those of the multipart parser both are undefined.
  const { code, statusCode } = error as Error & { code?: string, statusCode?: number }
  if (GONE.has(code ?? '')) return gone(error)
  if (TOO_MANY_PARTS.has(code ?? '')) return new GatewayError('payload_too_large', `The form has more than ${MAX_PARTS} parts.`, { cause: error })
  if (code === 'FST_PROTO_VIOLATION') return new GatewayError('invalid_multipart', NO_NAME, { cause: error })
  if (code !== undefined || statusCode !== undefined) return error
  return new GatewayError('invalid_multipart', brokenForm(error), { cause: error })
}
