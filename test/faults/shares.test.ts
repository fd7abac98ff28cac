import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { budgetOf } from '../../src/cloudinary/upload/budget.ts'
import { environmentAt, testConfig } from '../support/gateway.ts'
import { startUpstreamProcess, type UpstreamProcess } from '../support/upstream-process.ts'

const PLACES = 32
const DIRECT = '/direct-upload?resource_type=raw&environment=well'
/** The same for all forms, so that the same fields have the same signature. */
const TIMESTAMP = String(Math.floor(Date.now() / 1000))
const RAW = { 'content-type': 'application/octet-stream' }
const keyOf = (caller: string): Record<string, string> => ({ authorization: `Bearer ${caller}-key` })
const keys = ['web', 'cms'].map((caller) => ({ caller, digest: digestOf(`${caller}-key`) }))

interface Answer { readonly status: number, readonly body: Record<string, unknown> }

interface Sending {
  /** Of more than the head, nothing comes. */
  readonly request: ClientRequest
  readonly answer: Promise<Answer>
}

interface Sent {
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

type Changes = Parameters<typeof testConfig>[1]

/** A gateway with default shares, two environments and two callers, before one upstream in a process of its own. */
async function start (t: Test, upstream: UpstreamProcess, changes: Changes = {}) {
  const config = testConfig([
    environmentAt(upstream.url, { name: 'hanging' }), environmentAt(upstream.url, { name: 'well' })
  ], { ...changes, auth: { mode: 'keys', keys } })
  const app = await buildApp({ config })
  t.teardown(() => app.close())
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const send = ({ path = '/upload?resource_type=raw', headers = RAW, body }: Sent): Sending => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false })
    const answer = once(request, 'response').then(async ([response]) => {
      const { statusCode: status = 0 } = response as IncomingMessage
      return { status, body: await json(response as IncomingMessage) as Answer['body'] } // all answers are JSON objects
    })
    answer.catch(() => {}) // it may be given up
    if (body === undefined) request.flushHeaders()
    else request.end(body)
    return { request, answer }
  }
  return { send, budget: budgetOf(config.upload) }
}

const inEnvironment = (name: string, caller: string): Record<string, string> =>
  ({ ...RAW, ...keyOf(caller), 'x-environment': name })

/** Uploads in a row, a few at a time: each must be taken. */
async function takesAll (t: Test, count: number, upload: (index: number) => Sending): Promise<void> {
  const statuses: number[] = []
  let next = 0
  await Promise.all(Array.from({ length: 2 }, async () => {
    while (next < count) statuses.push((await upload(next++).answer).status)
  }))
  t.same(statuses, Array.from({ length: count }, () => 200))
}

/** A form that is good for one public ID. With `late` its file stands first. */
function signedForm (fields: Record<string, string>, order: 'usual' | 'late' = 'usual'): { headers: Record<string, string>, body: string } {
  const all = { ...fields, timestamp: TIMESTAMP }
  const text = Object.entries(all).sort(([one], [other]) => one < other ? -1 : 1).map(([name, value]) => `${name}=${value}`).join('&')
  const signature = createHash('sha1').update(`${text}abcd`).digest('hex')
  const parts = Object.entries({ ...all, signature }).map(([name, value]) => `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
  const file = '--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nxyz\r\n'
  const body = [...order === 'late' ? [file, ...parts] : [...parts, file], '--B--\r\n'].join('')
  return { body, headers: { 'content-type': 'multipart/form-data; boundary=B' } }
}

t.test('shares of the places for uploads', async (t) => {
  const upstream = await startUpstreamProcess(t)
  const { send, budget } = await start(t, upstream, { trustProxy: ['127.0.0.1'] })

  /** Opens uploads that do not end, and waits until each has its place or is refused. */
  const openAll = async (count: number, open: (index: number) => Sending): Promise<{ held: Sending[], refused: Answer[] }> => {
    const refused: Answer[] = []
    const held = new Set(Array.from({ length: count }, (_, index) => open(index)))
    for (const sending of held) {
      sending.answer.then((answer) => {
        held.delete(sending)
        refused.push(answer)
      }, () => {})
    }
    for (let turns = 0; turns < 1000 && refused.length + budget.running + budget.unproven !== count; turns++) await sleep(10)
    return { held: [...held], refused }
  }
  /** Ends what was held, and waits until nothing of it is left. */
  const letGo = async (held: readonly Sending[]): Promise<void> => {
    for (const { request } of held) request.destroy()
    for (let turns = 0; turns < 1000 && budget.running + budget.unproven > 0; turns++) await sleep(10)
    t.same([budget.running, budget.unproven, budget.heldBytes], [0, 0, 0])
  }
  const refusalsOf = (refused: readonly Answer[]): unknown[] =>
    refused.map(({ status, body: { code, share, detail } }) => [status, code, share, detail])

  t.test('an environment that hangs leaves places for the others, of the whole and of each caller\'s share', async (t) => {
    await upstream.script(Array.from({ length: 24 }, () => ({ act: 'silent' })))
    const callerAt = (index: number): string => index % 2 === 0 ? 'web' : 'cms'
    const open = (index: number): Sending => send({ headers: inEnvironment('hanging', callerAt(index)), body: 'abc' })
    const { held, refused } = await openAll(PLACES, open)
    t.equal(held.length, 24)
    const detail = 'The share of this caller is full: it holds 12 of the 32 places for uploads in this environment.'
    t.same(refusalsOf(refused), Array.from({ length: 8 }, () => [503, 'overloaded', 'caller', detail]))
    const stranger = await send({ path: '/direct-upload?environment=hanging', ...signedForm({ public_id: 'x' }) }).answer
    t.same(refusalsOf([stranger]), [[
      503, 'overloaded', 'environment', 'The share of this environment is full: it holds 24 of the 32 places for uploads.'
    ]])
    await takesAll(t, 100, (index) => send({ headers: inEnvironment('well', callerAt(index)), body: 'abc' }))
    await takesAll(t, 10, (index) => send({ path: DIRECT, ...signedForm({ public_id: `x${index}` }) }))
    const seen = await upstream.seen()
    t.equal(seen.length, 134, 'what was refused was not sent')
    t.ok(seen.every(({ end }) => end === 'complete'))
    await letGo(held)
  })

  t.test('a caller that drips in all the places it gets leaves those of the others', async (t) => {
    const open = (index: number): Sending => {
      const sending = send({ headers: inEnvironment(index % 2 === 0 ? 'hanging' : 'well', 'web') })
      sending.request.write('a')
      return sending
    }
    const { held, refused } = await openAll(40, open)
    t.equal(held.length, 16)
    const detail = 'The share of this caller is full: it holds 16 of the 32 places for uploads.'
    t.same(refusalsOf(refused), Array.from({ length: 24 }, () => [503, 'overloaded', 'caller', detail]))
    for (const name of ['hanging', 'well']) await takesAll(t, 50, () => send({ headers: inEnvironment(name, 'cms'), body: 'abc' }))
    await takesAll(t, 10, (index) => send({ path: DIRECT, ...signedForm({ public_id: `a${index}` }) }))
    await letGo(held)
  })

  t.test('one signature has an eighth, one address without a key a quarter, whatever it signs', async (t) => {
    const held: Sending[] = []
    /** Begins a direct upload; undefined once it has its place, or else its refusal. */
    const drip = async (fields: Record<string, string>, { environment = 'well', address = '192.0.2.1' } = {}): Promise<unknown> => {
      const { headers, body } = signedForm(fields)
      const sending = send({ path: `/direct-upload?environment=${environment}`, headers: { ...headers, 'x-forwarded-for': address } })
      const before = budget.running
      sending.request.write(body.slice(0, body.indexOf('xyz') + 1))
      const answers: Answer[] = []
      sending.answer.then((given) => { answers.push(given) }, () => {})
      for (let turns = 0; turns < 1000 && answers.length === 0 && budget.running === before; turns++) await sleep(2)
      const [answer] = answers
      if (!answer) held.push(sending)
      return answer && [answer.status, answer.body['share'], answer.body['detail']]
    }
    const taken = async (fields: Record<string, string>, where: Parameters<typeof drip>[1] = {}): Promise<void> => {
      t.equal(await drip(fields, where), undefined, JSON.stringify([fields, where]))
    }
    for (let times = 0; times < 4; times++) await taken({ public_id: 'one' })
    const full = [503, 'signature', 'The share of this signature is full: it holds 4 of the 32 places for uploads.']
    for (let times = 0; times < 3; times++) t.same(await drip({ public_id: 'one' }), full)
    const more = await Promise.all(Array.from({ length: 30 }, async () => drip({ public_id: 'one' })))
    t.match(more, more.map(() => [503, /^(?:signature|address)$/, String]), 'some have no place before their proof')
    for (const id of ['a', 'b']) await taken({ public_id: id })
    t.match(await drip({ public_id: 'c' }), [503, 'address', /of this address .* 6 of the 32 places for uploads in this environment/])
    for (const id of ['a', 'b']) await taken({ public_id: id }, { environment: 'hanging' })
    t.match(await drip({ public_id: 'c' }, { environment: 'hanging' }), [503, 'address', /it holds 8 of the 32 places for uploads\.$/])
    await taken({ public_id: 'a' }, { address: '192.0.2.2' })
    await takesAll(t, 20, (index) => send({ headers: inEnvironment('well', index % 2 === 0 ? 'web' : 'cms'), body: 'abc' }))
    await letGo(held)
  })

  t.test('a signature behind the file takes its place once it has come, and holds it while the answer hangs', async (t) => {
    await upstream.script([{ act: 'silent' }])
    const { held } = await openAll(1, () => send({ path: DIRECT, ...signedForm({ public_id: 'late' }, 'late') }))
    for (let turns = 0; turns < 1000 && budget.running === 0; turns++) await sleep(10)
    t.same([budget.running, budget.unproven], [1, 0])
    await letGo(held)
  })
})

t.test('shares of the memory for uploads', async (t) => {
  const upstream = await startUpstreamProcess(t)
  const CHUNK = 300_000
  const { send, budget } = await start(t, upstream, {
    jsonMaxBytes: 1024, upload: { chunkBytes: CHUNK, bufferBytes: 4 * CHUNK, singleRequestMaxBytes: 0 }
  })
  const large = (environment: string, caller: string): Sending => {
    const headers = { ...inEnvironment(environment, caller), 'transfer-encoding': 'chunked' }
    return send({ headers, body: 'x'.repeat(CHUNK + 1) })
  }
  await upstream.script([{ act: 'silent' }, { act: 'silent' }])
  const held = ['web', 'cms', 'web', 'cms'].map((caller) => large('hanging', caller))
  for (let turns = 0; turns < 1000 && budget.waiting < 2; turns++) await sleep(10)
  t.same([budget.heldBytes, budget.waiting], [2 * CHUNK, 2], 'each caller has one chunk at the environment that hangs')
  const uri = `{"file":"data:;base64,${'A'.repeat(CHUNK + 4)}"}`
  const json = { ...inEnvironment('well', 'web'), 'content-type': 'application/json' }
  t.match(await send({ headers: json, body: uri }).answer, {
    status: 503,
    body: { code: 'overloaded', share: 'caller', detail: 'The share of this caller is full: it holds 300000 of the 1200000 bytes of memory for uploads.' }
  })
  await takesAll(t, 10, (index) => large('well', index % 2 === 0 ? 'web' : 'cms'))
  t.same([budget.heldBytes, budget.waiting], [2 * CHUNK, 2])
  for (const { request } of held) request.destroy()
  for (let turns = 0; turns < 1000 && budget.running > 0; turns++) await sleep(10)
  t.same([budget.heldBytes, budget.waiting], [0, 0])
})
