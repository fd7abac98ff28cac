import { readSettings } from '../config/settings.ts'
import { readSmallFile } from '../small-file.ts'
import { Source } from '../config/source.ts'
import { EXIT, type Command, type Terminal } from './terminal.ts'

const TIMEOUT_MS = 3_000

/** Where a gateway that was started with these variables answers on this machine; undefined when its port is not fixed. */
export function healthUrl (variables: Terminal['variables']): string | undefined {
  // Host and port alone are read: the probe must not fail because a secret's file is not readable to it.
  const { HOST, PORT } = readSettings(new Source({ HOST: variables['HOST'], PORT: variables['PORT'] }, readSmallFile))
  if (PORT === 0) return undefined
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[HOST] ?? HOST
  return `http://${host.includes(':') ? `[${host}]` : host}:${PORT}/healthz`
}

/** Asks `/healthz`, for a container's HEALTHCHECK. */
export const health: Command<{ timeoutMs?: number }> = async (terminal, { timeoutMs = TIMEOUT_MS }) => {
  const url = healthUrl(terminal.variables)
  if (url === undefined) {
    terminal.err('PORT is 0: the gateway took a free port, and this command cannot know which.\n')
    return EXIT.misused
  }
  try {
    const { status } = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
    if (status === 200) {
      terminal.out('ok\n')
      return EXIT.done
    }
    terminal.err(`${url} answered ${status}.\n`)
  } catch {
    terminal.err(`${url} did not answer within ${timeoutMs} ms.\n`)
  }
  return EXIT.failed
}
