import t from 'tap'
import { keepFreedMemory } from '../src/commands/serve.ts'
import { measured } from './support/measured.ts'
import { LONG } from './support/rounds.ts'

interface Report { readonly header: { readonly glibcVersionRuntime?: string } }
/** The version is absent where the C library is another. */
const { glibcVersionRuntime } = (process.report.getReport() as Report).header
const OTHER = glibcVersionRuntime === undefined && 'the C library of this machine is not glibc'

t.test('keepFreedMemory', async (t) => {
  t.test('buffers that come and go find their memory again', { skip: OTHER || LONG }, async (t) => {
    // Page faults of one buffer of 64 KiB, which has sixteen pages. Without it mostly 14 or more, and hardly any
    // where something else has raised the bound by chance.
    t.ok(await measured('buffer-churn.ts', ['--expose-gc']) < 2)
  })

  t.test('takes no memory itself: the block is never written to', async (t) => {
    const before = process.memoryUsage.rss()
    for (let round = 0; round < 4; round++) keepFreedMemory()
    t.ok(process.memoryUsage.rss() - before < 16 * 1024 ** 2)
  })
})
