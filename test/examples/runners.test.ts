import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { bareNode } from '../support/product.ts'
import { LONG } from '../support/rounds.ts'

const root = join(import.meta.dirname, '../..')
const TIMEOUT_MS = 90_000
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')

/** Runs an example as its own runner does, in a process of its own, and tells what it printed and how it ended. */
async function run (args: readonly string[]): Promise<{ code: number | null, output: string, errors: string }> {
  // A runner that believes to be another's child answers in its own wire format instead.
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env
  const [program, ...given] = bareNode(args)
  const child = spawn(program, given, {
    cwd: root, env: { ...env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS
  })
  const ended = new Promise<number | null>((resolve) => { child.on('close', resolve) })
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, output, errors }
}

t.test('node-test.ts runs under node --test, and each of its tests passes', { skip: LONG }, async (t) => {
  const { code, output, errors } = await run(['--import', 'tsx', '--test', '--test-reporter=tap', 'test/examples/node-test.ts'])
  t.equal(code, 0, errors)
  t.match(output, /^# pass 3$/m)
  t.match(output, /^# fail 0$/m)
  t.match(output, /^# skipped 0$/m)
})

t.test('vitest.spec.ts runs under vitest, and each of its tests passes', { skip: LONG }, async (t) => {
  const { code, output, errors } = await run([vitest, 'run', 'test/examples/vitest.spec.ts', '--reporter=json'])
  t.equal(code, 0, errors)
  const [report] = /^\{.*\}$/m.exec(output) ?? []
  t.match(JSON.parse(report ?? '{}'), { success: true, numTotalTests: 3, numPassedTests: 3 })
})
