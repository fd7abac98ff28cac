import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Bench, Figure } from '../figure.ts'
import { startGateway, WITH_KEY } from '../gateway.ts'
import { startSink } from '../start-sink.ts'

/** Fixed before anything was measured: beyond it two classes count as told apart. Source: Reparaz et al., "dudect". */
const THRESHOLD = 4.5
const PER_CLASS = 20_000
const WARM_UP = 2_000
/** Slower answers than this share were held up by something else: the collector, another process. */
const KEPT = 0.95
/** Noise of a shared machine passes; a leak stays. */
const TRIES = 3

const { authorization: RIGHT = '' } = WITH_KEY
const PREFIX = 'Bearer '.length

/** The right key with one character changed. */
function wrongAt (index: number): string {
  return RIGHT.slice(0, index) + (RIGHT[index] === 'x' ? 'y' : 'x') + RIGHT.slice(index + 1)
}

function requestWith (authorization: string): Buffer {
  return Buffer.from(`GET /url?public_id=a HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${authorization}\r\n\r\n`)
}

/** Microseconds from the first byte sent to the whole answer, over one connection. */
class Stopwatch {
  readonly #socket: Socket
  #answered = (): void => {}
  #text = ''

  constructor (socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString('latin1')
      const body = this.#text.indexOf('\r\n\r\n') + 4
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#text)?.[1])
      if (body >= 4 && this.#text.length >= body + length) this.#answered()
    })
  }

  async time (request: Buffer): Promise<number> {
    this.#text = ''
    const begun = process.hrtime.bigint()
    await new Promise<void>((resolve) => {
      this.#answered = resolve
      this.#socket.write(request)
    })
    return Number(process.hrtime.bigint() - begun) / 1000
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Welch's t of two samples with unlike variances. */
function welch (one: readonly number[], other: readonly number[]): number {
  const [a, b] = [mean(one), mean(other)]
  const spread = (values: readonly number[], middle: number): number => values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1) / values.length
  return (a - b) / Math.sqrt(spread(one, a) + spread(other, b))
}

interface Outcome { readonly t: number, readonly means: readonly [number, number] }

/** Asks `PER_CLASS` times in each of two ways, in an order that chance decides, and compares the times. */
async function compare (watch: Stopwatch, ways: readonly [Buffer, Buffer]): Promise<Outcome> {
  for (let index = 0; index < WARM_UP; index++) await watch.time(ways[index % 2 === 0 ? 0 : 1])
  const times: [number[], number[]] = [[], []]
  while (times[0].length + times[1].length < 2 * PER_CLASS) {
    const drawn = randomInt(2) === 0 ? 0 : 1
    const side = times[drawn].length < PER_CLASS ? drawn : drawn === 0 ? 1 : 0
    times[side].push(await watch.time(ways[side]))
  }
  const limit = [...times[0], ...times[1]].sort((a, b) => a - b)[Math.floor(2 * PER_CLASS * KEPT)] ?? Infinity
  const [one, other] = times.map((values) => values.filter((value) => value <= limit))
  return { t: welch(one ?? [], other ?? []), means: [mean(one ?? []), mean(other ?? [])] }
}

async function run (bench: Bench): Promise<void> {
  const sink = await startSink(bench)
  const gateway = await startGateway(bench, sink.url)
  bench.onClose(gateway.stop)
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
  bench.onClose(async () => { socket.destroy() })
  await once(socket, 'connect')
  const watch = new Stopwatch(socket)
  const row = (what: string, { t, means: [one, other] }: Outcome, target: { atMost: number } | { atLeast: number }, note: string): void => {
    const value = Math.abs(t)
    bench.row({ what, value: { median: value, min: value, max: value }, unit: '', target, detail: `${one.toFixed(2)} / ${other.toFixed(2)} us, ${PER_CLASS} each; ${note}` })
  }
  // Without this nobody would know whether the alarm can ring at all.
  row('|t| of a right key and a wrong one (the alarm rings)', await compare(watch, [requestWith(RIGHT), requestWith(wrongAt(PREFIX))]), { atLeast: THRESHOLD }, 'a control')
  const ways = [requestWith(wrongAt(PREFIX)), requestWith(wrongAt(RIGHT.length - 1))] as const
  let tries = 1
  let outcome = await compare(watch, ways)
  while (Math.abs(outcome.t) > THRESHOLD && tries < TRIES) {
    tries++
    outcome = await compare(watch, ways)
  }
  row('|t| of keys wrong in the first and in the last place', outcome, { atMost: THRESHOLD }, `try ${tries} of ${TRIES}`)
}

export const timing: Figure = { name: 'timing', title: 'does the time of a refusal tell how much of a key was right? Welch\'s t', run }
