import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { filesBelow } from './support/files-below.js'

/** These speak to Redis. On a machine without it their tests are skipped, and coverage of them would tell nothing. */
const WITH_REDIS = new Set([
  'src/redis/rate-store.ts',
  'src/redis/quota-store.ts',
  'src/plugins/actions/cloudinary.ts',
  'src/redis/idempotency-store.ts',
  'src/plugins/actions/idempotency.ts',
  'src/plugins/access/rate-limit.ts',
  'src/plugins/operations/redis.ts',
  'src/redis/connection.ts',
  'src/redis/proof-store.ts',
  'src/plugins/operations/credential-proofs.ts',
  'src/plugins/operations/health.ts',
  'src/redis/signature-store.ts',
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
 * The sandbox is a product of its own, judged by the official clients in `test/contract/`, and is left out; so are the
 * modules for browsers, which run in Chromium alone and are judged there by `test/browser/`.
 */
export function sourceOf (file) {
  const mirrored = /^test\/(.+)\.test\.[tj]s$/.exec(file)?.[1]
  if (!mirrored || /^(?:sandbox|browser)\//.test(mirrored)) return null
  const source = mirrored.startsWith('routes/') ? `${mirrored}.ts` : `src/${mirrored}.ts`
  if (!existsSync(source) || (!redis && WITH_REDIS.has(source))) return null
  return terminal || !WITH_TERMINAL.has(source) ? source : null
}

/**
 * The room that a test file is run with: the innermost folder around it that has an entry in `test/all/`. tap begins with
 * that folder, by the alphabet, and so with what takes longest.
 */
function roomOf (file) {
  const rooms = filesBelow('test/all').filter((entry) => entry.endsWith('.ts')).map((entry) => entry.slice('test/all/'.length, -'.ts'.length))
  return rooms.filter((room) => file.startsWith(`test/${room}/`)).sort().at(-1)
}

/** Test files that an entry in `test/all/` runs in its process. Undefined when `file` is none. */
export function filesTogether (file) {
  const room = /^test\/all\/(.+)\.ts$/.exec(file)?.[1]
  if (!room) return undefined
  const tests = filesBelow(`test/${room}`).filter((name) => name.endsWith('.test.ts'))
  return tests.filter((name) => roomOf(name) === room).sort()
}

/** What tap counts of a process: see `support/together.ts` for how each file of many keeps to its own mirror. */
export default (path) => {
  const file = path.replaceAll('\\', '/')
  const together = filesTogether(file)
  if (!together) return sourceOf(file)
  const sources = together.map(sourceOf).filter((source) => source !== null)
  return sources.length > 0 ? sources : null
}
