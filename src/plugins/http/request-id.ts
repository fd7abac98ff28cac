import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** A caller's id is taken only when it can do no harm in a log line or a header. */
const ACCEPTED = /^[A-Za-z0-9._:-]{1,64}$/

/** The caller's `X-Request-Id` when it is short and plain, else a new one. */
export function requestId ({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && ACCEPTED.test(given) ? given : randomUUID()
}
