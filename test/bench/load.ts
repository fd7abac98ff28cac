import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { cpuSeconds } from './process-stats.ts'
import type { RunningServer } from './servers.ts'

const autocannon = createRequire(import.meta.url).resolve('autocannon')
const CONNECTIONS = 50

export interface Load {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

interface Report { '2xx': number, non2xx: number, errors: number, timeouts: number }

/** What one server made of a load. */
export interface Served {
  /** Answers per second of wall time; says little on a busy machine. */
  readonly perSecond: number
  /** Microseconds of CPU per answer. */
  readonly cpuMicros: number
}

/** Sends requests over 50 connections for some seconds, from a process of its own. Any answer but a success fails it. */
export async function apply ({ url, pid }: RunningServer, { method, path, headers, body }: Load, seconds: number): Promise<Served> {
  const args = ['-j', '-n', '-c', String(CONNECTIONS), '-d', String(seconds), '-m', method]
  for (const [name, value] of Object.entries(headers)) args.push('-H', `${name}=${value}`)
  if (body !== undefined) args.push('-b', body)
  const before = cpuSeconds(pid)
  const { stdout } = await promisify(execFile)(process.execPath, [autocannon, ...args, `${url}${path}`], { timeout: (seconds + 60) * 1000 })
  const used = cpuSeconds(pid) - before
  const report = JSON.parse(stdout) as Report // autocannon's own
  if (report.non2xx + report.errors + report.timeouts > 0) throw new Error(`${method} ${path}: ${report.non2xx} refused, ${report.errors} failed`)
  return { perSecond: report['2xx'] / seconds, cpuMicros: used / report['2xx'] * 1e6 }
}
