import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startGatewayAt } from '../support/gateway.ts'
import { startUpstreamProcess } from '../support/upstream-process.ts'

/** So many in a row open the circuit. */
const FAILURES = 10
/** Longest wait for an answer: long enough for another call to be answered meanwhile. */
const HANGS_MS = 900

t.test('answers that hang open the circuit of uploads, unless the environment answers others in the same time', async (t) => {
  const upstream = await startUpstreamProcess(t)
  const { url } = await startGatewayAt(t, upstream.url, { upstream: { uploadHeadersTimeoutMs: HANGS_MS } })
  const upload = async (): Promise<{ status: number, body: object }> => {
    const headers = { 'content-type': 'application/octet-stream' }
    const answer = await fetch(`${url}/upload?resource_type=raw`, { method: 'POST', headers, body: 'abc' })
    return { status: answer.status, body: await answer.json() as object } // all answers are JSON objects
  }
  /** Sends uploads whose answers do not come, and returns once upstream has all of them. */
  const startHanging = async (): Promise<{ answers: Array<ReturnType<typeof upload>> }> => {
    const before = (await upstream.seen()).length
    await upstream.script(Array.from({ length: FAILURES }, () => ({ act: 'silent' })))
    const answers = Array.from({ length: FAILURES }, upload)
    const arrived = async (): Promise<number> =>
      (await upstream.seen()).slice(before).filter(({ end }) => end === 'complete').length
    while (await arrived() < FAILURES) await sleep(5)
    return { answers }
  }
  const SLOW = { status: 504, body: { code: 'upstream_timeout', outcome: 'unknown' } }

  t.test('another one answered: the request may be the reason, and others are let through', async (t) => {
    const { answers } = await startHanging()
    t.equal((await fetch(`${url}/resources/random?resource_type=raw`)).status, 200)
    for (const answer of await Promise.all(answers)) t.match(answer, SLOW)
    t.match(await upload(), { status: 200 })
  })

  t.test('none answered: 503 at once, and nothing more is sent', async (t) => {
    const { answers } = await startHanging()
    for (const answer of await Promise.all(answers)) t.match(answer, SLOW)
    const { length } = await upstream.seen()
    t.match(await upload(), { status: 503, body: { code: 'upstream_unavailable', retryable: true } })
    t.equal((await upstream.seen()).length, length)
  })
})
