import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'

const TIMEOUT_MS = 90_000

for (const example of ['node-test.ts', 'vitest.ts']) {
  t.test(`${example} runs under node --test, and each of its tests passes`, async (t) => {
    // A node --test that believes to be another's child answers in its own wire format instead.
    const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, ...env } = process.env
    const child = spawn(process.execPath, ['--import', 'tsx', '--test', '--test-reporter=tap', join(import.meta.dirname, example)], { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS })
    const ended = new Promise<number | null>((resolve) => { child.on('close', resolve) })
    const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    t.equal(code, 0, errors)
    t.match(output, /^# pass 3$/m)
    t.match(output, /^# fail 0$/m)
    t.match(output, /^# skipped 0$/m)
  })
}
