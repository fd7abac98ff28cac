import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** These speak to Redis. On a machine without it their tests are skipped, and coverage of them would tell nothing. */
const WITH_REDIS = new Set(['src/auth/rate-limit-redis.ts', 'src/idempotency/redis-store.ts', 'src/plugins/idempotency.ts', 'src/plugins/rate-limit.ts', 'src/redis-link.ts'])

function hasRedis () {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return process.env.CI === 'true'
  }
}
const redis = hasRedis()

/**
 * Only a mirror earns coverage: `test/routes/x.test.ts` covers `routes/x.ts`, `test/a/b.test.ts` covers `src/a/b.ts`.
 * The sandbox is a product of its own, judged by the official clients in `test/contract/`, and is left out.
 */
export default (file) => {
  const mirrored = /^test\/(.+)\.test\.[tj]s$/.exec(file.replaceAll('\\', '/'))?.[1]
  if (!mirrored || mirrored.startsWith('sandbox/')) return null
  const source = mirrored.startsWith('routes/') ? `${mirrored}.ts` : `src/${mirrored}.ts`
  return existsSync(source) && (redis || !WITH_REDIS.has(source)) ? source : null
}
