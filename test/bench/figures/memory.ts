import { setTimeout as sleep } from 'node:timers/promises'
import { startExpress } from '../baselines/express.ts'
import type { Bench, Figure } from '../figure.ts'
import { startGateway, WITH_KEY } from '../gateway.ts'
import { peakBytes, residentBytes } from '../process-stats.ts'
import { ratios, spreadOf } from '../spread.ts'
import { startSink, type Sink } from '../start-sink.ts'
import { upload, type Form } from '../uploading.ts'
import { CHUNKED, STREAMED } from './uploads.ts'

export const MB = 1e6
const MIB = 1024 ** 2
const CHUNK = 20_000_000
const SETTLE_MS = 1500

interface Case {
  readonly what: string
  readonly form: Form
  readonly variables: Readonly<Record<string, string>>
  readonly limit: number
}

const CASES: readonly Case[] = [
  { what: 'multipart, streamed', form: 'multipart', variables: STREAMED, limit: 64 * MIB },
  { what: 'raw body, streamed', form: 'raw', variables: STREAMED, limit: 64 * MIB },
  { what: 'multipart, in chunks', form: 'multipart', variables: CHUNKED, limit: CHUNK + 64 * MIB },
  { what: 'raw body, in chunks', form: 'raw', variables: CHUNKED, limit: CHUNK + 64 * MIB }
]

/** What one upload of this size adds to a fresh process at its worst moment. */
async function added (bench: Bench, sink: Sink, { form, variables }: Case, bytes: number): Promise<{ peak: number, added: number }> {
  const gateway = await startGateway(bench, sink.url, variables)
  try {
    await sleep(SETTLE_MS)
    const idle = residentBytes(gateway.pid)
    await upload({ url: `${gateway.url}/upload`, headers: WITH_KEY, form, bytes })
    const peak = peakBytes(gateway.pid)
    return { peak, added: peak - idle }
  } finally {
    await gateway.stop()
  }
}

/** The same for the alternative that holds files in memory, to compare with. */
async function addedByExpress (bench: Bench, sink: Sink, bytes: number): Promise<number> {
  const express = await startExpress(bench.folder, sink.url, 'memory')
  try {
    await sleep(SETTLE_MS)
    const idle = residentBytes(express.pid)
    await upload({ url: `${express.url}/upload`, form: 'multipart', bytes })
    return peakBytes(express.pid) - idle
  } finally {
    await express.stop()
  }
}

async function run (bench: Bench): Promise<void> {
  const { quick, rounds, fileBytes } = bench.options
  const sink = await startSink(bench)
  const repeats = quick ? 1 : Math.min(rounds, 3)
  for (const item of CASES) {
    const normal: Array<{ peak: number, added: number }> = []
    const large: Array<{ peak: number, added: number }> = []
    for (let round = 0; round < repeats; round++) {
      normal.push(await added(bench, sink, item, fileBytes))
      large.push(await added(bench, sink, item, 4 * fileBytes))
    }
    const value = spreadOf(normal.map((one) => one.added / MB))
    bench.row({
      what: item.what,
      value,
      unit: 'MB',
      target: { atMost: item.limit / MB },
      detail: `peak ${(spreadOf(normal.map(({ peak }) => peak)).median / MB).toFixed(0)} MB for ${fileBytes / MIB} MiB`
    })
    bench.row({
      what: `${item.what}: 4 times the size`,
      value: ratios(large.map(({ peak }) => peak), normal.map(({ peak }) => peak)),
      unit: '',
      target: { atMost: 1.1 },
      detail: `adds ${spreadOf(large.map((one) => one.added / MB)).median.toFixed(0)} MB for ${4 * fileBytes / MIB} MiB`
    })
  }
  const held = Math.min(fileBytes, 1024 * MIB)
  bench.row({
    what: 'beside it: Express + multer (memory) + SDK',
    value: spreadOf([await addedByExpress(bench, sink, held) / MB]),
    unit: 'MB',
    detail: `for ${held / MIB} MiB`
  })
}

export const memory: Figure = { name: 'memory', title: 'peak memory minus idle, one upload, fresh process', run }
