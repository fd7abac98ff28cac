import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import { peakBytes } from '../bench/process-stats.ts'
import { sendFile, type Kind, type Outcome } from '../support/burst.ts'
import { startGatewayProcess } from '../support/gateway-process.ts'
import { LONG } from '../support/rounds.ts'
import { startSinkProcess } from '../support/sink-process.ts'

const MIB = 1024 ** 2
const LIMIT = 256 * MIB
const NO_PROC = !existsSync('/proc/self/status') && 'no /proc here: memory is not measured'

/** How many files, of which size, and how each is sent. */
type Burst = readonly [kind: Kind, count: number, bytes: number]

interface Measured { readonly outcomes: readonly Outcome[], readonly peak: number, readonly log: string }

/** Sends bursts to one gateway, all at once, and reads the most memory that it ever had. */
async function measure (t: Test, ...bursts: Burst[]): Promise<Measured> {
  const sink = await startSinkProcess(t)
  const { url, child, log } = await startGatewayProcess(t, {
    CLOUDINARY_URL: `cloudinary://1234:abcd@demo?upload_prefix=${sink.url}`, MEMORY_LIMIT: '256MiB'
  })
  const outcomes = await Promise.all(bursts.flatMap(([kind, count, bytes]) =>
    Array.from({ length: count }, async () => sendFile(url, kind, bytes))))
  const peak = child.pid === undefined || child.exitCode !== null ? Infinity : peakBytes(child.pid)
  t.comment(`${Math.round(peak / MIB)} MiB at most`)
  return { outcomes, peak, log: log() }
}

/** Each file was stored whole, or refused before it began. */
function settled (t: Test, { outcomes, peak }: Measured, least: number): void {
  const stored = outcomes.filter(({ status }) => status === 200)
  const refused = outcomes.filter(({ status }) => status !== 200)
  t.ok(stored.length >= least, `${stored.length} of ${outcomes.length} were stored`)
  for (const outcome of refused) t.match(outcome, { status: 503, code: 'overloaded', retryAfter: /^\d+$/ })
  t.ok(peak < LIMIT, `${Math.round(peak / MIB)} MiB`)
}

t.test('MEMORY_LIMIT=256MiB: each upload is stored or refused, and the process stays below', { skip: NO_PROC }, async (t) => {
  const measured = await measure(t, ['unknown', 8, 20_000_000], ['form', 4, 20_000_000], ['json', 8, 16_000_000])
  settled(t, measured, 8)
  t.match(measured.log, /"memory_limit":"256MiB","memory_limit_source":"MEMORY_LIMIT","upload_buffer":"56MiB","uploads_at_once":16,"upload_chunk":"14MiB"/)
})

t.test('the same with files that would not fit', { skip: LONG || NO_PROC }, async (t) => {
  await t.test('16 of 60 MB, of unknown size', async (t) => { settled(t, await measure(t, ['unknown', 16, 60e6]), 16) })
  await t.test('16 of 60 MB, as forms', async (t) => { settled(t, await measure(t, ['form', 16, 60e6]), 16) })
  await t.test('6 of 120 MB', async (t) => { settled(t, await measure(t, ['unknown', 3, 120e6], ['form', 3, 120e6]), 6) })
  await t.test('16 data URIs of 16 MB', async (t) => { settled(t, await measure(t, ['json', 16, 16e6]), 3) })
  await t.test('16 of unknown length', async (t) => { settled(t, await measure(t, ['unknown-json', 16, 16e6]), 3) })
  await t.test('24 of each kind', async (t) => {
    settled(t, await measure(t, ['unknown', 8, 60e6], ['form', 8, 60e6], ['sized', 8, 120e6], ['json', 8, 16e6]), 12)
  })
})
