import { execFile, spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cpuSeconds } from './process-stats.ts'
import type { RunningServer } from './servers.ts'

const CONNECTIONS = 50
/** What may be left over when the time is up, before it counts as hanging. */
const GRACE_MS = 60_000

export interface Load {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** What one server made of a load. */
export interface Served {
  /** Answers per second of wall time; says little on a busy machine. */
  readonly perSecond: number
  /** Microseconds of CPU per answer. */
  readonly cpuMicros: number
}

interface Report { readonly answers: number, readonly refused: number, readonly failed: number }

const run = promisify(execFile)

/** wrk is written in C and never the bottleneck; autocannon comes with the packages of the project. */
export const GENERATOR: 'wrk' | 'autocannon' = spawnSync('wrk', ['-v']).error ? 'autocannon' : 'wrk'

async function byWrk (url: string, { method, headers, body }: Load, seconds: number): Promise<Report> {
  const { stdout } = await run('wrk', [
    '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', join(import.meta.dirname, 'load.lua'), ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]), url
  ], { timeout: seconds * 1000 + GRACE_MS, env: { ...process.env, LOAD_METHOD: method, ...(body !== undefined && { LOAD_BODY: body }) } })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Report // the last line is of load.lua
}

async function byAutocannon (url: string, { method, headers, body }: Load, seconds: number): Promise<Report> {
  const program = createRequire(import.meta.url).resolve('autocannon')
  const args = ['-j', '-n', '-c', String(CONNECTIONS), '-d', String(seconds), '-m', method, ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}=${value}`])]
  if (body !== undefined) args.push('-b', body)
  const { stdout } = await run(process.execPath, [program, ...args, url], { timeout: seconds * 1000 + GRACE_MS })
  const report = JSON.parse(stdout) as { '2xx': number, non2xx: number, errors: number, timeouts: number } // autocannon's own
  return { answers: report['2xx'], refused: report.non2xx, failed: report.errors + report.timeouts }
}

/** Sends requests over 50 connections for some seconds, from a process of its own. Any answer but a success fails it. */
export async function apply ({ url, pid }: RunningServer, load: Load, seconds: number): Promise<Served> {
  const before = cpuSeconds(pid)
  const { answers, refused, failed } = await (GENERATOR === 'wrk' ? byWrk : byAutocannon)(`${url}${load.path}`, load, seconds)
  const used = cpuSeconds(pid) - before
  if (refused + failed > 0) throw new Error(`${load.method} ${load.path}: ${refused} refused, ${failed} failed`)
  return { perSecond: answers / seconds, cpuMicros: used / answers * 1e6 }
}
