import t from 'tap'
import { readRedisUrl, redisTarget } from '../../src/net/redis-url.ts'

const NOBODY = { username: undefined, password: undefined }
const NODE = { kind: 'node', tls: false, hosts: [{ host: 'redis', port: 6379 }], ...NOBODY, db: 0, master: '', sentinel: NOBODY }

t.test('a node, with and without TLS, login and database', async (t) => {
  t.same(redisTarget('redis://redis'), NODE)
  t.same(redisTarget('redis://redis/'), NODE)
  t.same(redisTarget('rediss://redis:6380/2'), { ...NODE, tls: true, hosts: [{ host: 'redis', port: 6380 }], db: 2 })
  t.same(redisTarget('redis://:p%40ss@[::1]:7000'), { ...NODE, password: 'p@ss', hosts: [{ host: '::1', port: 7000 }] })
  t.same(redisTarget('redis://gateway:a:b@10.0.0.1'), { ...NODE, username: 'gateway', password: 'a:b', hosts: [{ host: '10.0.0.1', port: 6379 }] })
  t.same(redisTarget('redis://redis?username=u&password=p&db=3'), { ...NODE, username: 'u', password: 'p', db: 3 })
})

t.test('Sentinels: their hosts, the name of the master, a login for each', async (t) => {
  t.same(redisTarget('redis+sentinel://one,other:26380/my-master.1'), {
    ...NODE,
    kind: 'sentinel',
    hosts: [{ host: 'one', port: 26_379 }, { host: 'other', port: 26_380 }],
    master: 'my-master.1'
  })
  t.match(redisTarget('rediss+sentinel://u:p@one/main/4?sentinel_username=su&sentinel_password=s%2Fp'), {
    tls: true, username: 'u', password: 'p', master: 'main', db: 4, sentinel: { username: 'su', password: 's/p' }
  })
})

t.test('some nodes of a cluster', async (t) => {
  t.match(redisTarget('redis+cluster://:p@one:7000,[fd00::2]:7001,three'), {
    kind: 'cluster',
    tls: false,
    password: 'p',
    hosts: [{ host: 'one', port: 7000 }, { host: 'fd00::2', port: 7001 }, { host: 'three', port: 6379 }]
  })
  t.match(redisTarget('rediss+cluster://one/0'), { tls: true, db: 0 })
})

t.test('a bad URL is refused with the reason, which repeats none of it', async (t) => {
  const bad: ReadonlyArray<readonly [string, RegExp]> = [
    ['canary', /redis:\/\/ or rediss:/],
    ['http://canary', /redis:\/\/ or rediss:/],
    ['redis+canary://x', /redis:\/\/ or rediss:/],
    ['redis-sentinel://canary/x', /redis\+sentinel:/],
    ['redis:///0', /with a host/],
    ['redis://', /with a host/],
    ['redis://a canary', /not a host name/],
    ['redis://one:0', /1 to 65535/],
    ['redis://one:65536', /1 to 65535/],
    ['redis://one:canary', /not a host name/],
    ['redis://one,canary', /several hosts/],
    ['redis+sentinel://one,,canary/x', /with a host/],
    ['redis://:canary%@one', /%/],
    ['redis://%ff@one', /%/],
    ['redis://canary@one', /without a password/],
    ['redis://one/canary', /not a database number/],
    ['redis://one/-1', /not a database number/],
    ['redis://one/65536', /not a database number/],
    ['redis://one/0/canary', /too many/],
    ['redis://one/1?db=2', /too many/],
    ['redis://one?db=canary', /not a database number/],
    ['redis://one?canary=1', /known are username, password, db/],
    ['redis://one?sentinel_password=canary', /unknown option/],
    ['redis://one?db=1&db=2', /twice/],
    ['redis://:canary@one?password=canary', /two passwords/],
    ['redis+sentinel://canary', /name of the master/],
    ['redis+sentinel://one/', /name of the master/],
    ['redis+sentinel://one/a%20canary', /name of the master/],
    ['redis+sentinel://one/main/canary', /not a database number/],
    ['redis+sentinel://one/main?sentinel_username=canary', /without a password/],
    ['redis+cluster://one/1', /only one/],
    ['redis+cluster://one?db=1', /unknown option/]
  ]
  for (const [url, reason] of bad) {
    const read = readRedisUrl(url)
    t.match(read, { fault: reason }, url)
    t.notMatch(JSON.stringify(read), 'canary')
  }
})
