import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { budgetOf } from '../../src/cloudinary/upload/budget.ts'
import { FaultUpstream } from '../support/fault-upstream.ts'
import { environmentAt, testConfig } from '../support/gateway.ts'

type Changes = Parameters<typeof testConfig>[1]

const PART = '--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc\r\n--B--\r\n'
const FORM = `Host: a\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: ${PART.length}\r\n`
const RAW = 'Host: a\r\nContent-Type: image/png\r\n'

/** A gateway before an upstream that misbehaves, and what of its uploads is known inside. */
async function start (t: Test, changes: Changes = {}) {
  const upstream = await new FaultUpstream().listen()
  t.teardown(() => upstream.close())
  const config = testConfig([environmentAt(upstream.url)], changes)
  const app = await buildApp({ config })
  t.teardown(() => app.close())
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const open = async (): Promise<Socket> => {
    const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  const budget = budgetOf(config.upload)
  return { upstream, open, budget }
}

/** Turns until this holds; a test that waits in vain ends with what is false. */
async function until (condition: () => boolean): Promise<boolean> {
  for (let turns = 0; turns < 500 && !condition(); turns++) await sleep(10)
  return condition()
}

t.test('a caller that leaves while its token is looked at leaves no upload behind', async (t) => {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const waiting: ServerResponse[] = []
  const jwks = createServer((_request, response) => { waiting.push(response) }).listen(0, '127.0.0.1')
  await once(jwks, 'listening')
  t.teardown(() => jwks.close())
  const { port } = jwks.address() as AddressInfo // it listens on TCP
  const policyFile = `${t.testdir({ 'policy.yaml': 'callers: { tokens: { jwt: { claims: {} } } }' })}/policy.yaml`
  const auth = { mode: 'keys', policyFile, jwksUrl: `http://127.0.0.1:${port}/`, issuer: 'iss', audience: 'aud' } as const
  const { open, budget } = await start(t, { auth })
  const token = await new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid: 'k' }).setIssuer('iss').setAudience('aud').setSubject('a').setIssuedAt().setExpirationTime('5m').sign(privateKey)
  const socket = await open()
  let admitted = 0
  const { admitSoon } = budget
  budget.admitSoon = async () => { admitted++; return admitSoon.call(budget) }
  socket.write(`POST /upload HTTP/1.1\r\n${RAW}Authorization: Bearer ${token}\r\nContent-Length: 100\r\n\r\nabc`)
  t.ok(await until(() => waiting.length === 1))
  socket.resetAndDestroy()
  await sleep(50) // nothing tells that the gateway has noticed
  waiting[0]?.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [{ ...await exportJWK(publicKey), kid: 'k', alg: 'ES256' }] }))
  t.ok(await until(() => admitted === 1))
  t.ok(await until(() => budget.running === 0))
})

for (const [name, head, body] of [['/upload', `${RAW}Content-Length: 100\r\n`, 'abc'], ['/direct-upload', FORM, PART]] as const) {
  t.test(`a caller that leaves with POST ${name} queued behind another request leaves no upload behind`, async (t) => {
    const { upstream, open, budget } = await start(t)
    upstream.script({ act: 'silent' }, { act: 'silent' })
    const socket = await open()
    socket.write(`GET /resources HTTP/1.1\r\nHost: a\r\n\r\nPOST ${name} HTTP/1.1\r\n${head}\r\n${body}`)
    // The signature of a direct upload is refused before anything is sent.
    t.ok(await until(() => upstream.seen.length === (name === '/upload' ? 2 : 1)))
    socket.destroy()
    t.ok(await until(() => budget.running === 0 && budget.unproven === 0 && budget.heldBytes === 0))
    const sent = upstream.seen.find(({ method }) => method === 'POST')
    t.ok(await until(() => sent?.end !== 'open'), 'nor a request that waits for the rest')
    t.not(sent?.end, 'complete')
  })
}

const UNSIGNED = 'POST /direct-upload HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=B\r\nTransfer-Encoding: chunked\r\n\r\n'
const fieldPart = (name: string, value: string): string => `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
const FILE_BEGINS = '--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'

/** The first line of what comes back. */
async function statusOf (socket: Socket): Promise<string> {
  const [data] = await once(socket, 'data') as [Buffer]
  return data.toString().split('\r\n')[0] ?? ''
}

t.test('who signs nothing holds no place of an upload, and only a few of its own', async (t) => {
  const { open, budget } = await start(t, { upload: { maxConcurrent: 8 } })
  const strangers = await Promise.all(Array.from({ length: 2 }, open))
  for (const socket of strangers) socket.write(`${UNSIGNED}${chunk(fieldPart('tags[]', 'a'))}`)
  t.ok(await until(() => budget.unproven === 2))
  const third = await open()
  third.write(`${UNSIGNED}${chunk(fieldPart('tags[]', 'a'))}`)
  t.match(await statusOf(third), ' 503 ')
  t.equal(budget.running, 0)
  const keyed = await open()
  keyed.write(`POST /upload HTTP/1.1\r\n${RAW}Content-Length: 3\r\n\r\nabc`)
  t.match(await statusOf(keyed), ' 200 ')
  for (const socket of strangers) socket.destroy()
  t.ok(await until(() => budget.unproven === 0), 'and leave none behind')
})

t.test('a place without a proof is given back however its request ends', async (t) => {
  const { open, budget } = await start(t)
  const ends = { broken: 'ZZ\r\n', refused: chunk(`${fieldPart('signature', '0')}${FILE_BEGINS}`), unknown: chunk(`${fieldPart('nothing', '0')}${FILE_BEGINS}`) }
  for (const [name, bytes] of Object.entries(ends)) {
    const socket = await open()
    socket.on('data', () => {}).write(`${UNSIGNED}${chunk(fieldPart('tags[]', 'a'))}`)
    t.ok(await until(() => budget.unproven === 1))
    socket.write(bytes)
    await once(socket, 'end')
    t.ok(await until(() => budget.unproven === 0), name)
  }
})

t.test('with a signature that fits, the place becomes one of an upload, while the file still comes; 503 when none is free', async (t) => {
  const { open, budget } = await start(t, { upload: { maxConcurrent: 1 } })
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = createHash('sha1').update(`timestamp=${timestamp}abcd`).digest('hex')
  const proof = fieldPart('timestamp', timestamp) + fieldPart('signature', signature)
  const proven = await open()
  proven.write(`${UNSIGNED}${chunk(proof + FILE_BEGINS)}`)
  t.ok(await until(() => budget.running === 1 && budget.unproven === 0))
  proven.destroy()
  t.ok(await until(() => budget.running === 0))
  const waiting = await open()
  waiting.write(`${UNSIGNED}${chunk(fieldPart('timestamp', timestamp))}`)
  t.ok(await until(() => budget.unproven === 1))
  const release = budget.admit()
  waiting.write(chunk(fieldPart('signature', signature) + FILE_BEGINS))
  t.match(await statusOf(waiting), ' 503 ')
  t.ok(await until(() => budget.unproven === 0))
  t.equal(budget.running, 1)
  release()
})

t.test('what the parser cannot read ends the connection, and with it the upload, even when the caller stays', async (t) => {
  const { open, budget } = await start(t)
  for (const bytes of [`${RAW}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nZZ\r\n`, `${RAW}Content-Length: 4\r\n\r\nabcdGARBAGE\r\n\r\n`]) {
    const socket = await open()
    socket.on('data', () => {})
    socket.write(`POST /upload HTTP/1.1\r\n${bytes}`)
    await once(socket, 'end')
    t.ok(await until(() => budget.running === 0 && budget.heldBytes === 0), bytes.slice(-20))
  }
})
