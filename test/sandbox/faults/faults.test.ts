import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import t from 'tap'
import { startSandbox, type FaultOrder } from '../../../src/sandbox/index.ts'

const sandbox = await startSandbox()
t.teardown(() => sandbox.close())
t.beforeEach(() => sandbox.reset())

const BODY = randomBytes(1_000_000)
interface Outcome { status?: number, body?: string, error?: string, headers?: NodeJS.Dict<string | string[]> }

/** Uploads one megabyte on a connection of its own and tells what became of it. */
function upload (signal?: AbortSignal): Promise<Outcome> {
  const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="f.bin"\r\n\r\n'
  const payload = Buffer.concat([Buffer.from(head), BODY, Buffer.from('\r\n--b--\r\n')])
  return new Promise((resolve) => {
    const outgoing = request(`${sandbox.url}/v1_1/demo/raw/upload`, {
      method: 'POST',
      agent: false,
      ...signal && { signal },
      headers: { authorization: `Basic ${btoa('1234:abcd')}`, 'content-type': 'multipart/form-data; boundary=b', 'content-length': payload.length }
    }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('close', () => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks).toString(), ...!answer.complete && { error: 'cut' } })
      })
      answer.on('error', () => {})
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => { resolve({ error: error.code ?? error.name }) })
    outgoing.end(payload)
  })
}

async function stored (): Promise<number> {
  const answer = await fetch(`${sandbox.url}/v1_1/demo/resources/raw`, { headers: { authorization: `Basic ${btoa('1234:abcd')}` } })
  return (await answer.json() as { resources: unknown[] }).resources.length // a list answer
}

const order = (fault: Omit<FaultOrder, 'match'>) => sandbox.faults.add({ match: { method: 'POST', path: '/raw/upload' }, ...fault })
const seen = () => sandbox.requests.filter(({ path }) => path.endsWith('/raw/upload'))

/** Waits until the sandbox, too, has noticed that a connection ended. */
async function settled (): Promise<void> {
  while (seen().some(({ state }) => state === 'open')) await new Promise((resolve) => { setTimeout(resolve, 5) })
}

t.test('no fault: what arrived is counted and hashed', async (t) => {
  t.match(await upload(), { status: 200 })
  t.match(seen(), [{ state: 'complete', status: 200, file_bytes: BODY.length, sha256: createHash('sha256').update(BODY).digest('hex'), faults: [] }])
})

t.test('the record of a request holds its fields as they are signed, and structures as JSON', async (t) => {
  const body = { expression: 'cat', sort_by: [{ public_id: 'desc' }], with_field: ['tags', 'context'], range: { from: 1 }, max_results: 3 }
  await fetch(`${sandbox.url}/v1_1/demo/resources/search?a[]=1&a[]=2`, { method: 'POST', headers: { authorization: `Basic ${btoa('1234:abcd')}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })
  t.same(sandbox.requests[0]?.fields, { a: '1,2', expression: 'cat', sort_by: '[{"public_id":"desc"}]', with_field: 'tags,context', range: '{"from":1}', max_results: '3' })
})

t.test('reset and fin in the middle of the body: the connection ends, nothing is stored', async (t) => {
  for (const kind of ['reset', 'fin'] as const) {
    order({ kind, at_byte: 300_000 })
    const outcome = await upload()
    t.ok(outcome.error, `${kind}: ${outcome.error}`)
    await settled()
    t.match(seen().at(-1), { state: 'aborted', bytes: 300_000, faults: [kind] })
  }
  t.equal(await stored(), 0)
  t.match(await upload(), { status: 200 }, 'each struck once')
})

t.test('refuse: no byte is read', async (t) => {
  order({ kind: 'refuse' })
  t.ok((await upload()).error)
  await settled()
  t.match(seen(), [{ bytes: 0, state: 'aborted' }])
})

t.test('refuse and delay in the middle of the body', async (t) => {
  order({ kind: 'refuse', at_byte: 300_000 })
  t.ok((await upload()).error)
  await settled()
  t.match(seen().at(-1), { bytes: 300_000, state: 'aborted' })
  order({ kind: 'delay', at_byte: 300_000, ms: 60_000 })
  const controller = new AbortController()
  const before = seen().length
  const outcome = upload(controller.signal)
  // Given up before it has come, the upload would leave the fault to the next one.
  while (seen()[before]?.bytes !== 300_000) await new Promise((resolve) => { setTimeout(resolve, 5) })
  controller.abort()
  t.match(await outcome, { error: /ABORT/i }, 'it did not go on by itself')
  order({ kind: 'delay', at_byte: 300_000, ms: 10 })
  t.match(await upload(), { status: 200 })
  t.match(seen().at(-1), { file_bytes: BODY.length, sha256: createHash('sha256').update(BODY).digest('hex') }, 'it goes on where it was')
  t.equal(await stored(), 1)
})

t.test('each fault strikes at its byte, however many bytes come at once', async (t) => {
  for (const last of ['reset', 'fin', 'refuse', 'early_status'] as const) {
    for (const at of [500, 500, 501, 502]) order({ kind: 'delay', at_byte: at, ms: 1 })
    order({ kind: last, at_byte: 502 })
    await upload()
    await settled()
    t.match(seen().at(-1), { bytes: 502 }, last)
  }
  t.equal(await stored(), 0)
})

t.test('status with headers, and an HTML page, after the whole body', async (t) => {
  order({ kind: 'status', status: 420, headers: { 'retry-after': '3' }, message: 'Rate limit exceeded' })
  order({ kind: 'html', skip: 1 })
  t.match(await upload(), { status: 420, headers: { 'retry-after': '3' }, body: '{"error":{"message":"Rate limit exceeded"}}' })
  t.match(await upload(), { status: 502, headers: { 'content-type': 'text/html' }, body: /<html>/ })
  t.equal(await stored(), 0)
})

t.test('early status: an answer while the body is in flight', async (t) => {
  order({ kind: 'early_status', status: 401, at_byte: 10_000 })
  const outcome = await upload()
  t.ok(outcome.status === 401 || outcome.error, 'the answer may be lost in the reset')
  t.equal(seen()[0]?.bytes, 10_000)
  t.equal(await stored(), 0)
})

t.test('stall: no answer until the caller gives up', async (t) => {
  order({ kind: 'stall', at_byte: 100_000 })
  const controller = new AbortController()
  const outcome = upload(controller.signal)
  while (seen()[0]?.bytes !== 100_000) await new Promise((resolve) => { setTimeout(resolve, 5) })
  controller.abort()
  t.match(await outcome, { error: /ABORT/i })
  t.equal(await stored(), 0)
})

t.test('cut and lost answers: the work is done all the same', async (t) => {
  order({ kind: 'cut_answer', at_byte: 20 })
  t.match(await upload(), { status: 200, error: 'cut', body: /^.{20}$/ })
  order({ kind: 'lost_answer' })
  t.match(await upload(), { error: 'ECONNRESET' })
  t.equal(await stored(), 2)
})

t.test('faults that strike one answer together end its connection, and the sandbox goes on', async (t) => {
  for (const other of ['cut_answer', 'lost_answer', 'early_status', 'reset', 'fin', 'refuse'] as const) {
    for (const kinds of [['cut_answer', other], [other, 'cut_answer']] as const) {
      for (const kind of kinds) order({ kind, at_byte: 5 })
      t.match(await upload(), { error: String }, kinds.join())
      await settled()
    }
  }
  t.match(await upload(), { status: 200 })
})

t.test('bandwidth and delay: slower, and whole', async (t) => {
  order({ kind: 'bandwidth', bytes_per_second: 5_000_000 })
  order({ kind: 'delay', ms: 50 })
  const started = performance.now()
  t.match(await upload(), { status: 200 })
  t.ok(performance.now() - started >= 200, 'a megabyte at five a second, after the delay')
  t.match(seen()[0]?.faults, ['bandwidth', 'delay'])
})

t.test('a fault that still waits keeps no program alive', async (t) => {
  // Timers that keep a process alive, and no others.
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  for (const kind of ['delay', 'stall'] as const) {
    await sandbox.reset()
    order({ kind, at_byte: 5, ms: 600_000 })
    const controller = new AbortController()
    const outcome = upload(controller.signal)
    while (seen()[0]?.bytes !== 5) await new Promise((resolve) => { setTimeout(resolve, 5) })
    controller.abort()
    t.match(await outcome, { error: /ABORT/i })
    t.equal(timers(), before, kind)
  }
})

t.test('a caller who hangs up in the middle stores nothing', async (t) => {
  order({ kind: 'bandwidth', bytes_per_second: 500_000 })
  const controller = new AbortController()
  const outcome = upload(controller.signal)
  while ((seen()[0]?.bytes ?? 0) === 0) await new Promise((resolve) => { setTimeout(resolve, 5) })
  controller.abort()
  t.match(await outcome, { error: /ABORT/i })
  await settled()
  t.match(seen(), [{ state: 'aborted' }])
  t.equal(await stored(), 0)
})

t.test('the same over the wire: ordering, listing, the record, reset', async (t) => {
  const control = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => fetch(`${sandbox.url}/_sandbox/${path}`, {
    method, ...body !== undefined && { body: JSON.stringify(body) }, headers: { ...body !== undefined && { 'content-type': 'application/json' }, ...headers }
  })
  t.equal((await control('POST', 'faults', { kind: 'status', status: 503, match: { path: '/raw/upload' }, times: 2 })).status, 200)
  t.match(await (await control('GET', 'faults')).json(), { faults: [{ kind: 'status', times: 2, struck: 0 }] })
  t.match(await upload(), { status: 503 })
  t.match(await (await control('GET', 'requests')).json(), { requests: [{ method: 'POST', status: 503, bytes: Number }] })
  t.match(await (await control('DELETE', 'faults')).json(), { faults: [] })
  t.match(await upload(), { status: 200 })
  t.equal((await control('POST', 'reset')).status, 200)
  t.equal(await stored(), 0)
  t.equal((await control('POST', 'faults', { kind: 'nonsense' })).status, 400)
  t.equal((await control('POST', 'faults', { kind: 'status', match: { pth: '/upload' } })).status, 400, 'a misspelt member is no fault for everything')
  t.equal((await control('POST', 'reset', undefined, { origin: 'https://evil.example' })).status, 403, 'not from a web page')
})
