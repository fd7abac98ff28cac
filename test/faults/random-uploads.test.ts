import { createCipheriv, createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { CloudinaryClient } from '../../src/cloudinary/client.ts'
import { GatewayError } from '../../src/errors.ts'
import type { StreamedFile } from '../../src/input/forms/upload-form.ts'
import { startSandbox, type FaultOrder, type Sandbox } from '../../src/sandbox/index.ts'
import { environmentAt, testConfig } from '../support/gateway.ts'
import { randomFrom, type Random } from '../support/random.ts'
import { rounds, seed } from '../support/rounds.ts'

const RUNS = rounds(500)
const SEED = seed(20_260_101)

type Way = 'held' | 'streamed' | 'chunks of unknown size' | 'chunks of known size'
const WAYS: readonly Way[] = ['held', 'streamed', 'chunks of unknown size', 'chunks of unknown size', 'chunks of known size']

const BEFORE: ReadonlyArray<FaultOrder['kind']> = ['reset', 'fin', 'status', 'html', 'early_status', 'refuse']
const AFTER: ReadonlyArray<FaultOrder['kind']> = ['cut_answer', 'lost_answer']

/**
 * Up to three faults before the work is done, or one after it: when an answer is lost and what is sent again fails too, nobody
 * can know what is stored. A streamed file cannot be sent again at all, so its answer must not be lost.
 */
function orderFaults (sandbox: Sandbox, random: Random, way: Way, size: number): string[] {
  const after = way !== 'streamed' && random(4) === 0
  const kinds = after ? AFTER : BEFORE
  return Array.from({ length: after ? 1 : random(4) }, () => {
    const kind = kinds[random(kinds.length)] ?? 'reset'
    const status = [500, 502, 503, 429, 400, 401][random(6)] ?? 500
    sandbox.faults.add({ kind, match: { path: '/upload', method: 'POST' }, skip: random(4), at_byte: after ? random(100) : random(size), status, headers: { 'retry-after': '1' } })
    return `${kind} ${status}`
  })
}

/** The file in pieces of random sizes, which may break off before its end. */
function sourceOf (bytes: Buffer, random: Random, way: Way, cutAt: number): StreamedFile {
  async function * pieces (): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + random(Math.max(1, bytes.length >> 3))
      if (end > cutAt) throw new Error('the source was cut')
      yield bytes.subarray(at, end)
      at = end
    }
  }
  const stream = Readable.from(pieces(), { objectMode: false })
  const length = way === 'chunks of known size' || (way === 'held' && random(2) === 0) ? bytes.length : undefined
  return { stream, length, maxLength: way === 'chunks of unknown size' ? undefined : bytes.length + random(500), filename: 'x.bin', stop: () => { stream.destroy() } }
}

function clientFor (sandbox: Sandbox, way: Way, random: Random): CloudinaryClient {
  const config = testConfig([])
  const upload = { ...config.upload, chunkBytes: way === 'chunks of known size' ? 200_000 : 2000 + random(20_000), singleRequestMaxBytes: way === 'streamed' ? 10_000_000 : 0 }
  return new CloudinaryClient(environmentAt(sandbox.url), { upstream: { ...config.upstream, uploadHeadersTimeoutMs: 2000 }, upload, sleep: async () => {} })
}

async function oneRun (t: Test, sandbox: Sandbox, number: number): Promise<'stored' | 'failed'> {
  const random = randomFrom(SEED + number)
  const way = WAYS[random(WAYS.length)] ?? 'held'
  const size = (way === 'streamed' || way === 'chunks of known size' ? 1_100_000 : 1) + random(60_000)
  const bytes = createCipheriv('aes-128-ctr', Buffer.alloc(16, SEED), Buffer.alloc(16, number)).update(Buffer.alloc(size))
  const cutAt = random(5) === 0 ? random(bytes.length) : Infinity
  const publicId = `run-${number}`
  const told = `run ${number}, seed ${SEED}: ${way}, ${bytes.length} bytes, cut at ${cutAt}, ${orderFaults(sandbox, random, way, bytes.length).join(', ')}`
  const client = clientFor(sandbox, way, random)
  const call = { signal: new AbortController().signal }
  try {
    const outcome = await client.upload({
      resourceType: 'raw', parameters: { public_id: publicId }, file: sourceOf(bytes, random, way, cutAt), seal: (fields) => client.prove(fields), vouched: 'gateway'
    }, call).catch((error: unknown) => error)
    sandbox.faults.clear()
    const stored = await client.get('raw', 'upload', publicId, {}, call).then(({ body }) => JSON.parse(body.toString()) as { etag: string }, () => undefined) // an asset of the sandbox
    if (outcome instanceof Error) {
      if (!(outcome instanceof GatewayError) || outcome.code === 'internal') t.fail(`${told}: ${outcome.stack}`)
      if (stored !== undefined) t.fail(`${told}: failed with ${outcome.message}, and yet something is stored`)
      return 'failed'
    }
    if (stored?.etag !== createHash('md5').update(bytes).digest('hex')) t.fail(`${told}: what is stored is not what was sent`)
    return 'stored'
  } finally {
    await client.close()
  }
}

t.test(`${RUNS} uploads with random pieces and random faults: exactly the sent bytes are stored, or nothing and an error`, async (t) => {
  const sandbox = await startSandbox({ minChunkBytes: 1 })
  t.teardown(() => sandbox.close())
  const outcomes = { stored: 0, failed: 0 }
  for (let number = 0; number < RUNS; number++) outcomes[await oneRun(t, sandbox, number)]++
  t.comment(JSON.stringify(outcomes))
  t.ok(outcomes.stored > RUNS / 4, 'many are repaired')
  t.ok(outcomes.failed > RUNS / 10, 'and many are not')
})
