import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { ERRORS } from '../../src/errors.ts'
import { problems } from '../../src/schemas/problem.ts'
import { declaredCodes } from '../support/declared-codes.ts'
import { LONG } from '../support/rounds.ts'
import { WITH_TYPESCRIPT } from '../support/with-typescript.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')

/**
 * Runs `test/fixtures/undeclared-code.ts` as tap runs a test file: with what watches the codes loaded before it.
 */
async function exitOf (code: string): Promise<{ exit: number, told: string }> {
  const args = [
    ...WITH_TYPESCRIPT,
    '--import',
    './test/support/declared-codes.ts',
    'test/fixtures/undeclared-code.ts',
    code
  ]
  return run(process.execPath, args, { cwd: ROOT }).then(
    ({ stderr }) => ({ exit: 0, told: stderr }),
    (error: { code: number, stderr: string }) => ({ exit: error.code, told: error.stderr })
  )
}

t.test('what a route declares can be read from its schema, whichever codes share a status', async (t) => {
  t.same(
    [...declaredCodes(
      { 200: {}, ...problems('invalid_request', 'upstream_rejected', 'not_found') }
    ) ?? []].sort(),
    ['invalid_request', 'not_found', 'upstream_rejected']
  )
  t.equal(declaredCodes(undefined), undefined)
  t.equal(declaredCodes({ 200: { type: 'object' } }), undefined, 'a route without problems promises nothing')
  for (const code of Object.keys(ERRORS) as Array<keyof typeof ERRORS>) {
    t.same(
      [...declaredCodes(problems(code)) ?? []], [code]
    )
  }
})

t.test('a process whose route answers with an undeclared code fails, and names route and code', { skip: LONG }, async (t) => {
  t.match(await exitOf('not_found'), { exit: 0, told: '' })
  t.match(await exitOf('internal'), { exit: 0 }, 'which can happen anywhere')
  t.match(await exitOf('upstream_conflict'), { exit: 1, told: /GET \/it 409 upstream_conflict/ })
})
