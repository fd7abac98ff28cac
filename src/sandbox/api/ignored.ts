import type { FastifyReply } from 'fastify'

const HEADER = 'x-sandbox-ignored'

/** Says in a header of our own which parameters, or parts of a transformation, had no effect. Once the answer is out it says nothing. */
export function nameIgnored (reply: FastifyReply, names: readonly string[]): void {
  if (reply.sent) return
  // A name that somebody made up may hold anything.
  const before = String(reply.getHeader(HEADER) ?? '').split(', ').filter((name) => name !== '')
  const all = new Set([...before, ...names.map((name) => name.replace(/[^\w.:-]+/g, '?').slice(0, 100))])
  if (all.size > 0) reply.header(HEADER, [...all].join(', ').slice(0, 2000))
}
