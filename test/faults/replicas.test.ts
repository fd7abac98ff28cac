import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts'
import { NO_NGINX, startNginx, type Nginx } from '../support/nginx.ts'
import { freePort } from '../support/programs.ts'
import { NO_REDIS, startRedis } from '../support/redis.ts'
import { LONG } from '../support/rounds.ts'
import { startSandboxProcess } from '../support/sandbox-process.ts'
import { NO_TINYPROXY, startTinyproxy } from '../support/tinyproxy.ts'

const CLOUDS = [
  { cloudName: 'one', apiKey: '1', apiSecret: 'abcd' },
  { cloudName: 'other', apiKey: '2', apiSecret: 'efgh' }
]
const REPLICAS = 3
const PAUSE_MS = 20 // 50 requests a second
const DRAIN_SECONDS = 5
/** How long Kubernetes may go on sending to a pod that is not ready. */
const TAKEN_OUT_MS = 1_500
const PROBE_MS = 100
/** So large a window that next to nothing comes back while the test runs. */
const RATE = { requests: 100_000, perSeconds: 999_999 }
const BYTES = Buffer.alloc(50_000, 'a')
const SLOW_PARTS = 20

interface Answer { readonly status: number, readonly headers: NodeJS.Dict<string | string[]>, readonly text: string }

/** One request on a connection of its own. `parts` are sent with a pause between them. */
async function send (url: string, method: string, headers: Record<string, string> = {}, parts: ReadonlyArray<string | Buffer> = [], pauseMs = 0): Promise<Answer> {
  const request = httpRequest(url, { method, headers, agent: false })
  const answered = new Promise<Answer>((resolve, reject) => {
    request.on('error', reject).on('response', (response) => {
      let text = ''
      response.on('error', reject).on('data', (chunk) => { text += chunk }).on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
      })
    })
  })
  for (const part of parts) {
    request.write(part)
    if (pauseMs > 0) await sleep(pauseMs)
  }
  request.end()
  return answered
}

const JSON_TYPE = { 'content-type': 'application/json' }

function upload (url: string, key: string, parts: readonly Buffer[] = [BYTES], pauseMs = 0): Promise<Answer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return send(`${url}/upload?resource_type=raw`, 'POST', {
    'content-type': 'application/octet-stream', 'content-length': String(length), 'idempotency-key': key
  }, parts, pauseMs)
}

/** The two-step flow. The second step may meet another replica. */
async function direct (url: string): Promise<Answer> {
  const signed = await send(`${url}/signature`, 'POST', JSON_TYPE, ['{"folder":"flow"}'])
  if (signed.status !== 200) return signed
  const { fields } = JSON.parse(signed.text) as { fields: Record<string, string> } // as documented
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new Blob([BYTES]), 'a.bin')
  const encoded = new Response(form)
  const body = Buffer.from(await encoded.arrayBuffer())
  return send(`${url}/direct-upload`, 'POST', { 'content-type': String(encoded.headers.get('content-type')), 'content-length': String(body.length) }, [body])
}

/** Requests of every kind, fifty a second, until they are stopped. */
class Traffic {
  readonly failures: string[] = []
  readonly keys: string[] = []
  readonly #url: string
  readonly #running = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  sent = 0

  constructor (url: string) {
    this.#url = url
    this.#timer = setInterval(() => { this.#next(this.sent) }, PAUSE_MS)
  }

  /** An upload that takes two seconds to come in. */
  slowUpload (): void {
    const part = BYTES.subarray(0, 1000)
    this.#note('slow upload', upload(this.#url, `slow-${this.sent}`, Array.from({ length: SLOW_PARTS }, () => part), 100))
  }

  async stop (): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#running)
  }

  #next (number: number): void {
    const url = this.#url
    if (number % 25 === 0) {
      this.sent++ // the signature before it
      return this.#note('direct upload', direct(url))
    }
    if (number % 10 === 1) {
      this.keys.push(`key-${number}`)
      return this.#note('upload', upload(url, `key-${number}`))
    }
    if (number % 10 === 3) return this.#note('list', send(`${url}/resources?resource_type=raw`, 'GET'))
    if (number % 2 === 0) return this.#note('signature', send(`${url}/signature`, 'POST', JSON_TYPE, ['{"folder":"a"}']))
    this.#note('url', send(`${url}/url?public_id=a`, 'GET'))
  }

  #note (what: string, answer: Promise<Answer>): void {
    this.sent++
    const done: Promise<void> = answer.then(({ status, text }) => {
      if (status !== 200) this.failures.push(`${what}: ${status} ${text.slice(0, 300)}`)
    }, (error: unknown) => { this.failures.push(`${what}: ${String(error)}`) }).finally(() => { this.#running.delete(done) })
    this.#running.add(done)
  }
}

const portOf = ({ url }: GatewayProcess): string => new URL(url).port

async function untilReady ({ url }: GatewayProcess, ready: boolean): Promise<void> {
  const isReady = (): Promise<boolean> => fetch(`${url}/readyz`).then(({ status }) => status === 200, () => false)
  while (await isReady() !== ready) await sleep(PROBE_MS)
}

/** Replaces each replica as Kubernetes does: a new one first, then the old one is told to end. */
async function rollOver (t: Test, nginx: Nginx, traffic: Traffic, replicas: GatewayProcess[], start: () => Promise<GatewayProcess>): Promise<void> {
  for (const old of [...replicas]) {
    const next = await start()
    await untilReady(next, true)
    replicas.push(next)
    nginx.balance(replicas.map(portOf))
    traffic.slowUpload()
    const exited = once(old.child, 'exit')
    old.child.kill('SIGTERM')
    await untilReady(old, false)
    for (let number = 0; number < REPLICAS; number++) traffic.slowUpload()
    await sleep(TAKEN_OUT_MS)
    replicas.splice(replicas.indexOf(old), 1)
    nginx.balance(replicas.map(portOf))
    t.same(await exited, [0, null], 'it ended by itself')
  }
}

t.test('three replicas, restarted one after the other under load: no request fails, and what they share is shared', {
  skip: LONG || NO_REDIS || NO_NGINX || NO_TINYPROXY
}, async (t) => {
  const folder = t.testdir({ proxy: {} })
  const port = await freePort()
  const [sandbox, proxy] = await Promise.all([
    startSandboxProcess(t, ':memory:', { clouds: CLOUDS }),
    startTinyproxy(t, { folder: `${folder}/proxy` }),
    startRedis(t, port)
  ])
  /** Every deployment calls its environment `production`. */
  const start = (cloud: number, further: Record<string, string> = {}): Promise<GatewayProcess> => {
    const { cloudName = '', apiKey = '', apiSecret = '' } = CLOUDS[cloud] ?? {}
    return startGatewayProcess(t, {
      CLOUDINARY_URL: `cloudinary://${apiKey}:${apiSecret}@${cloudName}?upload_prefix=${sandbox.url}&api_proxy=http://${proxy.address}`,
      REDIS_URL: `redis://127.0.0.1:${port}`,
      RATE_PER_ADDRESS: `${RATE.requests}/${RATE.perSeconds}`,
      SHUTDOWN_DRAIN_SECONDS: String(DRAIN_SECONDS),
      LOG_LEVEL: 'info',
      ...further
    })
  }
  const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => start(0)))
  const nginx = await startNginx(t, folder, replicas.map(portOf))
  const traffic = new Traffic(nginx.url)
  await rollOver(t, nginx, traffic, replicas, () => start(0))
  await traffic.stop()
  t.same(traffic.failures, [])
  t.ok(traffic.sent > 500, `${traffic.sent} requests`)
  t.ok(proxy.requests().length > 0, 'through the proxy')

  const { headers } = await send(`${nginx.url}/url?public_id=a`, 'GET')
  const used = RATE.requests - Number(/r=(\d+)/.exec(String(headers['ratelimit']))?.[1])
  t.ok(used > traffic.sent * 0.9, `one rate for all, old and new: ${used} of ${traffic.sent}`)

  const [other, apart] = await Promise.all([start(1), start(0, { REDIS_PREFIX: 'apart:' })])
  const key = traffic.keys[0] ?? ''
  t.match(await upload(nginx.url, key), { status: 200, headers: { 'idempotent-replayed': 'true' }, text: /\/one\// }, 'processes that are gone are remembered')
  const elsewhere = await upload(other.url, key)
  t.match(elsewhere, { status: 200, text: /\/other\// })
  t.equal(elsewhere.headers['idempotent-replayed'], undefined, 'no replay across clouds')
  const left = (await send(`${apart.url}/url?public_id=a`, 'GET')).headers['ratelimit']
  t.match(left, `r=${RATE.requests - 1}`, 'another prefix is another rate')

  const signed = await send(`${nginx.url}/signature`, 'POST', JSON_TYPE, ['{"folder":"a"}'])
  const { fields } = JSON.parse(signed.text) as { fields: Record<string, string> } // as documented
  const question = JSON.stringify({ fields: { ...fields, folder: 'b' } })
  const explained = async ({ url }: { url: string }): Promise<string> => (await send(`${url}/signature/explain`, 'POST', JSON_TYPE, [question])).text
  for (const replica of replicas) while (!/was signed as/.test(await explained(replica))) await sleep(20)
  for (const stranger of [other, apart]) t.notMatch(await explained(stranger), 'was signed as')
})
