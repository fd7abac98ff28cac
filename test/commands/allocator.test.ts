import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { keepFreedMemory } from '../../src/commands/allocator.ts'
import { WITH_TYPESCRIPT } from '../support/with-typescript.ts'

const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header // absent where the C library is another
const OTHER = glibcVersionRuntime === undefined && 'the C library of this machine is not glibc'

/** From this version on V8 has a limit of its own for buffers. */
const OWN_LIMIT = Number(process.versions.v8.split('.')[0]) >= 13 && 'this V8 does not count buffers as growth of the heap'

/** What a fixture prints: one number. V8 would complain of a flag that it does not know. */
async function measured (fixture: string, flags: readonly string[], args: readonly string[] = []): Promise<number> {
  const file = join(import.meta.dirname, '../fixtures', fixture)
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...flags, ...WITH_TYPESCRIPT, file, ...args])
  if (stderr !== '') throw new Error(stderr)
  return Number(stdout)
}

t.test('keepFreedMemory', async (t) => {
  t.test('buffers that come and go find their memory again', { skip: OTHER }, async (t) => {
    // Page faults of one buffer of 64 KiB, which has sixteen pages. Without it mostly 14 or more, and hardly any where
    // something else has raised the bound by chance.
    t.ok(await measured('buffer-churn.ts', ['--expose-gc']) < 2)
  })

  t.test('takes no memory itself: the block is never written to', async (t) => {
    const before = process.memoryUsage.rss()
    for (let round = 0; round < 4; round++) keepFreedMemory()
    t.ok(process.memoryUsage.rss() - before < 16 * 1024 ** 2)
  })
})

t.test('growSteadily', async (t) => {
  t.test('after a quiet time the heap is not searched again and again', { skip: OWN_LIMIT }, async (t) => {
    // Without it 6 to 14 times.
    t.ok(await measured('quiet-then-busy.ts', ['--gc-memory-reducer-start-delay-ms=50'], ['steadily']) < 3)
  })
})

t.test('beginYoung', async (t) => {
  t.test('objects whose kind was kept once are dropped like all others', async (t) => {
    // Without it 3 times on Node 24, and about 10 before that.
    t.ok(await measured('first-kept.ts', ['--max-semi-space-size=8'], ['young']) < 3)
  })
})
