import { setTimeout as sleep } from 'node:timers/promises'
import { startSandbox, type FaultOrder, type Sandbox } from '../../src/sandbox/index.ts'
import { startGatewayProcess } from '../support/gateway-process.ts'
import type { Drill } from './run.ts'

const USUAL_SECONDS = 60
const PER_SECOND = 200
/** The upstream may come back between two looks at it, which are a second apart. */
const COMES_BACK_MS = 2_000
/** Of requests while it is gone; what is above 1 are repeats. */
const MOST_LOAD = 1.2
const UPSTREAM_TIMEOUT_MS = 2_000

/** Ways of being gone. */
const WAYS: Readonly<Record<string, Omit<FaultOrder, 'times'>>> = {
  'a proxy answers 503': { kind: 'html', status: 503 },
  'connections are closed': { kind: 'refuse' },
  'nothing is ever answered': { kind: 'stall' }
}

async function statusOf (url: string, index: number, environment: string): Promise<number> {
  // Each asks something else, so that none shares a call.
  const path = `/resources/cats/tom?max_results=${1 + index % 500}`
  const answer = await fetch(url + path, { headers: { 'x-environment': environment } })
  await answer.arrayBuffer()
  return answer.status
}

interface Outage { readonly url: string, readonly gone: Sandbox, readonly seconds: number }

/** How many requests the sandbox has seen in all: its log keeps only the last ones. */
const seenBy = ({ requests }: Sandbox): number => requests.at(-1)?.id ?? 0

/** One way of being gone, and the return from it; returns what did not hold. */
async function oneWay ({ url, gone, seconds }: Outage, [name, fault]: readonly [string, object]): Promise<string[]> {
  const counts = { asked: 0, elsewhere: 0, late: 0, longestMs: 0 }
  const before = seenBy(gone)
  gone.faults.add({ ...fault, times: 1_000_000_000 } as FaultOrder) // one of WAYS
  const all: Array<Promise<void>> = []
  const began = performance.now()
  let backAt = Infinity
  let seen = 0
  const one = async (index: number): Promise<void> => {
    const startedAt = performance.now()
    const [here, other] = await Promise.all([statusOf(url, index, 'gone'), statusOf(url, index, 'well')])
    counts.longestMs = Math.max(counts.longestMs, performance.now() - startedAt)
    if (other !== 200) counts.elsewhere++
    if (here !== 200 && startedAt > backAt + COMES_BACK_MS) counts.late++
  }
  for (let now = began; now - began < seconds * 1000 + 2 * COMES_BACK_MS; now = performance.now()) {
    if (backAt === Infinity && now - began >= seconds * 1000) {
      gone.faults.clear()
      seen = seenBy(gone) - before
      counts.asked = all.length
      backAt = now
    }
    all.push(one(all.length))
    await sleep(Math.max(0, began + all.length * 1000 / PER_SECOND - performance.now()))
  }
  await Promise.all(all)
  console.log(`${name}: ${counts.asked} requests, of which ${seen} were sent on; the longest answer took ${Math.round(counts.longestMs)} ms`)
  return [
    ...(seen > counts.asked * MOST_LOAD ? [`${name}: ${seen} requests were sent on for ${counts.asked}`] : []),
    ...(counts.elsewhere > 0 ? [`${name}: ${counts.elsewhere} failures in the other environment`] : []),
    ...(counts.late > 0 ? [`${name}: ${counts.late} failures more than ${COMES_BACK_MS} ms after it was back`] : [])
  ]
}

export const upstreamGone: Drill = {
  about: `Cloudinary is gone for one environment for ${USUAL_SECONDS} seconds, or as many as are asked for (upstream-gone 20), in ${Object.keys(WAYS).length} ways, at ${PER_SECOND} requests a second: it is left alone, the other environment has no error, and it comes back within ${COMES_BACK_MS} ms`,
  run: async ([seconds = String(USUAL_SECONDS)]) => {
    const [gone, well] = [await startSandbox(), await startSandbox()]
    const endings: Array<() => unknown> = []
    try {
      for (const sandbox of [gone, well]) await sandbox.add('cats/tom')
      const { url } = await startGatewayProcess({ teardown: (end) => { endings.push(end) } }, {
        CLOUDINARY_URL_GONE: gone.cloudinaryUrl(),
        CLOUDINARY_URL_WELL: well.cloudinaryUrl(),
        CLOUDINARY_ENVIRONMENT: 'well',
        UPSTREAM_HEADERS_TIMEOUT_MS: String(UPSTREAM_TIMEOUT_MS)
      })
      const complaints: string[] = []
      for (const way of Object.entries(WAYS)) complaints.push(...await oneWay({ url, gone, seconds: Number(seconds) }, way))
      if (complaints.length > 0) throw new Error(complaints.join('\n'))
    } finally {
      for (const end of endings) await end()
      await Promise.all([gone.close(), well.close()])
    }
  }
}
