import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { SignJWT, type CryptoKey } from 'jose'

const CALLERS = 12
const ABORTED_PART = 0.1
const LARGEST_BYTES = 2_000_000
const ADDRESSES = 2_000
const BOUNDARY = 'soak-41c0'

/** How many requests had each outcome: an action and its status, or `aborted`. */
export type Tally = Map<string, number>

interface Call {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

const NOISE = randomBytes(LARGEST_BYTES)
/** Short enough for every field that it is used in. */
const word = (): string => randomBytes(randomInt(1, 100)).toString('hex')
const json = (name: string, path: string, value: object): Call => ({
  name, method: 'POST', path, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value))
})
const get = (name: string, path: string): Call => ({ name, method: 'GET', path })
const piece = (): Buffer => NOISE.subarray(0, randomInt(1, LARGEST_BYTES))

function form (): Call {
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="tags"\r\n\r\n${word()}\r\n--${BOUNDARY}\r\n` +
    'Content-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
  return {
    name: 'upload form',
    method: 'POST',
    path: '/upload?resource_type=raw',
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}`, 'idempotency-key': randomUUID() },
    body: Buffer.concat([Buffer.from(head), piece(), Buffer.from(`\r\n--${BOUNDARY}--\r\n`)])
  }
}

function raw (): Call {
  const headers = { 'content-type': 'application/octet-stream' }
  return { name: 'upload raw', method: 'POST', path: `/upload?resource_type=raw&tags=${word()}`, headers, body: piece() }
}

const KINDS: ReadonlyArray<() => Call> = [
  form,
  raw,
  () => json('upload text', '/upload', { file: `data:text/plain;base64,${piece().toString('base64')}`, tags: word() }),
  () => get('list', `/resources?prefix=${word()}`),
  () => get('read', `/resources/${word()}`),
  () => json('signature', '/signature', { public_id: word().slice(0, 100), tags: word(), context: { [word().slice(0, 20)]: word() } }),
  () => json('explain', '/signature/explain', { fields: { tags: word(), timestamp: '1700000000', signature: 'a'.repeat(40) } }),
  () => get('url', `/url?public_id=${word()}&width=${randomInt(1, 2000)}`),
  () => get('signed url', `/signed-url?public_id=${word()}&format=jpg`),
  () => get('absent', `/${word()}`)
]

async function answerOf (sending: ClientRequest): Promise<number> {
  const [answer] = await once(sending, 'response') as [IncomingMessage]
  await once(answer.resume(), 'end')
  return answer.statusCode ?? 0
}

/** Makes tokens: half of the requests bring a new one, of a user that nobody has seen. */
function tokensBy (key: CryptoKey): () => Promise<string> {
  let last: string | undefined
  return async () => {
    if (last !== undefined && Math.random() < 0.5) return last
    last = await new SignJWT({ sub: randomUUID(), tenant: 'soak' }).setProtectedHeader({ alg: 'Ed25519' })
      .setIssuer('idp').setAudience('gateway').setExpirationTime('1 hour').sign(key)
    return last
  }
}

/** Sends one request, or a part of it; an abort comes while its body is sent, or while the answer is waited for. */
async function send (url: string, agent: Agent, { name, method, path, headers, body }: Call): Promise<string> {
  const forwarded = `10.0.${randomInt(ADDRESSES) >> 8}.${randomInt(256)}`
  const sending = request(`${url}${path}`, {
    method,
    agent,
    headers: { ...headers, ...(body && { 'content-length': body.length }), 'x-forwarded-for': forwarded }
  })
  sending.on('error', () => {}) // `answerOf` meets it too
  const isAborted = Math.random() < ABORTED_PART
  if (isAborted) {
    if (body) sending.write(body.subarray(0, randomInt(body.length)))
    else sending.end()
    await sleep(randomInt(20))
    sending.destroy()
    return 'aborted'
  }
  const answered = answerOf(sending)
  sending.end(body)
  return `${name} ${await answered.catch((error: Error) => error.message)}`
}

/**
 * Sends requests of every kind for so long, from several connections at once, and closes them.
 * @param key signs the tokens of its callers
 */
export async function traffic (url: string, key: CryptoKey, forMs: number, tally: Tally): Promise<void> {
  const token = tokensBy(key)
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS })
  const until = Date.now() + forMs
  await Promise.all(Array.from({ length: CALLERS }, async (_, caller) => {
    for (let count = caller; Date.now() < until; count++) {
      const call = (KINDS[count % KINDS.length] as () => Call)() // within bounds
      const headers = { ...call.headers, authorization: `Bearer ${await token()}` }
      const outcome = await send(url, agent, { ...call, headers })
      tally.set(outcome, (tally.get(outcome) ?? 0) + 1)
    }
  }))
  agent.destroy()
}
