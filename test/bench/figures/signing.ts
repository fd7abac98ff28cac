import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import type { Bench, Figure } from '../figure.ts'
import { startGateway, WITH_KEY } from '../gateway.ts'
import { apply, type Load } from '../load.ts'
import { startProgram } from '../servers.ts'
import { inRounds, ratios, spreadOf, type Contestant } from '../spread.ts'
import { startSink } from '../start-sink.ts'

const BODY = JSON.stringify({ public_id: 'users/1/avatar', folder: 'users', tags: ['avatar', 'profile'], context: { alt: 'A portrait', caption: 'Me' }, unique_filename: true })
const ISSUER = 'https://issuer.example.com'
const AUDIENCE = 'cloudinary-gateway'
const JSON_BODY = { 'content-type': 'application/json' }

async function token (): Promise<{ publicKey: string, jwt: string }> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwt = await new SignJWT({}).setProtectedHeader({ alg: 'ES256' }).setSubject('bench').setIssuer(ISSUER).setAudience(AUDIENCE)
    .setIssuedAt().setExpirationTime('2h').sign(privateKey)
  return { publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(), jwt }
}

async function run (bench: Bench): Promise<void> {
  const { rounds, seconds } = bench.options
  const sink = await startSink(bench)
  const { publicKey, jwt } = await token()
  const policy = join(bench.folder, 'policy.yaml')
  await writeFile(policy, 'callers: { bench: {}, tokens: { jwt: { claims: {} } } }\n')
  const gateway = await startGateway(bench, sink.url, { POLICY_FILE: policy, AUTH_PUBLIC_KEY: publicKey, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE })
  bench.onClose(gateway.stop)
  const withKey: Load = { method: 'POST', path: '/signature', headers: { ...JSON_BODY, ...WITH_KEY }, body: BODY }
  const withToken: Load = { ...withKey, headers: { ...JSON_BODY, authorization: `Bearer ${jwt}` } }
  const answer = await fetch(`${gateway.url}/signature`, withKey)
  if (!answer.ok) throw new Error(`POST /signature was answered ${answer.status}`)
  const bare = await startProgram({
    command: process.execPath,
    args: [join(import.meta.dirname, '../baselines/bare-fastify.js')],
    env: { ANSWER: await answer.text() },
    logFile: join(bench.folder, 'bare-fastify.log'),
    address: /listening at (\S+)/
  })
  bench.onClose(bare.stop)
  const speed = (server: typeof gateway, load: Load): Contestant => async () => 1 / (await apply(server, load, seconds)).cpuMicros
  for (const [server, load] of [[gateway, withKey], [gateway, withToken], [bare, withKey]] as const) await apply(server, load, 2)
  const values = await inRounds(rounds, { key: speed(gateway, withKey), token: speed(gateway, withToken), bare: speed(bare, withKey) })
  const micros = (list: readonly number[]): string => (1 / spreadOf(list).median).toFixed(1)
  bench.row({
    what: 'with a key and a log line / bare Fastify route',
    value: ratios(values.key, values.bare),
    unit: '',
    target: { atLeast: 0.65 },
    detail: `${micros(values.key)} / ${micros(values.bare)} us of CPU per request`
  })
  bench.row({
    what: 'with a JWT seen before / with a key',
    value: ratios(values.token, values.key),
    unit: '',
    target: { atLeast: 0.9 },
    detail: `${micros(values.token)} / ${micros(values.key)} us of CPU per request`
  })
}

export const signing: Figure = { name: 'signing', title: 'POST /signature: requests per second of CPU', run }
