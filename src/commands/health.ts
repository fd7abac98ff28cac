import { ConfigError } from '../config/config-error.ts'
import { readSettings } from '../config/settings.ts'
import { Source } from '../config/source.ts'
import { readTextFile } from '../text-file.ts'
import { EXIT, type Command, type Terminal } from './terminal.ts'

const TIMEOUT_MS = 3_000

/** Where a gateway that was started with these variables answers on this machine, or why that cannot be told. */
export function healthUrl (variables: Terminal['variables']): { url: string } | { reason: string } {
  // Host and port alone are read: the probe must not fail because a secret's file is not readable to it.
  const source = new Source({ HOST: variables['HOST'], PORT: variables['PORT'] }, readTextFile)
  const { HOST, PORT } = readSettings(source)
  if (source.faults.length > 0) return { reason: new ConfigError(source.faults).message }
  if (PORT === 0) return { reason: 'PORT is 0: the gateway took a free port, and this command cannot know which.' }
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[HOST] ?? HOST
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${PORT}/healthz` }
}

function whyUnanswered (error: Error, timeoutMs: number): string {
  if (error.name === 'TimeoutError') return `within ${timeoutMs} ms`
  const cause = error.cause as NodeJS.ErrnoException // every other failure of fetch has one
  return `(${cause.code ?? cause.message})`
}

/** Asks `/healthz`, for a container's HEALTHCHECK. */
export const health: Command<{ timeoutMs?: number }> = async (terminal, { timeoutMs = TIMEOUT_MS }) => {
  const place = healthUrl(terminal.variables)
  if ('reason' in place) {
    terminal.err(`${place.reason}\n`)
    return EXIT.misused
  }
  const { url } = place
  try {
    const { status } = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
    if (status === 200) {
      terminal.out('ok\n')
      return EXIT.done
    }
    terminal.err(`${url} answered ${status}.\n`)
  } catch (error) {
    terminal.err(`${url} did not answer ${whyUnanswered(error as Error, timeoutMs)}.\n`) // fetch rejects with errors only
  }
  return EXIT.failed
}
