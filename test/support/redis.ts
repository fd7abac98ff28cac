import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { RedisLink, type RedisLinkOptions } from '../../src/redis/link.ts'
import { Secret } from '../../src/secret.ts'

function hasRedis (): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Why tests with Redis are skipped on this machine, or false. Where everything is installed, its absence is a failure. */
export const NO_REDIS = !hasRedis() && process.env['CI'] !== 'true' && 'redis-server is not installed'

export async function freePort (): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo // a TCP server has an address with a port
  await new Promise((resolve) => { server.close(resolve) })
  return port
}

/** A real Redis that keeps nothing; it ends with the test. */
export async function startRedis (t: { teardown: (end: () => void) => void }, port: number): Promise<ChildProcess> {
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => { child.kill('SIGKILL') })
  for await (const chunk of child.stdout) if (String(chunk).includes('Ready to accept connections')) break
  child.stdout.resume()
  return child
}

/** Kills a Redis, and waits until its connections are gone with it. */
export async function killRedis (redis: ChildProcess): Promise<void> {
  const exited = once(redis, 'exit')
  redis.kill('SIGKILL')
  await exited
}

/** A link that looks at Redis often; it closes with the test. */
export function openLink (
  t: { teardown: (end: () => void) => void }, port: number, options: Partial<RedisLinkOptions> = {}
): RedisLink {
  const link = new RedisLink({
    url: new Secret(`redis://127.0.0.1:${port}`),
    prefix: 'shop:',
    beatMs: { up: 100, down: 20 },
    ...options
  })
  t.teardown(() => { link.close() })
  return link
}
