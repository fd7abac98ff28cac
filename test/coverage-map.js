import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { posix } from 'node:path'

/** These speak to Redis. On a machine without it their tests are skipped, and coverage of them would tell nothing. */
const WITH_REDIS = new Set([
  'src/redis/rate-store.ts',
  'src/redis/idempotency-store.ts',
  'src/plugins/actions/idempotency.ts',
  'src/plugins/access/rate-limit.ts',
  'src/redis/link.ts'
])

/** This leaves a terminal that goes away. */
const WITH_TERMINAL = new Set(['src/server.ts'])

function has (program) {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return process.env.CI === 'true'
  }
}
const redis = has('redis-server')
const terminal = has('script')

/**
 * Only a mirror earns coverage: `test/routes/x.test.ts` covers `routes/x.ts`, `test/a/b.test.ts` covers `src/a/b.ts`.
 * The sandbox is a product of its own, judged by the official clients in `test/contract/`, and is left out.
 */
export function sourceOf (file) {
  const mirrored = /^test\/(.+)\.test\.[tj]s$/.exec(file)?.[1]
  if (!mirrored || mirrored.startsWith('sandbox/')) return null
  const source = mirrored.startsWith('routes/') ? `${mirrored}.ts` : `src/${mirrored}.ts`
  if (!existsSync(source) || (!redis && WITH_REDIS.has(source))) return null
  return terminal || !WITH_TERMINAL.has(source) ? source : null
}

/** Test files that `test/together/x.ts` runs in its process: all below `test/x/`. Undefined when `file` is none of these. */
export function filesTogether (file) {
  const room = /^test\/together\/(.+)\.ts$/.exec(file)?.[1]
  if (!room) return undefined
  const names = readdirSync(`test/${room}`, { recursive: true }).map((name) => name.replaceAll('\\', '/'))
  return names.filter((name) => name.endsWith('.test.ts')).sort().map((name) => posix.join('test', room, name))
}

/** What tap counts of a process: see `support/together.ts` for how each file of many keeps to its own mirror. */
export default (path) => {
  const file = path.replaceAll('\\', '/')
  const together = filesTogether(file)
  if (!together) return sourceOf(file)
  const sources = together.map(sourceOf).filter((source) => source !== null)
  return sources.length > 0 ? sources : null
}
