import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { environmentAt, testConfig } from '../support/gateway.ts'

const JSON_BODY = { 'content-type': 'application/json' }
const UNAVAILABLE = { status: 503, code: 'upstream_unavailable', retryable: true }

t.test('U19, U20: Cloudinary is gone for one environment', async (t) => {
  const [gone, well] = [await startSandbox(), await startSandbox()]
  t.teardown(() => Promise.all([gone.close(), well.close()]))
  const config = testConfig([environmentAt(gone.url), environmentAt(well.url, { name: 'staging' })])
  const app = await buildApp({ config })
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  for (const sandbox of [gone, well]) await sandbox.add('cats/tom')

  interface Answer { status: number, retryAfter: string | null, problem: unknown }
  const ask = async (path: string, options: RequestInit = {}): Promise<Answer> => {
    const answer = await fetch(url + path, options)
    return { status: answer.status, retryAfter: answer.headers.get('retry-after'), problem: await answer.json() }
  }
  const upload = (query = ''): RequestInit & { path: string } => ({ path: `/upload?public_id=x&resource_type=raw${query}`, method: 'POST', headers: { 'content-type': 'text/x-notes' }, body: 'a note' })
  const directUpload = async (): Promise<RequestInit & { path: string }> => {
    const signed = await fetch(`${url}/signature`, { method: 'POST', headers: JSON_BODY, body: '{"public_id":"direct","resource_type":"raw"}' })
    const { fields } = await signed.json() as { fields: Record<string, string> } // as documented
    const body = new FormData()
    for (const [name, value] of Object.entries(fields)) body.append(name, value)
    body.append('file', new Blob(['a note']), 'note.txt')
    return { path: '/direct-upload?resource_type=raw', method: 'POST', body }
  }
  const READING: Array<RequestInit & { path: string }> = [
    { path: '/resources' },
    { path: '/resources/cats/tom' },
    { path: '/resources/cats/tom', method: 'PATCH', headers: JSON_BODY, body: '{"tags":["grey"]}' },
    { path: '/resources/cats/tom', method: 'DELETE' }
  ]
  gone.faults.add({ kind: 'html', status: 503, times: 1_000 })

  /** Asks what may not reach Cloudinary: one request a second may, to look whether it is back. */
  const leftAlone = async (began: number, calls: Array<RequestInit & { path: string }>): Promise<void> => {
    const before = gone.requests.length
    let refused = 0
    for (const { path, ...options } of calls) {
      const answer = await ask(path, options)
      if (answer.status === 503) refused++
      t.match(answer, answer.status === 503 ? { retryAfter: '1', problem: UNAVAILABLE } : { status: 502 }, `${options.method ?? 'GET'} ${path}`)
    }
    const probes = calls.length - refused
    t.ok(probes <= Math.floor((performance.now() - began) / 1000), `${probes} probes`)
    t.ok(gone.requests.length - before <= 3 * probes, 'and nothing else was asked')
  }

  t.test('502 at first, then 503 at once for all that asks its API: it is left alone', async (t) => {
    const began = performance.now() // before it opens: what is allowed by then was not allowed earlier
    for (let asked = 0; asked < 4; asked++) t.match(await ask('/resources'), { status: asked < 3 ? 502 : Number })
    t.equal(gone.requests.length, 10, 'no more than ten requests: three tries for three callers, one for the fourth')
    await leftAlone(began, READING)
  })

  t.test('uploads have a circuit of their own: 502 at first, then 503, and no byte is sent', async (t) => {
    const began = performance.now()
    const before = gone.requests.length
    const { path, ...options } = upload()
    for (let asked = 0; asked < 4; asked++) await ask(path, options)
    t.equal(gone.requests.length - before, 12, 'three tries for each that could begin')
    await leftAlone(began, [upload(), await directUpload()])
  })

  t.test('the other environment works all the time', async (t) => {
    const { path, ...options } = upload('&environment=staging')
    t.match(await ask(path, options), { status: 200 })
    t.match(await ask('/resources?environment=staging'), { status: 200 })
  })

  t.test('once Cloudinary is back, so is the gateway, after one good answer', async (t) => {
    gone.faults.clear()
    const { path, ...options } = upload()
    for (const [again, more] of [['/resources', {}], [path, options]] as const) {
      for (let tries = 0; (await ask(again, more)).status !== 200; tries++) {
        if (tries > 100) throw new Error(`${again} does not come back`)
        await sleep(100)
      }
    }
    for (const { path, ...options } of READING) t.match(await ask(path, options), { status: 200 }, path)
  })
})

/** Calls `one` so many times a second, whatever becomes of it, until it has been called `count` times or `isOver`. */
async function paced (
  perSecond: number, count: number, one: (index: number) => Promise<void>, isOver = (): boolean => false
): Promise<void> {
  const all: Array<Promise<void>> = []
  for (const began = performance.now(); all.length < count && !isOver();) {
    all.push(one(all.length))
    await sleep(Math.max(0, began + all.length * 1000 / perSecond - performance.now()))
  }
  await Promise.all(all)
}

t.test('U19, U20: gone for one environment at 200 requests a second: no storm there, no error elsewhere, and it comes back', async (t) => {
  const PER_SECOND = 200
  const COUNT = 600
  const [gone, well] = [await startSandbox(), await startSandbox()]
  t.teardown(() => Promise.all([gone.close(), well.close()]))
  const environments = [environmentAt(gone.url), environmentAt(well.url, { name: 'staging' })]
  const app = await buildApp({ config: testConfig(environments) })
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  for (const sandbox of [gone, well]) await sandbox.add('cats/tom')
  // Each asks something else, so that none shares a call.
  const status = async (index: number, environment: string): Promise<number> => {
    const answer = await fetch(`${url}/resources/cats/tom?max_results=${1 + index % 500}`, { headers: { 'x-environment': environment } })
    await answer.arrayBuffer()
    return answer.status
  }

  const elsewhere: Record<number, number> = {}
  const here: Record<number, number> = {}
  const count = (counts: Record<number, number>, seen: number): void => { counts[seen] = (counts[seen] ?? 0) + 1 }
  gone.faults.add({ kind: 'html', status: 503, times: 1_000_000 })
  await paced(PER_SECOND, COUNT, async (index) => {
    const [one, other] = await Promise.all([status(index, 'production'), status(index, 'staging')])
    count(here, one)
    count(elsewhere, other)
  })
  t.same(elsewhere, { 200: COUNT }, 'the other environment')
  t.equal((here[502] ?? 0) + (here[503] ?? 0), COUNT, 'here: 502 while it was asked, 503 while it was not')
  t.ok(gone.requests.length <= COUNT * 1.2, 'repeats add a fifth at most')
  t.ok(gone.requests.length <= COUNT / 5, `it is left alone: ${gone.requests.length} requests for ${COUNT}`)

  gone.faults.clear()
  let failures = 0
  let isBack = false
  await paced(PER_SECOND, 20 * PER_SECOND, async (index) => {
    if (await status(index, 'production') === 200) isBack = true
    else failures++
  }, () => isBack)
  t.ok(isBack && failures <= 2 * PER_SECOND, `${failures} failures after it was back: those of two seconds at most`)
  const after: Record<number, number> = {}
  await paced(PER_SECOND, 100, async (index) => { count(after, await status(index, 'production')) })
  t.same(after, { 200: 100 }, 'one good answer is enough')
})
