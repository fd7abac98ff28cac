import { Agent, request } from 'node:http'

/**
 * Asks one URL so many times a second, in its own process, and tells how long the answers took. The clock of each
 * request starts when it was due: a server that stalls cannot hide the requests that it kept from being sent.
 */
export interface ProbeOrder { readonly url: string, readonly perSecond: number }
export interface ProbeReport { readonly count: number, readonly failed: number, readonly p50: number, readonly p99: number, readonly max: number }

const agent = new Agent({ keepAlive: true, maxSockets: 8 })
let timer: NodeJS.Timeout | undefined
let latencies: number[] = []
let failed = 0

function ask (url: string, dueAt: number): void {
  const outgoing = request(url, { agent, timeout: 10_000 }, (incoming) => {
    incoming.resume().on('end', () => {
      latencies.push(performance.now() - dueAt)
      if (incoming.statusCode !== 200) failed++
    })
  })
  outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')))
  outgoing.on('error', () => { failed++ })
  outgoing.end()
}

function start ({ url, perSecond }: ProbeOrder): void {
  latencies = []
  failed = 0
  const stepMs = 1000 / perSecond
  let dueAt = performance.now()
  timer = setInterval(() => {
    for (; dueAt <= performance.now(); dueAt += stepMs) ask(url, dueAt)
  }, stepMs / 2)
}

function report (): ProbeReport {
  clearInterval(timer)
  const sorted = latencies.toSorted((one, other) => one - other)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  return { count: sorted.length, failed, p50: at(0.5), p99: at(0.99), max: at(1) }
}

process.on('message', (order: ProbeOrder | { readonly stop: true }) => {
  if ('stop' in order) {
    process.send?.(report())
    return
  }
  start(order)
  process.send?.({})
})
process.on('disconnect', () => process.exit())
