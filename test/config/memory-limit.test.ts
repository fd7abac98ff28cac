import t from 'tap'
import {
  fitMemory, memoryLimit, shownLimit, thisMachine, type Machine
} from '../../src/config/memory-limit.ts'
import { readSettings } from '../../src/config/settings.ts'
import { Source } from '../../src/config/source.ts'

const MIB = 1024 ** 2
const GIB = 1024 ** 3

const machine = (changes: Partial<Machine> = {}): Machine =>
  ({ constrainedBytes: undefined, totalBytes: 24 * GIB, heapBytes: 64 * MIB, ...changes })

function fit (variables: Record<string, string>, changes: Partial<Machine> = {}) {
  const source = new Source(variables, () => '')
  const fitted = fitMemory(source, readSettings(source), machine(changes))
  const {
    UPLOAD_BUFFER_BYTES: buffer, UPLOAD_CHUNK_BYTES: chunk, UPLOAD_MAX_CONCURRENT: uploads
  } = fitted.settings
  return { ...fitted, buffer, chunk, uploads, faults: source.faults }
}

t.test('memoryLimit', async (t) => {
  const of = (constrainedBytes: number | undefined, given?: number) => memoryLimit(
    given, machine({ constrainedBytes })
  )
  for (const none of [undefined, 0, 2 ** 63 - 4096, 2 ** 64, 24 * GIB]) {
    t.same(of(none), { bytes: 24 * GIB, source: 'machine' }, `${none} is no limit`)
  }
  t.same(of(256 * MIB), { bytes: 256 * MIB, source: 'container' })
  t.same(of(256 * MIB, 128 * MIB), { bytes: 128 * MIB, source: 'MEMORY_LIMIT' })
  const { constrainedBytes, totalBytes, heapBytes } = thisMachine(256 * MIB)
  t.equal(constrainedBytes, 256 * MIB)
  t.ok(totalBytes > 0 && heapBytes > 0)
})

t.test('a machine of its own has the defaults, as far as it is large enough', async (t) => {
  t.match(fit({}), {
    buffer: 128 * MIB, chunk: 20_000_000, uploads: 32, faults: [], warnings: [], memory: { keepsFreed: true }
  })
  t.match(fit({}, { totalBytes: 256 * MIB }), { buffer: 56 * MIB, uploads: 16 })
})

t.test('a limit sizes chunks, places and memories, wherever it comes from', async (t) => {
  const wanted = {
    buffer: 56 * MIB,
    chunk: 14 * MIB,
    uploads: 16,
    settings: { UPLOAD_TEXT_MAX_BYTES: 16 * MIB },
    memory: {
      limitBytes: 256 * MIB,
      answersBytes: 8 * MIB,
      arrivingBytes: 16 * MIB,
      bodiesBytes: 16 * MIB,
      recordsBytes: 4 * MIB,
      cacheBytes: 2 * MIB,
      keepsFreed: false
    },
    faults: [],
    warnings: []
  }
  t.match(fit({ MEMORY_LIMIT: '256MiB' }), wanted)
  t.match(fit({}, { constrainedBytes: 256 * MIB }), wanted)
  t.match(
    fit({ MEMORY_LIMIT: '1GiB' }),
    { buffer: 440 * MIB, chunk: 20_000_000, uploads: 125 },
    'more than the defaults'
  )
  t.match(fit({ MEMORY_LIMIT: '8GiB' }), { buffer: 512 * MIB, uploads: 128 }, 'up to a bound')
  t.match(fit({ MEMORY_LIMIT: '128MiB' }, { heapBytes: 56 * MIB }), {
    buffer: 5 * MIB,
    chunk: 5 * MIB,
    uploads: 2,
    settings: { UPLOAD_TEXT_MAX_BYTES: 5 * MIB },
    warnings: [/^the process takes up to 144MiB beside UPLOAD_BUFFER_BYTES \(5MiB\), .* limit of 128MiB$/]
  })
})

t.test('variables that are set win, and the others follow', async (t) => {
  t.match(fit({ MEMORY_LIMIT: '256MiB', UPLOAD_CHUNK_BYTES: '20MiB' }), { chunk: 20 * MIB, buffer: 56 * MIB })
  t.match(fit({ MEMORY_LIMIT: '256MiB', UPLOAD_CHUNK_BYTES: '60MiB' }), {
    chunk: 60 * MIB, buffer: 60 * MIB, uploads: 17
  })
  t.match(fit({ MEMORY_LIMIT: '256MiB', UPLOAD_BUFFER_BYTES: '28MiB' }), {
    buffer: 28 * MIB, chunk: 14 * MIB, uploads: 8
  })
  t.match(fit({ MEMORY_LIMIT: '256MiB', UPLOAD_BUFFER_BYTES: '8MiB' }), {
    buffer: 8 * MIB, chunk: 8 * MIB, uploads: 2
  })
  t.match(fit({ UPLOAD_BUFFER_BYTES: '8MiB' }), { buffer: 8 * MIB, chunk: 5 * MIB, faults: [] })
  t.match(fit({ MEMORY_LIMIT: '256MiB', UPLOAD_MAX_CONCURRENT: '3' }), { uploads: 3, buffer: 56 * MIB })
})

t.test('what contradicts the limit is a warning, and a fault where it cannot work', async (t) => {
  t.match(fit({ MEMORY_LIMIT: '256MiB' }, { heapBytes: 4120 * MIB }).warnings, [
    /^V8 may take 4120MiB for its heap, .* limit of 256MiB; start Node with --max-old-space-size=80$/
  ])
  t.same(fit({}, { heapBytes: 40 * GIB }).warnings, [], 'the machine may be shared anyway')
  t.match(fit({ MEMORY_LIMIT: '1GiB' }, { constrainedBytes: 512 * MIB }).warnings, [
    /^MEMORY_LIMIT is 1GiB, but there are only 512MiB/
  ])
  t.match(fit({ MEMORY_LIMIT: '32GiB' }).warnings, [/there are only 24GiB/])
  t.match(
    fit({ MEMORY_LIMIT: '32GiB' }, { totalBytes: 25_276_514_304 }).warnings,
    [/there are only 24105MiB:/],
    'and no row of digits'
  )
  const sizes = [[256 * MIB, '256MiB'], [2_000_000_000, '2GB'], [858_993_459, '819MiB']] as const
  for (const [bytes, shown] of sizes) t.equal(shownLimit(bytes), shown)
  t.match(fit({ MEMORY_LIMIT: '256MiB', UPLOAD_BUFFER_BYTES: '128MiB' }).warnings, [
    /^the process takes up to 144MiB beside/
  ])
  t.match(fit({ UPLOAD_TEXT_MAX_BYTES: '32MiB', UPLOAD_BUFFER_BYTES: '20MiB' }).warnings, [
    /^UPLOAD_TEXT_MAX_BYTES is more than/
  ])
  t.match(fit({ UPLOAD_BUFFER_BYTES: '8MiB', UPLOAD_CHUNK_BYTES: '20MB' }).faults, [
    { name: 'UPLOAD_BUFFER_BYTES', reason: /one chunk has to fit/ }
  ])
  t.same(fit({ UPLOAD_BUFFER_BYTES: '8MiB', UPLOAD_CHUNK_BYTES: '8MiB' }).faults, [])
  const tooMuch = { reason: 'must be less than the memory limit of 256MiB' }
  t.match(fit({ MEMORY_LIMIT: '256MiB', UPLOAD_BUFFER_BYTES: '256MiB' }).faults, [{
    name: 'UPLOAD_BUFFER_BYTES', ...tooMuch
  }])
  t.match(fit({ MEMORY_LIMIT: '256MiB', UPLOAD_CHUNK_BYTES: '300MiB' }).faults, [{
    name: 'UPLOAD_CHUNK_BYTES', ...tooMuch
  }])
  t.match(fit({ MEMORY_LIMIT: '12' }).faults, [{
    name: 'MEMORY_LIMIT', reason: /a size such as 20MB or 20MiB/
  }])
})
