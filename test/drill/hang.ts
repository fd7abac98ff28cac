import { createHash, randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { startGatewayProcess } from '../support/gateway-process.ts'
import { startUpstreamProcess } from '../support/upstream-process.ts'
import type { Drill } from './run.ts'

const USUAL_MINUTES = 10
const PER_SECOND = 20
const FILE = randomBytes(20_000)
/** More than there are places. */
const HANGING = 40
/** More uploads than can be sent to the environment that hangs. */
const SILENT = 10_000
const DRIP_BYTES_PER_SECOND = 1_300
const PAUSE_MS = 250

const CALLERS = ['web', 'api', 'cms']
const keyOf = (caller: string): string => `${caller}-key-of-the-drill`

interface Wish { readonly url: string, readonly caller: string, readonly environment: string }

const headersOf = ({ caller, environment }: Wish): Record<string, string> =>
  ({ authorization: `Bearer ${keyOf(caller)}`, 'x-environment': environment, 'content-type': 'application/octet-stream' })

/** Undefined when it was stored, or else why not. */
async function upload (wish: Wish, signal?: AbortSignal): Promise<string | undefined> {
  const answer = await fetch(`${wish.url}/upload?resource_type=raw`, {
    method: 'POST', headers: headersOf(wish), body: FILE, ...(signal && { signal })
  })
  const { detail } = await answer.json() as { detail?: string } // of a problem
  return answer.status === 200 ? undefined : `${answer.status} ${detail}`
}

/** Begins again and again until it is told to end: what is refused asks for a place once more. */
async function insist (once: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await once().catch(() => {})
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => {})
  }
}

/** One body that comes as slowly as is tolerated, until it is given up or refused. */
async function drip (wish: Wish, signal: AbortSignal): Promise<void> {
  const sending = httpRequest(`${wish.url}/upload?resource_type=raw`, { method: 'POST', agent: false, headers: headersOf(wish), signal })
  const ended = new Promise<void>((resolve) => { sending.once('close', resolve) })
  sending.on('error', () => {}).on('response', (answer) => { answer.resume().on('end', () => { sending.destroy() }) })
  const dripping = setInterval(() => { sending.write(FILE.subarray(0, DRIP_BYTES_PER_SECOND / 4)) }, 250)
  await ended
  clearInterval(dripping)
}

interface Phase { readonly name: string, readonly minutes: number, readonly burden: (signal: AbortSignal) => Array<Promise<void>> }

/** Uploads at a steady pace, however long each takes, beside what burdens the gateway meanwhile. */
async function steady (wish: Wish, { name, minutes, burden }: Phase): Promise<void> {
  const end = new AbortController()
  setMaxListeners(0, end.signal)
  const burdens = burden(end.signal)
  await sleep(2_000) // the burden has taken what it gets
  const times: number[] = []
  const failed: Record<string, number> = {}
  const all: Array<Promise<void>> = []
  const one = async (): Promise<void> => {
    const began = performance.now()
    const refusal = await upload(wish).catch((error: Error) => error.message)
    times.push(performance.now() - began)
    if (refusal !== undefined) failed[refusal] = (failed[refusal] ?? 0) + 1
  }
  const count = Math.round(minutes * 60 * PER_SECOND)
  for (const began = performance.now(); all.length < count; all.push(one())) {
    await sleep(Math.max(0, began + all.length * 1000 / PER_SECOND - performance.now()))
  }
  await Promise.all(all)
  end.abort()
  await Promise.all(burdens)
  const sorted = times.sort((a, b) => a - b)
  const [p50, p99] = [0.5, 0.99].map((part) => sorted[Math.ceil(sorted.length * part) - 1]?.toFixed(1))
  console.log(`${name}: ${count} uploads of another, p50 ${p50} ms, p99 ${p99} ms, not taken: ${JSON.stringify(failed)}`)
  if (Object.keys(failed).length > 0) throw new Error(`${name}: others were refused`)
}

/** With default settings, while nothing else happens, while an environment hangs, and while a caller drips. */
export const hang: Drill = {
  about: `an environment hangs for ${USUAL_MINUTES} minutes, or as many as are asked for (hang 1), then a caller drips: others upload at ${PER_SECOND} a second and are not refused`,
  run: async ([minutes = String(USUAL_MINUTES)]) => {
    const endings: Array<() => void> = []
    const t = { teardown: (end: () => void) => { endings.push(end) } }
    try {
      const [hanging, well] = await Promise.all([startUpstreamProcess(t), startUpstreamProcess(t)])
      await hanging.script(Array.from({ length: SILENT }, () => ({ act: 'silent' })))
      const { url } = await startGatewayProcess(t, {
        CLOUDINARY_URL_HANGING: `cloudinary://1234:abcd@demo?upload_prefix=${hanging.url}`,
        CLOUDINARY_URL_WELL: `cloudinary://1234:abcd@demo?upload_prefix=${well.url}`,
        CLOUDINARY_ENVIRONMENT: 'well',
        GATEWAY_KEYS: CALLERS.map((caller) => `${caller}=sha256:${createHash('sha256').update(keyOf(caller)).digest('hex')}`).join()
      })
      const others = { url, caller: 'cms', environment: 'well' }
      const short = Number(minutes) / 10
      await steady(others, { name: 'quiet', minutes: short, burden: () => [] })
      await steady(others, {
        name: 'an environment hangs',
        minutes: Number(minutes),
        burden: (signal) => Array.from({ length: HANGING }, async (_, index) =>
          insist(async () => upload({ url, caller: index % 2 === 0 ? 'web' : 'api', environment: 'hanging' }, signal), signal))
      })
      console.log(`${(await hanging.seen()).length} requests were sent to the environment that hangs`)
      await steady(others, {
        name: 'a caller drips',
        minutes: short,
        burden: (signal) => Array.from({ length: HANGING }, async () =>
          insist(async () => drip({ url, caller: 'web', environment: 'well' }, signal), signal))
      })
    } finally {
      for (const end of endings) end()
    }
  }
}
