import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { ConfigError } from '../config/config-error.ts'
import { readSettings } from '../config/settings.ts'
import { Source } from '../config/source.ts'
import { readTextFile } from '../text-file.ts'
import { EXIT, type Command, type Terminal } from './terminal.ts'

const TIMEOUT_MS = 3_000

/**
 * Returns where a gateway that was started with these variables answers on this machine, or why that cannot
 * be told.
 */
export function healthUrl (
  variables: Terminal['variables'], page: 'healthz' | 'readyz' = 'healthz'
): { url: string } | { reason: string } {
  // Host and port alone are read: the probe must not fail because a secret's file is not readable to it.
  const source = new Source({ HOST: variables['HOST'], PORT: variables['PORT'] }, readTextFile)
  const { HOST, PORT } = readSettings(source)
  if (source.faults.length > 0) return { reason: new ConfigError(source.faults).message }
  if (PORT === 0) return { reason: 'PORT is 0: the gateway took a free port, and this command cannot know which.' }
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[HOST] ?? HOST
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${PORT}/${page}` }
}

function whyUnanswered (error: Error, timeoutMs: number): string {
  if (error.name === 'TimeoutError') return `within ${timeoutMs} ms`
  const cause = error.cause as NodeJS.ErrnoException // every other failure of fetch has one
  return `(${cause.code ?? cause.message})`
}

/** Returns the header of a key that fits into one, so that `/readyz` names what is wrong. */
function keyHeader ({ GATEWAY_KEY: key = '' }: Terminal['variables']): Record<string, string> {
  return /^[!-~]+$/.test(key) ? { authorization: `Bearer ${key}` } : {}
}

const Told = Type.Object({
  status: Type.String(),
  draining: Type.Boolean(),
  counts: Type.Object({
    total: Type.Integer(), verified: Type.Integer(), rejected: Type.Integer(), unreachable: Type.Integer()
  }),
  redis: Type.Optional(Type.String()),
  environments: Type.Optional(Type.Array(Type.Object({
    name: Type.String(), reason: Type.Optional(Type.String())
  })))
})

/** Returns what an answer of `/readyz` says, for people; undefined for any other answer. */
function readinessText (body: string): string | undefined {
  let told: unknown
  try {
    told = JSON.parse(body)
  } catch {} // not JSON, so not an answer of `/readyz`
  if (!Value.Check(Told, told)) return undefined
  const { status, draining, counts, redis, environments = [] } = told
  const numbers = `${counts.verified} of ${counts.total} environments verified, ${counts.rejected} rejected, ${counts.unreachable} unreachable`
  const reasons = environments.filter(({ reason }) => reason !== undefined)
    .map(({ name, reason }) => `${name}: ${reason}\n`)
  if (redis === 'down') reasons.unshift('Redis is out of reach\n')
  return `${status}: ${draining ? 'the gateway is shutting down; ' : ''}${numbers}\n${reasons.join('')}`
}

/** What is printed, and whether the gateway is healthy. */
interface Finding { readonly isGood: boolean, readonly text: string }

function judged (url: string, status: number, body: string, ready: boolean): Finding {
  const text = ready && [200, 503].includes(status) ? readinessText(body) : undefined
  if (text !== undefined) return { isGood: status === 200, text }
  return status === 200 && !ready
    ? { isGood: true, text: 'ok\n' }
    : { isGood: false, text: `${url} answered ${status}.\n` }
}

export interface HealthOptions {
  readonly timeoutMs?: number
  /** Asks whether it can serve requests, not only whether it lives. */
  readonly ready?: boolean | undefined
}

/**
 * Asks `/healthz`, for a container's HEALTHCHECK, or `/readyz`, for engines that cannot ask it themselves.
 */
export const health: Command<HealthOptions> = async (terminal, { timeoutMs = TIMEOUT_MS, ready = false }) => {
  const { variables } = terminal
  const place = healthUrl(variables, ready ? 'readyz' : 'healthz')
  if ('reason' in place) {
    terminal.err(`${place.reason}\n`)
    return EXIT.misused
  }
  const { url } = place
  try {
    const headers = ready ? keyHeader(variables) : {}
    const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs), headers })
    const { isGood, text } = judged(url, answer.status, await answer.text(), ready)
    if (isGood) {
      terminal.out(text)
      return EXIT.done
    }
    terminal.err(text)
  } catch (error) {
    terminal.err(`${url} did not answer ${whyUnanswered(error as Error, timeoutMs)}.\n`) // fetch rejects with errors only
  }
  return EXIT.failed
}
