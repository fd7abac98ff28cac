import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { startSandbox, type Sandbox } from '../../src/sandbox/index.ts'
import { startFaultUpstream, type FaultUpstream } from '../support/fault-upstream.ts'
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts'
import { freePort } from '../support/programs.ts'
import { NO_REDIS, startRedis } from '../support/redis.ts'
import { LONG } from '../support/rounds.ts'

const POLL_MS = 20
/** Of every file here, in bytes. */
const LENGTH = 1000

interface Answer { status: number, replayed: boolean, body: Record<string, unknown> }

async function answered (response: Response): Promise<Answer> {
  return {
    status: response.status,
    replayed: response.headers.get('idempotent-replayed') === 'true',
    body: await response.json() as Record<string, unknown> // all answers are JSON objects
  }
}

async function upload ({ url }: GatewayProcess, key: string, bytes: Buffer | PassThrough): Promise<Answer> {
  const headers = {
    'idempotency-key': key,
    'content-type': 'application/octet-stream',
    'content-length': String(LENGTH)
  }
  const request = httpRequest(`${url}/upload?resource_type=raw&public_id=a`, { method: 'POST', headers })
  const answer = once(request, 'response') as Promise<[IncomingMessage]>
  if (Buffer.isBuffer(bytes)) request.end(bytes)
  else bytes.pipe(request)
  const [response] = await answer
  return {
    status: response.statusCode ?? 0,
    replayed: response.headers['idempotent-replayed'] === 'true',
    body: await json(response) as Record<string, unknown> // all answers are JSON objects
  }
}

async function post ({ url }: GatewayProcess, path: string, body: object): Promise<Answer> {
  const headers = { 'content-type': 'application/json' }
  return answered(await fetch(url + path, { method: 'POST', body: JSON.stringify(body), headers }))
}

async function until (holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(POLL_MS)
}

/** How many assets a cloud of the sandbox has. */
async function assetsOf (sandbox: Sandbox, cloud: string, credentials: string): Promise<number> {
  const headers = { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
  const answer = await fetch(`${sandbox.url}/v1_1/${cloud}/resources/raw`, { headers })
  const { resources } = await answer.json() as { resources: unknown[] } // as documented
  return resources.length
}

/** The clouds that uploads reached, in their order. */
const cloudsOf = ({ seen }: FaultUpstream): string[] => seen
  .filter(({ method, url }) => method === 'POST' && url.endsWith('/upload'))
  .map(({ url }) => url.split('/')[2] ?? '')

/** A gateway whose only environment stands in a file, and what points it at another account. */
async function startRepointed (t: Test, first: string, variables: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'accounts-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'url')
  writeFileSync(file, first)
  const gateway = await startGatewayProcess(t, { CLOUDINARY_URL_FILE: file, ...variables })
  let times = 0
  const repoint = async (url: string): Promise<void> => {
    writeFileSync(file, url)
    gateway.child.kill('SIGHUP')
    times++
    await until(() => gateway.log().split('credentials were reloaded').length - 1 === times)
  }
  return { gateway, repoint }
}

t.test('gateways that share a Redis and the name of an environment', {
  skip: NO_REDIS || LONG
}, async (t) => {
  const port = await freePort()
  await startRedis(t, port)
  const redis = new Redis(port, '127.0.0.1')
  t.teardown(() => { redis.disconnect() })
  const clouds = [
    { cloudName: 'one', apiKey: '1', apiSecret: 'abcd' },
    { cloudName: 'other', apiKey: '2', apiSecret: 'efgh' }
  ]
  const sandbox = await startSandbox({ clouds })
  t.teardown(() => sandbox.close())
  const start = (cloud: string, further: Record<string, string> = {}): Promise<GatewayProcess> =>
    startGatewayProcess(t, {
      CLOUDINARY_URL: sandbox.cloudinaryUrl(cloud),
      REDIS_URL: `redis://127.0.0.1:${port}`,
      RATE_PER_ADDRESS: '100/86400',
      ...further
    })
  const [one, replica, other, apart] = await Promise.all([
    start('one'),
    start('one'),
    start('other'),
    start('one', { REDIS_PREFIX: 'apart:' })
  ])
  const bytes = randomBytes(LENGTH)
  const uploads = (): number => sandbox.requests.filter(({ path }) => path.endsWith('/upload')).length

  const [ofOne, ofOther] = [/\/one\//, /\/other\//].map((pattern) => ({ secure_url: pattern }))
  t.match(await upload(one, 'k', bytes), { status: 200, replayed: false, body: ofOne })
  t.match(await upload(replica, 'k', bytes), { status: 200, replayed: true, body: ofOne }, 'replicas share a key')
  t.match(await upload(other, 'k', bytes), { status: 200, replayed: false, body: ofOther }, 'another cloud stores its own')
  t.match(await upload(other, 'k', bytes), { status: 200, replayed: true, body: ofOther })
  t.match(await upload(replica, 'k', randomBytes(LENGTH)), { status: 422, body: { code: 'idempotency_key_reused' } })
  t.equal(await assetsOf(sandbox, 'one', '1:abcd'), 1)
  t.equal(await assetsOf(sandbox, 'other', '2:efgh'), 1)
  t.equal(uploads(), 2)

  t.match(await upload(apart, 'k', bytes), { status: 200, replayed: false }, 'another prefix is another memory, even of one account')
  t.equal(uploads(), 3)

  const keys = (await redis.keys('*')).map((key) => key
    .replace(/(idempotency|rate):.*|(proof:http.*\/\w+):[0-9a-f]{64}$/, '$1$2')
    .replace(sandbox.url, '')).sort()
  // All carry the prefix; what is about assets or credentials carries the account too.
  t.same(keys, [
    'apart:idempotency',
    'apart:proof:/one',
    'apart:quota:/one',
    'apart:rate',
    'cloudinary-gateway:idempotency',
    'cloudinary-gateway:idempotency',
    'cloudinary-gateway:proof:/one',
    'cloudinary-gateway:proof:/other',
    'cloudinary-gateway:quota:/one',
    'cloudinary-gateway:quota:/other',
    'cloudinary-gateway:rate'
  ])
  const left = async ({ url }: GatewayProcess): Promise<string | undefined> => {
    const { headers } = await fetch(`${url}/url?public_id=a`)
    return /r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]
  }
  t.same([await left(one), await left(other), await left(apart)], ['94', '93', '98'], 'rates carry the prefix alone')
})

for (const [where, skip] of [['memory', LONG], ['Redis', NO_REDIS || LONG]] as const) {
  t.test(`an environment that its file points at another cloud, keys in ${where}`, { skip }, async (t) => {
    const upstream = await startFaultUpstream(t)
    const urlOf = (cloud: string, key = '1'): string => `cloudinary://${key}:abcd@${cloud}?upload_prefix=${upstream.url}`
    let shared = {}
    if (where === 'Redis') {
      const port = await freePort()
      await startRedis(t, port)
      shared = { REDIS_URL: `redis://127.0.0.1:${port}` }
    }
    const { gateway, repoint } = await startRepointed(t, urlOf('one'), shared)
    const bytes = randomBytes(LENGTH)
    t.match(await upload(gateway, 'k', bytes), { status: 200, replayed: false })
    await repoint(urlOf('one', '2'))
    t.match(await upload(gateway, 'k', bytes), { status: 200, replayed: true }, 'a rotated key opens the same account')

    const body = new PassThrough()
    body.write(bytes.subarray(0, -1))
    const running = upload(gateway, 'running', body)
    await until(() => cloudsOf(upstream).length === 2)
    await repoint(urlOf('other'))
    t.match(await upload(gateway, 'running', bytes), { status: 200, replayed: false }, 'the key of the old account is not in the way')
    body.end(bytes.subarray(-1))
    t.match(await running, { status: 200, replayed: false, body: { bytes: bytes.length } }, 'what was running ends where it began')
    t.match(await upload(gateway, 'running', bytes), { status: 200, replayed: true })
    t.match(await upload(gateway, 'k', bytes), { status: 200, replayed: false }, 'the new account stores an asset of its own')
    t.same(cloudsOf(upstream), ['one', 'one', 'other', 'other'])

    await repoint(urlOf('one'))
    for (const key of ['k', 'running']) {
      t.match(await upload(gateway, key, bytes), { status: 200, replayed: true }, 'and the old account still knows its own')
    }
    t.equal(cloudsOf(upstream).length, 4)
  })
}

t.test('an environment that its file points at another cloud: neither circuit, proof nor signature of the old one counts', { skip: LONG }, async (t) => {
  const sandbox = await startSandbox({ clouds: [{ cloudName: 'other', apiKey: '2', apiSecret: 'efgh' }] })
  t.teardown(() => sandbox.close())
  const nowhere = `cloudinary://1:abcd@one?upload_prefix=http://127.0.0.1:${await freePort()}`
  const { gateway, repoint } = await startRepointed(t, nowhere)
  const ask = async (path: string): Promise<Answer> => answered(await fetch(gateway.url + path))
  const signed = await post(gateway, '/signature', { folder: 'users/1' })
  const { signature, ...fields } = signed.body['fields'] as Record<string, string> // as documented
  const question = { fields: { ...fields, folder: 'users/2' }, signature }
  const changed = { code: 'field_changed', message: /users\/1/ }
  t.match(await post(gateway, '/signature/explain', question), { body: { findings: [changed] } })
  let code: unknown
  for (let turn = 0; turn < 50 && code !== 'upstream_unavailable'; turn++) {
    code = (await ask('/resources')).body['code']
  }
  t.equal(code, 'upstream_unavailable', 'the circuit is open')
  t.match(await ask('/environments'), { body: { environments: [{ cloud_name: 'one', verified: false }] } })

  await repoint(sandbox.cloudinaryUrl('other'))
  t.match(await ask('/resources'), { status: 200, body: { resources: [] } })
  t.match(await ask('/environments'), { body: { environments: [{ cloud_name: 'other', verified: true }] } })
  const { findings } = (await post(gateway, '/signature/explain', question)).body
  t.notMatch(JSON.stringify(findings), 'users/1')
  t.match(findings, [{ code: /unexplained|api_key/ }])
})
