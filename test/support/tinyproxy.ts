import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, skipWithout, untilListening } from './programs.ts'

/** Why tests with tinyproxy are skipped on this machine, or false. */
export const NO_TINYPROXY = skipWithout('tinyproxy', ['-v'])

export interface Tinyproxy {
  /** Host and port. */
  readonly address: string
  /** The request lines of its log, as `CONNECT host:443`. */
  readonly requests: () => string[]
}

interface TinyproxyOptions {
  /** A folder of the test, for its configuration and log. */
  readonly folder: string
  /** The user that it takes. Letters, digits and `.` alone. */
  readonly user?: { name: string, password: string }
  /** Another proxy that its requests go through. */
  readonly next?: number
}

/** A real tinyproxy; it ends with the test. */
export async function startTinyproxy (t: { teardown: (end: () => void) => void }, { folder, user, next }: TinyproxyOptions): Promise<Tinyproxy> {
  const port = await freePort()
  const [config, log] = ['tinyproxy.conf', 'tinyproxy.log'].map((file) => join(folder, file)) as [string, string]
  writeFileSync(config, [
    `Port ${port}`, 'Listen 127.0.0.1', 'Timeout 60', 'MaxClients 100', `LogFile "${log}"`, 'LogLevel Connect', 'DisableViaHeader Yes',
    ...user ? [`BasicAuth ${user.name} ${user.password}`] : [],
    ...next === undefined ? [] : [`Upstream http 127.0.0.1:${next}`]
  ].join('\n'))
  const child = spawn('tinyproxy', ['-d', '-c', config], { stdio: 'ignore' })
  t.teardown(() => { child.kill('SIGKILL') })
  await untilListening(child, port)
  return {
    address: `127.0.0.1:${port}`,
    requests: () => [...readFileSync(log, 'utf8').matchAll(/Request \(file descriptor \d+\): (\S+ \S+)/g)].map(([, line = '']) => line)
  }
}
