import { createCipheriv, createHash } from 'node:crypto'
import { request as httpRequest, type ClientRequest } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { startSandbox, type FaultOrder, type Sandbox } from '../../src/sandbox/index.ts'
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts'
import { randomFrom, type Random } from '../support/random.ts'
import type { Drill } from './run.ts'

const USUAL_COUNT = 1_000
/** Each with a sandbox and an environment of its own, so that the faults of one strike no other. */
const WORKERS = 4
const CHUNK_BYTES = 5 * 1024 ** 2
const IDLE_MS = 500
/** Longer than all retries of one upload take. */
const NO_ANSWER_MS = 120_000

const BODIES = ['form', 'bytes', 'json', 'urlencoded'] as const
const FAULTS: ReadonlyArray<FaultOrder['kind']> = [
  'reset', 'fin', 'status', 'html', 'early_status', 'refuse', 'cut_answer', 'lost_answer', 'stall', 'delay'
]
const STATUSES = [500, 502, 503, 429, 400, 401]

// none is empty
const pick = <T>(random: Random, values: readonly T[]): T => values[random(values.length)] as T

/** One upload, all of it chosen by its seed. */
interface Plan {
  readonly number: number
  readonly body: (typeof BODIES)[number]
  readonly caller: 'stays' | 'leaves' | 'stalls' | 'drips'
  readonly file: Buffer
  readonly isNamed: boolean
  readonly isLengthKnown: boolean
  readonly faults: readonly FaultOrder[]
}

function fileSize (random: Random, body: Plan['body']): number {
  const large = body === 'json' || body === 'urlencoded' ? 3_000_000 : 12_000_000
  return 1 + random(pick(random, [100, 20_000, 200_000, 200_000, 1_200_000, large]))
}

function planOf (seed: number, number: number): Plan {
  const random = randomFrom(seed + number)
  const body = pick(random, BODIES)
  const size = fileSize(random, body)
  const fault = (): FaultOrder => ({
    kind: pick(random, FAULTS),
    match: { path: '/upload', method: 'POST' },
    skip: random(3),
    at_byte: random(2) === 0 ? random(size) : random(200),
    status: pick(random, STATUSES),
    headers: { 'retry-after': '1' },
    ms: random(2) === 0 ? 100 : 2_000
  })
  return {
    number,
    body,
    caller: pick(random, ['stays', 'stays', 'stays', 'stays', 'stays', 'leaves', 'stalls', 'drips']),
    // Of no pattern, so that bytes that are lost, doubled or moved change the digest.
    file: createCipheriv(
      'aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16, number)
    ).update(Buffer.alloc(size)),
    isNamed: random(2) === 0,
    isLengthKnown: random(2) === 0,
    faults: Array.from({ length: random(4) }, fault)
  }
}

const tagOf = ({ number }: Plan): string => `run-${number}`

function encoded (plan: Plan): { type: string, query: string, bytes: Buffer } {
  const { body, file, isNamed } = plan
  const fields = {
    resource_type: 'raw', tags: tagOf(plan), ...(isNamed && { public_id: `named/${tagOf(plan)}` })
  }
  const uri = (): string => `data:application/octet-stream;base64,${file.toString('base64')}`
  switch (body) {
    case 'bytes': return {
      type: 'application/octet-stream', query: `?${new URLSearchParams(fields)}`, bytes: file
    }
    case 'json': return {
      type: 'application/json', query: '', bytes: Buffer.from(JSON.stringify({ ...fields, file: uri() }))
    }
    case 'urlencoded': return {
      type: 'application/x-www-form-urlencoded',
      query: '',
      bytes: Buffer.from(new URLSearchParams({ ...fields, file: uri() }).toString())
    }
    case 'form': {
      const parts = Object.entries(fields)
        .map(([name, value]) => `--B-B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
      const head =
        `${parts.join('')}--B-B\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n`
      return {
        type: 'multipart/form-data; boundary=B-B',
        query: '',
        bytes: Buffer.concat([Buffer.from(head), file, Buffer.from('\r\n--B-B--\r\n')])
      }
    }
  }
}

interface Problem { readonly code?: string, readonly outcome?: string, readonly etag?: string }
type Answer = { readonly status: number, readonly body: Problem } | 'left'

/** Waits until more can be written, or nothing ever will. */
async function drained (sending: ClientRequest): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      sending.off('drain', done).off('close', done)
      resolve()
    }
    sending.on('drain', done).on('close', done)
  })
}

/** Sends the body as its caller does: in pieces, slowly, up to a point, or not to its end. */
async function sendBody (sending: ClientRequest, bytes: Buffer, { caller, number }: Plan): Promise<void> {
  const random = randomFrom(number)
  const end = caller === 'leaves' || caller === 'stalls' ? random(bytes.length) : bytes.length
  for (let at = 0, pieces = 0; at < end && !sending.destroyed; pieces++) {
    const next = Math.min(end, at + 1 + random(Math.max(1_000, bytes.length >> 2)))
    const isTaken = sending.write(bytes.subarray(at, next))
    at = next
    if (caller === 'drips' && pieces < 20) await sleep(random(IDLE_MS / 4))
    else if (!isTaken) await drained(sending)
  }
  if (caller === 'leaves') sending.destroy()
  else if (caller !== 'stalls') sending.end()
}

async function send (url: string, worker: number, plan: Plan): Promise<Answer> {
  const { type, query, bytes } = encoded(plan)
  const headers = {
    'content-type': type,
    'x-environment': `worker${worker}`,
    ...(plan.isLengthKnown && { 'content-length': String(bytes.length) })
  }
  const sending = httpRequest(`${url}/upload${query}`, { method: 'POST', agent: false, headers })
  const late = setTimeout(
    () => { sending.destroy(new Error(`no answer within ${NO_ANSWER_MS} ms`)) }, NO_ANSWER_MS
  )
  try {
    return await new Promise<Answer>((resolve, reject) => {
      sending.on('response', (response) => {
        buffer(response).then((body) => {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(body.toString()) as Problem })
        }).catch(reject)
      })
      sending.on('error', (error) => { if (plan.caller !== 'leaves') reject(error) })
      sending.on('close', () => { if (plan.caller === 'leaves') resolve('left') })
      sendBody(sending, bytes, plan).catch(reject)
    })
  } finally {
    clearTimeout(late)
    sending.destroy()
  }
}

/** Digests of all that is stored for this run, asked of the sandbox itself. */
async function stored ({ url, clouds: [cloud] }: Sandbox, plan: Plan): Promise<string[]> {
  const { cloudName, apiKey, apiSecret } = cloud ?? { cloudName: '', apiKey: '', apiSecret: '' }
  const headers = { authorization: `Basic ${Buffer.from(`${apiKey}:${apiSecret}`).toString('base64')}` }
  const ask = async (path: string): Promise<unknown> =>
    (await fetch(`${url}/v1_1/${cloudName}/resources/raw/${path}`, { headers })).json()
  // as documented
  const { resources } = await ask(`tags/${tagOf(plan)}`) as { resources: Array<{ public_id: string }> }
  return Promise.all(resources.map(async ({ public_id: id }) =>
    (await ask(`upload/${encodeURIComponent(id)}`) as { etag: string }).etag))
}

/** What is wrong with what is stored after this answer; undefined when nothing is. */
function complaint ({ file }: Plan, answer: Answer, digests: readonly string[]): string | undefined {
  const whole = createHash('md5').update(file).digest('hex')
  if (digests.some((digest) => digest !== whole)) return 'other bytes are stored than were sent'
  if (answer === 'left') return undefined
  const { status, body: { etag, outcome } } = answer
  if (status === 200) {
    return digests.length === 1 && etag === whole ? undefined : `200, and ${digests.length} are stored`
  }
  return digests.length > 0 && outcome !== 'unknown'
    ? `${status} does not say that the file may be stored`
    : undefined
}

const told = ({ number, body, caller, file, isNamed, isLengthKnown, faults }: Plan): string => [
  `run ${number}: ${body}, ${file.length} bytes, ${isLengthKnown ? 'length known' : 'chunked'}, ${isNamed ? 'named' : 'not named'}, the caller ${caller}`,
  ...faults.map((
    { kind, status, skip, at_byte: at }
  ) => `${kind} ${status} after ${skip} requests at byte ${at}`)
].join('; ')

const kindOf = (answer: Answer): string => answer === 'left'
  ? 'the caller left'
  : `${answer.status} ${answer.body.code ?? ''} ${answer.body.outcome ?? ''}`.trimEnd()

/** Sandboxes with an environment each, before one gateway in a process of its own. */
async function start (
  t: { teardown: (end: () => unknown) => void }
): Promise<{ gateway: GatewayProcess, sandboxes: readonly Sandbox[] }> {
  const sandboxes = await Promise.all(Array.from({ length: WORKERS }, async () => startSandbox()))
  for (const sandbox of sandboxes) t.teardown(() => sandbox.close())
  const gateway = await startGatewayProcess(t, {
    ...Object.fromEntries(
      sandboxes.map((sandbox, index) => [`CLOUDINARY_URL_WORKER${index}`, sandbox.cloudinaryUrl()])
    ),
    CLOUDINARY_ENVIRONMENT: 'worker0',
    METRICS_PORT: '0',
    LOG_LEVEL: 'info',
    UPLOAD_CHUNK_BYTES: String(CHUNK_BYTES),
    UPLOAD_SINGLE_MAX_BYTES: '1MiB',
    UPLOAD_IDLE_TIMEOUT_MS: String(IDLE_MS),
    UPSTREAM_UPLOAD_TIMEOUT_MS: '1500'
  })
  return { gateway, sandboxes }
}

/** Uploads that still run, and memory that they hold, once all have been answered or given up. */
async function leftOver ({ log }: GatewayProcess): Promise<string[]> {
  const [, url = ''] = /"url":"(http:[^"]+\/metrics)"/.exec(log()) ?? []
  const held = async (): Promise<string[]> =>
    (await (await fetch(url)).text()).match(
      /^cloudinary_gateway_(?:uploads_running|uploads_waiting|upload_held_bytes) (?!0$).+$/gm
    ) ?? []
  for (let turns = 0; turns < 100 && (await held()).length > 0; turns++) await sleep(50)
  return held()
}

/** Uploads one after the other in each environment; returns what was wrong. */
async function runAll (
  count: number, seed: number, { gateway, sandboxes }: Awaited<ReturnType<typeof start>>
): Promise<string[]> {
  const complaints: string[] = []
  const kinds: Record<string, number> = {}
  const done: Array<{ plan: Plan, answer: Answer, sandbox: Sandbox }> = []
  const check = async ({ plan, answer, sandbox }: (typeof done)[number]): Promise<void> => {
    const wrong = complaint(plan, answer, await stored(sandbox, plan))
    if (wrong !== undefined) complaints.push(`${wrong} (${kindOf(answer)}): ${told(plan)}`)
  }
  await Promise.all(sandboxes.map(async (sandbox, worker) => {
    for (let number = worker; number < count; number += WORKERS) {
      const plan = planOf(seed, number)
      for (const fault of plan.faults) sandbox.faults.add(fault)
      const answer = await send(gateway.url, worker, plan).catch((error: Error) => {
        complaints.push(`${error.message}: ${told(plan)}`)
        return 'left' as const
      })
      sandbox.faults.clear()
      kinds[kindOf(answer)] = (kinds[kindOf(answer)] ?? 0) + 1
      done.push({ plan, answer, sandbox })
      if (answer !== 'left' && answer.status === 200) await check({ plan, answer, sandbox })
    }
  }))
  // What was given up may have been stored later.
  for (const one of done) if (one.answer === 'left' || one.answer.status !== 200) await check(one)
  console.log(Object.entries(kinds)
    .sort(([one], [other]) => one < other ? -1 : 1)
    .map(([kind, times]) => `${String(times).padStart(6)}  ${kind}`)
    .join('\n'))
  return [...complaints, ...await leftOver(gateway)]
}

export const faults: Drill = {
  about: `${USUAL_COUNT} uploads, or as many as are asked for (faults 5000), with random faults and callers: each 200 has exactly the bytes, each failure that stored something says so; a second number is the seed`,
  run: async ([count = String(USUAL_COUNT), seed = String(Math.floor(Date.now() / 1000))]) => {
    const endings: Array<() => unknown> = []
    try {
      const started = await start({ teardown: (end) => { endings.push(end) } })
      console.log(`${count} uploads, seed ${seed}`)
      const complaints = await runAll(Number(count), Number(seed), started)
      if (complaints.length > 0) throw new Error(complaints.join('\n'))
    } finally {
      for (const end of endings) await end()
    }
  }
}
