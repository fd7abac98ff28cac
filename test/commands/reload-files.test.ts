import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { exportSPKI, generateKeyPair, SignJWT } from 'jose'
import pino from 'pino'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { reloadFiles } from '../../src/commands/reload-files.ts'
import { loadConfig } from '../../src/config/config.ts'
import { startSandbox } from '../../src/sandbox/index.ts'

const POLL_MS = 20

/** A folder that goes with the test. */
function folderOf (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'reload-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function start (t: Test, further: Record<string, string> = {}) {
  const sandbox = await startSandbox({ clouds: [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd' }, { cloudName: 'other', apiKey: '5678', apiSecret: 'efgh' }] })
  t.teardown(() => sandbox.close())
  const file = join(folderOf(t), 'url')
  writeFileSync(file, sandbox.cloudinaryUrl('demo'))
  const variables = { CLOUDINARY_URL_FILE: file }
  const lines: Array<Record<string, unknown>> = []
  const logger = pino({}, { write: (line) => { lines.push(JSON.parse(line)) } })
  const app = await buildApp({ config: loadConfig({ ...variables, ...further }) })
  t.teardown(() => app.close())
  return { app, sandbox, file, variables, logger, lines }
}

/** Waits until `holds` does; the test's own timeout bounds it. */
async function until (holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(POLL_MS)
}

t.test('a changed file gives its credentials to the requests to come, and a bad one changes nothing', async (t) => {
  const { app, sandbox, file, variables, logger, lines } = await start(t, { METRICS_PORT: '0' })
  const learnt: string[] = []
  const { stop } = reloadFiles(app, {
    variables,
    logger,
    sandboxUrl: undefined,
    mask: {
      learn: (changed) => {
        t.equal(app.cloudinary.get('production')?.environment.apiSecret.reveal(), learnt.at(-1) ?? 'abcd', 'the log learns them before anybody uses them')
        learnt.push(...changed.map(({ apiSecret }) => apiSecret.reveal()))
      }
    },
    pollMs: POLL_MS
  })
  t.teardown(stop)
  const told = (msg: RegExp): number => lines.filter((line) => msg.test(String(line['msg']))).length
  const environments = async () => {
    await app.proveCredentials() // waits for the proof of new ones, which is made without it
    return (await app.inject('/environments')).json<object>()
  }
  t.match(await environments(), { environments: [{ cloud_name: 'demo', verified: true }] })

  writeFileSync(file, sandbox.cloudinaryUrl('other'))
  await until(() => told(/were reloaded/) === 1)
  t.match(await environments(), { environments: [{ cloud_name: 'other', verified: true }] })

  writeFileSync(file, 'cloudinary://canary')
  await until(() => told(/cannot be used/) > 0)
  await sleep(5 * POLL_MS)
  t.equal(told(/cannot be used/), 1, 'told once')
  t.notMatch(JSON.stringify(lines), /canary/)
  t.match(await environments(), { environments: [{ cloud_name: 'other', verified: true }] })

  writeFileSync(file, sandbox.cloudinaryUrl('other'))
  await until(() => told(/files of credentials can be used again/) === 1)
  writeFileSync(file, sandbox.cloudinaryUrl('demo'))
  await until(() => told(/were reloaded/) === 2)
  stop()
  const text = await app.metrics?.text()
  t.match(text, /reloads_total\{what="credentials",outcome="loaded"\} 3\n/)
  t.match(text, /reloads_total\{what="credentials",outcome="failed"\} 1\n/)
  t.match(text, /reload_last_successful\{what="credentials"\} 1\n/)
  t.ok(learnt.includes('efgh'))
})

t.test('the embedded sandbox beside them stays', async (t) => {
  const { app, sandbox, variables, logger, lines } = await start(t)
  t.teardown(reloadFiles(app, { variables: { ...variables, SANDBOX: 'on' }, logger, sandboxUrl: sandbox.url, pollMs: POLL_MS }).stop)
  await until(() => lines.length > 0)
  t.same(app.cloudinary.names(), ['production', 'sandbox'])
  t.same(lines[0]?.['environments'], ['sandbox'], 'and what has not changed is left alone')
})

t.test('without such files there is nothing to look at', async (t) => {
  const { app, logger } = await start(t)
  const { check, stop } = reloadFiles(app, { variables: { CLOUDINARY_URL: 'x' }, logger, sandboxUrl: undefined })
  check()
  stop()
  t.same(app.cloudinary.names(), ['production'])
})

const line = (caller: string, key: string): string => `${caller}=sha256:${digestOf(key).toString('hex')}\n`

/** A gateway whose keys and credentials stand in files. `status` is what a request with this bearer token gets. */
async function startWithKeys (t: Test, further: Record<string, string> = {}) {
  const keys = join(folderOf(t), 'keys')
  writeFileSync(keys, line('web', 'old'))
  const own = { GATEWAY_KEYS_FILE: keys, ...further }
  const { app, file, variables, logger, lines } = await start(t, { ...own, METRICS_PORT: '0' })
  t.teardown(reloadFiles(app, { variables: { ...variables, ...own }, logger, sandboxUrl: undefined, pollMs: POLL_MS }).stop)
  const status = async (token: string) => (await app.inject({ url: '/url?public_id=a', headers: { authorization: `Bearer ${token}` } })).statusCode
  const told = (msg: RegExp): number => lines.filter((entry) => msg.test(String(entry['msg']))).length
  return { app, file, keys, lines, status, told }
}

t.test('a changed file of keys: 401 for the key before, 200 for the new one; a bad one changes nothing', async (t) => {
  const { app, keys, lines, status, told } = await startWithKeys(t)
  t.same([await status('old'), await status('new')], [200, 401])
  writeFileSync(keys, line('web', 'new') + line('cms', 'cms'))
  await until(() => told(/^keys were reloaded/) === 1)
  t.same([await status('old'), await status('new'), await status('cms')], [401, 200, 200])
  for (const bad of ['web=canary', '', line('web', 'x') + line('cms', 'x')]) {
    const before = told(/changed keys cannot be used/)
    writeFileSync(keys, bad)
    await until(() => told(/changed keys cannot be used/) > before)
    t.same([await status('old'), await status('new'), await status('x')], [401, 200, 401], bad.slice(0, 10))
  }
  rmSync(keys)
  await until(() => lines.some(({ reason }) => /GATEWAY_KEYS_FILE names a file that cannot be read \(ENOENT\)/.test(String(reason))))
  t.equal(await status('new'), 200)
  t.match(await app.metrics?.text(), /reload_last_successful\{what="keys"\} 0\n/)
  t.match(await app.metrics?.text(), /reload_last_successful\{what="credentials"\} 1\n/)
  writeFileSync(keys, line('web', 'new') + line('cms', 'cms'))
  await until(() => told(/files of keys can be used again/) === 1)
  t.match(await app.metrics?.text(), /reload_last_successful\{what="keys"\} 1\n/)
  t.match(await app.metrics?.text(), /reloads_total\{what="keys",outcome="failed"\} [4-9]\n/)
  t.equal(told(/credentials/), 0, 'those have files of their own')
  t.notMatch(JSON.stringify(lines), /canary/)
})

t.test('bad credentials do not keep a key in force that was taken out', async (t) => {
  const { file, keys, status, told } = await startWithKeys(t)
  writeFileSync(file, 'cloudinary://canary')
  await until(() => told(/changed credentials cannot be used/) === 1)
  writeFileSync(keys, line('web', 'new'))
  await until(() => told(/^keys were reloaded/) === 1)
  t.same([await status('old'), await status('new')], [401, 200])
})

t.test('beside a policy: a key that comes without rules may do nothing; that rules lost their key is told once', async (t) => {
  const policy = join(folderOf(t), 'policy.yaml')
  writeFileSync(policy, 'callers: { web: { read_only: true } }')
  const { app, keys, lines, status, told } = await startWithKeys(t, { POLICY_FILE: policy })
  writeFileSync(keys, line('webb', 'new'))
  await until(() => told(/not all keys can be used/) === 1)
  t.same([await status('old'), await status('new')], [401, 403])
  t.match(lines.find(({ msg }) => /not all keys/.test(String(msg)))?.['reason'], /no key is left for "web"/)
  t.match(await app.metrics?.text(), /reload_last_successful\{what="keys"\} 0\n/)
  writeFileSync(policy, 'callers: { webb: { read_only: true } }')
  await app.reloadPolicy()
  await until(() => told(/^the files of keys can be used again/) === 1)
  t.same([await status('old'), await status('new')], [401, 200])
  t.equal((await app.inject({ method: 'DELETE', url: '/resources/a', headers: { authorization: 'Bearer new' } })).statusCode, 403)
  t.equal(told(/not all keys can be used/), 1)
  t.match(await app.metrics?.text(), /reload_last_successful\{what="keys"\} 1\n/)
})

t.test('a changed public key: 401 for tokens of the one before, though they were good a moment ago', async (t) => {
  const pairs = await Promise.all(['one', 'other'].map(() => generateKeyPair('ES256', { extractable: true })))
  const [old, next] = await Promise.all(pairs.map(async ({ publicKey, privateKey }) => ({
    pem: await exportSPKI(publicKey),
    token: await new SignJWT({ sub: '7' }).setProtectedHeader({ alg: 'ES256' }).setIssuer('i').setAudience('a').setExpirationTime('10 minutes').sign(privateKey)
  })))
  if (!old || !next) throw new Error('there are two')
  const pem = join(folderOf(t), 'pem')
  writeFileSync(pem, old.pem)
  const policy = join(folderOf(t), 'policy.yaml')
  writeFileSync(policy, 'callers: { members: { jwt: { claims: {} } } }')
  const { lines, status, told } = await startWithKeys(t, { AUTH_PUBLIC_KEY_FILE: pem, AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a', POLICY_FILE: policy })
  t.same([await status(old.token), await status(next.token)], [200, 401])
  writeFileSync(pem, '-----BEGIN PUBLIC KEY-----\ncanary\n-----END PUBLIC KEY-----\n')
  await until(() => told(/changed keys cannot be used/) === 1)
  t.same([await status(old.token), await status(next.token)], [200, 401])
  writeFileSync(pem, next.pem)
  await until(() => told(/^keys were reloaded/) === 1)
  t.same([await status(old.token), await status(next.token), await status('old')], [401, 200, 403])
  t.notMatch(JSON.stringify(lines), /canary/)
})

t.test('credentials that would need a proxy that cannot be used are not taken', async (t) => {
  const { app, file, variables, logger, lines } = await start(t)
  const { check, stop } = reloadFiles(app, {
    variables: { ...variables, HTTPS_PROXY: 'socks5://canary:1' }, logger, sandboxUrl: undefined, pollMs: 1_000_000
  })
  t.teardown(stop)
  writeFileSync(file, 'cloudinary://1234:abcd@demo?upload_prefix=https://media.example.com')
  check()
  await until(() => lines.length > 0)
  t.match(lines, [{ level: 50, reason: /HTTPS_PROXY names a SOCKS proxy/ }])
  t.match(app.cloudinary.get('production')?.environment.uploadPrefix, /^http:\/\/127\.0\.0\.1/)
  t.notMatch(JSON.stringify(lines), 'canary')
})
