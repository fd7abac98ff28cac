import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { keepFreedMemory } from '../../src/commands/allocator.ts'

const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header // absent where the C library is another
const OTHER = glibcVersionRuntime === undefined && 'the C library of this machine is not glibc'

/** Page faults of one buffer of 64 KiB, which has sixteen pages, in a process that makes and drops many. */
async function faultsPerBuffer (): Promise<number> {
  const file = join(import.meta.dirname, '../fixtures/buffer-churn.ts')
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--import', 'tsx', file])
  return Number(stdout)
}

t.test('keepFreedMemory', async (t) => {
  t.test('buffers that come and go find their memory again', { skip: OTHER }, async (t) => {
    // Without it mostly 14 or more, and hardly any where something else has raised the bound by chance.
    t.ok(await faultsPerBuffer() < 2)
  })

  t.test('takes no memory itself: the block is never written to', async (t) => {
    const before = process.memoryUsage.rss()
    for (let round = 0; round < 4; round++) keepFreedMemory()
    t.ok(process.memoryUsage.rss() - before < 16 * 1024 ** 2)
  })
})
