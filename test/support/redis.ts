import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RedisLink, type RedisLinkOptions } from '../../src/redis/link.ts'
import { Secret } from '../../src/secret.ts'
import { skipWithout } from './programs.ts'

/** Why tests with Redis are skipped on this machine, or false. Where everything is installed, its absence is a failure. */
export const NO_REDIS = skipWithout('redis-server')

type Teardown = { teardown: (end: () => void) => void }

/** Starts `redis-server`, and resolves when it says so; it ends with the test. */
async function startServer (t: Teardown, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => { child.kill('SIGKILL') })
  for await (const chunk of child.stdout) {
    if (/Ready to accept connections|Sentinel ID is/.test(String(chunk))) break
  }
  child.stdout.resume()
  return child
}

/** Folder for the files that replicas, Sentinels and nodes of a cluster write. */
function ownFolder (t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'redis-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}

/** A real Redis that keeps nothing; it ends with the test. `more` are further arguments. */
export async function startRedis (t: Teardown, port: number, more: readonly string[] = []): Promise<ChildProcess> {
  return startServer(t, [
    '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', ownFolder(t), '--repl-diskless-sync-delay', '0', ...more
  ])
}

/** A Sentinel that watches the master at `masterPort`, under the name `main`, and is a quorum by itself. */
export async function startSentinel (
  t: Teardown, port: number, masterPort: number, more: readonly string[] = []
): Promise<ChildProcess> {
  const file = join(ownFolder(t), 'sentinel.conf')
  writeFileSync(file, [
    `port ${port}`,
    'bind 127.0.0.1',
    `sentinel monitor main 127.0.0.1 ${masterPort} 1`,
    'sentinel down-after-milliseconds main 300',
    'sentinel failover-timeout main 2000',
    ...more
  ].join('\n'))
  return startServer(t, [file, '--sentinel'])
}

/** A cluster of a master for each port, which share all slots, and knows a failure soon. */
export async function startCluster (
  t: Teardown, ports: readonly number[], more: readonly string[], password: string
): Promise<ChildProcess[]> {
  const folder = ownFolder(t)
  const nodes = await Promise.all(ports.map((port) => startRedis(t, port, [
    '--cluster-enabled', 'yes', '--cluster-node-timeout', '500', '--dir', folder,
    '--cluster-config-file', `nodes-${port}.conf`, ...more
  ])))
  const hosts = ports.map((port) => `127.0.0.1:${port}`)
  execFileSync('redis-cli', ['-a', password, '--cluster', 'create', ...hosts, '--cluster-yes'], { stdio: 'ignore' })
  return nodes
}

/** Kills a Redis, and waits until its connections are gone with it. */
export async function killRedis (redis: ChildProcess): Promise<void> {
  const exited = once(redis, 'exit')
  redis.kill('SIGKILL')
  await exited
}

/** A link that looks at Redis often; it closes with the test. */
export function openLink (
  t: Teardown, port: number, options: Partial<RedisLinkOptions> = {}
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
