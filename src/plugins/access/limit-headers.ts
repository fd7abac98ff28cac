import type { FastifyReply } from 'fastify'

/** State of one limit. */
interface LimitState {
  readonly requests: number
  /** Absent where only Cloudinary knows it. */
  readonly perSeconds?: number
  readonly remaining: number
  readonly resetSeconds: number
}

/**
 * Writes the state of one limit into the headers of the answer, in place of an earlier state. Source: IETF
 * draft-ietf-httpapi-ratelimit-headers.
 */
export function announceLimit (
  reply: FastifyReply, name: string, { requests, perSeconds, remaining, resetSeconds }: LimitState
): void {
  const append = (header: string, item: string): void => {
    const before = String(reply.getHeader(header) ?? '').split(', ')
    const others = before.filter((other) => other !== '' && !other.startsWith(`"${name}";`))
    reply.header(header, [...others, item].join(', '))
  }
  append('ratelimit-policy', `"${name}";q=${requests}${perSeconds === undefined ? '' : `;w=${perSeconds}`}`)
  append('ratelimit', `"${name}";r=${remaining};t=${resetSeconds}`)
}
