import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { RedisLink, type RedisLinkOptions } from '../../src/redis/link.ts'
import { Secret } from '../../src/secret.ts'
import { Authority, NO_OPENSSL } from '../support/authority.ts'
import { freePort } from '../support/programs.ts'
import { killRedis, NO_REDIS, openLink, startCluster, startRedis, startSentinel } from '../support/redis.ts'
import { LONG } from '../support/rounds.ts'

type Teardown = { teardown: (end: () => void) => void }

const COUNT = 'return redis.call("INCR", KEYS[1])'
const RIGHTS = '+eval +time +get +set +del +pttl +hset +hget +hmget +hdel +pexpire'.split(' ')

const openAt = (t: Teardown, url: string, options: Partial<RedisLinkOptions> = {}): RedisLink =>
  openLink(t, 0, { url: new Secret(url), ...options })

/** Long enough for a Redis of this machine to answer; what is down is waited for less. */
const START_MS = 10_000
const DOWN_MS = 300

/** The reason why a start with this URL is refused; `works` or `down` when it is not. */
async function startOf (
  t: Teardown, url: string, options: Partial<RedisLinkOptions> = {}, waitMs = START_MS
): Promise<string> {
  const link = openAt(t, url, options)
  try {
    await link.ready(waitMs)
    return link.isDown ? 'down' : 'works'
  } catch (error) {
    return String(error)
  } finally {
    link.close()
  }
}

function cli (port: number, ...args: string[]): string {
  return execFileSync('redis-cli', ['-p', String(port), ...args], {
    encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']
  })
}

/** Waits until Redis answers so. One that changes its role closes connections. */
async function untilSays (text: string | RegExp, port: number, ...args: string[]): Promise<void> {
  const says = (): boolean => {
    try {
      return cli(port, ...args).search(text) !== -1
    } catch {
      return false
    }
  }
  while (!says()) await sleep(20)
}

const AS_ADMIN = ['-a', 'pw', '--no-auth-warning'] as const
const HAS_REPLICA = /slave0:.*state=online/

t.test('passwords, users and databases of one node', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port, [
    '--requirepass', 'pw',
    '--user', 'gateway', 'on', '>gate', '~shop:*', ...RIGHTS,
    '--user', 'reader', 'on', '>read', '~shop:*', '+eval', '+get',
    '--user', 'elsewhere', 'on', '>else', '~else:*', ...RIGHTS
  ])
  const at = (login: string, path = ''): Promise<string> => startOf(
    t, `redis://${login}127.0.0.1:${port}${path}`
  )
  t.equal(await at(':pw@', '/3'), 'works')
  t.equal(await at('gateway:gate@'), 'works', 'with no right but those that are documented')
  t.match(await at(''), /REDIS_URL has no password/)
  t.match(await at(':canary@'), /REDIS_URL has a user name or password/)
  t.match(await at('gateway:canary@'), /REDIS_URL has a user name or password/)
  t.match(await at('reader:read@'), /REDIS_URL names a user without the rights/)
  t.match(await at('elsewhere:else@'), /REDIS_URL names a user without the rights/)
  t.match(await at(':pw@', '/99'), /number of a database/)
  t.equal(await startOf(t, `redis://127.0.0.1:${await freePort()}`, {}, DOWN_MS), 'down', 'which may pass')
})

t.test('TLS with an authority of its own and a client certificate', {
  skip: NO_REDIS || NO_OPENSSL
}, async (t) => {
  const folder = t.testdir()
  const authority = new Authority(folder)
  authority.issue('redis', 'localhost')
  const { cert, key } = authority.issue('gateway', 'gateway')
  const ca = readFileSync(authority.certificate, 'utf8')
  const port = await freePort()
  await startRedis(t, 0, [
    '--tls-port', String(port), '--tls-ca-cert-file', authority.certificate,
    '--tls-cert-file', `${folder}/redis.pem`, '--tls-key-file', `${folder}/redis.key`
  ])
  const shown = { cert, key: new Secret(key) }
  const url = `rediss://localhost:${port}`
  t.equal(await startOf(t, url, { tls: { ca, ...shown } }), 'works')
  t.equal(
    await startOf(t, url, { tls: { ca } }, DOWN_MS), 'down', 'without the certificate that Redis asks for'
  )
  t.equal(await startOf(t, url, { tls: shown }, DOWN_MS), 'down', 'an authority that Node does not know')
  t.equal(await startOf(t, `redis://localhost:${port}`, {}, DOWN_MS), 'down', 'without TLS')
})

t.test('Sentinels: the master that they name, with a login for each, and the next one when it dies', { skip: NO_REDIS }, async (t) => {
  const [first, second, sentinelPort] = [await freePort(), await freePort(), await freePort()]
  const login = ['--requirepass', 'pw', '--masterauth', 'pw']
  const master = await startRedis(t, first, login)
  await startRedis(t, second, [...login, '--replicaof', '127.0.0.1', String(first)])
  await startSentinel(t, sentinelPort, first, ['requirepass spw', 'sentinel auth-pass main pw'])
  await untilSays(HAS_REPLICA, first, ...AS_ADMIN, 'INFO', 'replication')
  await untilSays('name', sentinelPort, '-a', 'spw', '--no-auth-warning', 'SENTINEL', 'REPLICAS', 'main')

  const hosts = `127.0.0.1:${await freePort()},127.0.0.1:${sentinelPort}`
  const at = (
    login: string, name: string, options: string
  ): string => `redis+sentinel://${login}${hosts}/${name}?${options}`
  t.match(await startOf(t, at(':pw@', 'main', '')), /no sentinel_password/)
  t.match(
    await startOf(t, at(':pw@', 'main', 'sentinel_password=canary')),
    /sentinel_password that the Sentinels do not accept/
  )
  t.match(await startOf(t, at('', 'main', 'sentinel_password=spw')), /REDIS_URL has no password/)
  t.match(
    await startOf(t, at(':canary@', 'main', 'sentinel_password=spw')), /REDIS_URL has a user name or password/
  )
  t.match(
    await startOf(t, at(':pw@', 'other', 'sentinel_password=spw')),
    /names a master that the Sentinels do not know/
  )
  t.match(
    await startOf(t, `redis+sentinel://:pw@127.0.0.1:${second}/main?sentinel_password=pw`), /not a Sentinel/
  )
  t.match(await startOf(t, `redis://:spw@127.0.0.1:${sentinelPort}`), /runs no scripts; for Sentinels/)

  const told: string[] = []
  const link = openAt(t, at(':pw@', 'main', 'sentinel_password=spw'), {
    onDown: () => told.push('down'), onUp: () => told.push('up')
  })
  await link.ready()
  const run = link.within(1_000)
  t.equal(await run(COUNT, 'count'), 1)
  await untilSays('1', second, ...AS_ADMIN, 'GET', 'shop:count')
  await killRedis(master)
  while (!link.isDown) await sleep(5)
  await t.rejects(run(COUNT, 'count'))
  await link.ready(30_000)
  t.equal(await run(COUNT, 'count'), 2, 'what was replicated is there')
  t.match(cli(second, ...AS_ADMIN, 'GET', 'shop:count'), '2')
  t.same(told, ['down', 'up'])
})

t.test('Sentinels and their master behind TLS', { skip: NO_REDIS || NO_OPENSSL }, async (t) => {
  const folder = t.testdir()
  const authority = new Authority(folder)
  authority.issue('redis', 'localhost')
  const ca = readFileSync(authority.certificate, 'utf8')
  const files = {
    'tls-ca-cert-file': authority.certificate,
    'tls-cert-file': `${folder}/redis.pem`,
    'tls-key-file': `${folder}/redis.key`,
    'tls-auth-clients': 'no'
  }
  const [port, sentinelPort] = [await freePort(), await freePort()]
  await startRedis(t, 0, [
    '--tls-port', String(port), ...Object.entries(files).flatMap(([name, value]) => [`--${name}`, value])
  ])
  await startSentinel(t, 0, port, [
    `tls-port ${sentinelPort}`, 'tls-replication yes', ...Object.entries(files).map((line) => line.join(' '))
  ])
  t.equal(await startOf(t, `rediss+sentinel://localhost:${sentinelPort}/main`, { tls: { ca } }), 'works')
  t.equal(await startOf(t, `rediss+sentinel://localhost:${sentinelPort}/main`, {}, DOWN_MS), 'down')
})

t.test('a master that becomes a replica is left for the one that is master now', { skip: NO_REDIS }, async (t) => {
  const [first, second, sentinelPort] = [await freePort(), await freePort(), await freePort()]
  await startRedis(t, first)
  await startRedis(t, second, ['--replicaof', '127.0.0.1', String(first)])
  await startSentinel(t, sentinelPort, first)
  await untilSays(HAS_REPLICA, first, 'INFO', 'replication')
  await untilSays('name', sentinelPort, 'SENTINEL', 'REPLICAS', 'main')
  const link = openAt(t, `redis+sentinel://127.0.0.1:${sentinelPort}/main`)
  await link.ready()
  await untilSays('OK', sentinelPort, 'SENTINEL', 'FAILOVER', 'main')
  await untilSays('role:master', second, 'INFO', 'replication')
  cli(first, 'REPLICAOF', '127.0.0.1', String(second)) // which the Sentinel does ten seconds later
  await link.within(1_000)(COUNT, 'count').catch(() => {})
  await link.ready(30_000)
  await untilSays('cmd=eval', second, 'CLIENT', 'LIST')
  t.notOk(link.isDown)
})

t.test('a cluster of one node', { skip: NO_REDIS }, async (t) => {
  const port = await freePort()
  await startRedis(t, port, [
    '--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--dir', t.testdir(),
    '--user', 'gateway', 'on', '>gate', '~shop:*', ...RIGHTS, '+cluster|slots'
  ])
  cli(port, 'CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  await untilSays('cluster_state:ok', port, 'CLUSTER', 'INFO')
  const link = openAt(t, `redis+cluster://localhost:${port}`)
  await link.ready(START_MS)
  t.equal(await link.within(START_MS)('return KEYS[1]', 'a'), 'shop:a')
  t.match(await startOf(t, `redis+cluster://:needless@127.0.0.1:${port}`), 'works')
  t.equal(
    await startOf(t, `redis+cluster://gateway:gate@127.0.0.1:${port}`), 'works', 'with the documented rights'
  )
})

t.test('a cluster: keys of all slots, a node that dies, and its replica', {
  skip: NO_REDIS || LONG
}, async (t) => {
  const ports = await Promise.all(Array.from({ length: 4 }, () => freePort()))
  const [one = 0, two = 0, three = 0, spare = 0] = ports
  const login = ['--requirepass', 'pw', '--masterauth', 'pw']
  const [master] = await startCluster(t, [one, two, three], login, 'pw')
  await startRedis(t, spare, [
    ...login,
    '--cluster-enabled',
    'yes',
    '--cluster-node-timeout',
    '500',
    '--cluster-config-file',
    `spare-${spare}.conf`,
    '--dir',
    t.testdir()
  ])
  const id = cli(one, ...AS_ADMIN, 'CLUSTER', 'MYID').trim()
  cli(
    one,
    ...AS_ADMIN,
    '--cluster',
    'add-node',
    `127.0.0.1:${spare}`,
    `127.0.0.1:${one}`,
    '--cluster-slave',
    '--cluster-master-id',
    id
  )
  await untilSays(HAS_REPLICA, one, ...AS_ADMIN, 'INFO', 'replication')

  const gone = await freePort()
  const url = (login: string): string => `redis+cluster://${login}127.0.0.1:${gone},127.0.0.1:${two}`
  t.match(await startOf(t, url('')), /REDIS_URL has no password/)
  t.match(await startOf(t, url(':canary@')), /REDIS_URL has a user name or password/)
  t.match(await startOf(t, `redis://:pw@127.0.0.1:${two}`), /node of a cluster/)
  const lonely = await freePort()
  await startRedis(t, lonely)
  t.match(await startOf(t, `redis+cluster://127.0.0.1:${lonely}`), /belongs to no cluster/)

  const told: string[] = []
  const link = openAt(t, url(':pw@'), { onDown: () => told.push('down'), onUp: () => told.push('up') })
  await link.ready()
  const run = link.within(1_000)
  const all = (): Promise<unknown[]> => Promise.all(
    Array.from({ length: 50 }, (_, key) => run(COUNT, `key-${key}`))
  )
  t.same(await all(), Array.from({ length: 50 }, () => 1))
  const kept = ports.slice(0, 3).map((port) => Number(cli(port, ...AS_ADMIN, 'DBSIZE')))
  t.ok(kept.every((count) => count > 0), 'each master has some of them')
  const written = Number(/master_repl_offset:(\d+)/.exec(cli(one, ...AS_ADMIN, 'INFO', 'replication'))?.[1])
  const replicated = (): number => Number(
    /slave_repl_offset:(\d+)/.exec(cli(spare, ...AS_ADMIN, 'INFO', 'replication'))?.[1]
  )
  while (replicated() < written) await sleep(20)
  if (master) await killRedis(master)
  while (!link.isDown) await sleep(5)
  await link.ready(30_000)
  t.same(await all(), Array.from({ length: 50 }, () => 2))
  t.same(told, ['down', 'up'], 'once, though two of three masters worked all the time')
})
