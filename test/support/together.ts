import { relative, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { CoverageByFile } from './coverage-by-file.ts'
import { LONG, LONG_FILES } from './rounds.ts'

const ROOT = resolve(import.meta.dirname, '../..')
/** Everything that test files call on the `t` they import. */
const ON_IMPORTED = ['test', 'teardown', 'beforeEach', 'setTimeout'] as const
const FILE_TIMEOUT_MS = 300_000

const { filesTogether, sourceOf } = await import(resolve(ROOT, 'test/coverage-map.js')) as {
  filesTogether: (file: string) => string[]
  sourceOf: (file: string) => string | null
}

/**
 * Runs the test files of a folder in this process, one after the other, as if each had a process of its own: what it
 * calls on the imported `t` concerns that file alone, and it earns coverage of its mirror alone.
 */
export async function runTogether (entry: string): Promise<void> {
  const files = filesTogether(relative(ROOT, entry))
  const runFile = t.test.bind(t) as (name: string, options: object, run: (own: Test) => Promise<void>) => Promise<unknown>
  t.setTimeout(files.length * FILE_TIMEOUT_MS)
  const coverage = await CoverageByFile.start(files.map(sourceOf).filter((source) => source !== null).map((source) => resolve(ROOT, source)))
  for (const file of files) {
    const source = sourceOf(file)
    await coverage.begin(source === null ? undefined : resolve(ROOT, source))
    await runFile(file, { timeout: FILE_TIMEOUT_MS, skip: LONG_FILES.has(file) && LONG }, async (own) => {
      for (const name of ON_IMPORTED) {
        const forFile = own[name].bind(own) as (...given: never[]) => unknown // each of them in turn
        Object.defineProperty(t, name, { configurable: true, value: forFile })
      }
      await import(resolve(ROOT, file))
    })
    await coverage.end()
  }
}
