import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, Figure } from '../figure.ts'
import { startGateway, WITH_KEY } from '../gateway.ts'
import type { ProbeReport } from '../health-probe.ts'
import { peakBytes, residentBytes } from '../process-stats.ts'
import { Helper } from '../servers.ts'
import { spreadOf } from '../spread.ts'
import { startSink, type Sink } from '../start-sink.ts'
import { upload } from '../uploading.ts'
import { MB } from './memory.ts'
import { CHUNKED, STREAMED } from './uploads.ts'

const UPLOADS = 32
const UPSTREAM_BYTES_PER_SECOND = 8_000_000
const BUFFER_BYTES = 128 * 1024 ** 2
const PROBES_PER_SECOND = 50

interface Case { readonly what: string, readonly variables: Readonly<Record<string, string>>, readonly bytes: number }

async function measure (bench: Bench, sink: Sink, { what, variables, bytes }: Case): Promise<void> {
  const gateway = await startGateway(bench, sink.url, { UPLOAD_BUFFER_BYTES: String(BUFFER_BYTES), ...variables })
  const probe = Helper.start(join(import.meta.dirname, '../health-probe.ts'))
  try {
    await sleep(1500)
    const idle = residentBytes(gateway.pid)
    await sink.order({ hash: true, bytesPerSecond: UPSTREAM_BYTES_PER_SECOND })
    await probe.ask({ url: `${gateway.url}/healthz`, perSecond: PROBES_PER_SECOND })
    const sent = await Promise.all(Array.from({ length: UPLOADS }, (_, index) =>
      upload({ url: `${gateway.url}/upload`, headers: WITH_KEY, form: index % 2 === 0 ? 'multipart' : 'raw', bytes, hash: true })))
    const health = await probe.ask<ProbeReport>({ stop: true })
    const seen = await sink.order({})
    if (seen.md5.join() !== sent.toSorted().join()) throw new Error(`${what}: ${seen.files} of ${UPLOADS} files came, or not as they were sent`)
    bench.row({
      what: `${what}: memory`,
      value: spreadOf([(peakBytes(gateway.pid) - idle) / MB]),
      unit: 'MB',
      target: { atMost: (BUFFER_BYTES + 96 * 1024 ** 2) / MB },
      detail: `${UPLOADS} files of ${bytes / 1024 ** 2} MiB, all hashes right, ${seen.aborted} requests aborted`
    })
    bench.row({
      what: `${what}: p99 of /healthz`,
      value: spreadOf([health.p99]),
      unit: 'ms',
      target: { atMost: 50 },
      detail: `p50 ${health.p50.toFixed(1)}, max ${health.max.toFixed(1)} ms; ${health.count} asked, ${health.failed} failed`
    })
  } finally {
    await probe.stop()
    await gateway.stop()
  }
}

async function run (bench: Bench): Promise<void> {
  const { quick } = bench.options
  const sink = await startSink(bench)
  const MIB = 1024 ** 2
  await measure(bench, sink, { what: 'streamed', variables: STREAMED, bytes: (quick ? 64 : 256) * MIB })
  // Only as many as the budget has room for are sent at a time, so these take longer.
  await measure(bench, sink, { what: 'in chunks', variables: CHUNKED, bytes: (quick ? 24 : 256) * MIB })
}

export const manyUploads: Figure = { name: 'many', title: `${UPLOADS} uploads at once, an upstream that reads 8 MB/s each`, run }
