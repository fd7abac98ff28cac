import { readFileSync } from 'node:fs'
import t from 'tap'
import { ERRORS, type ErrorCode } from '../../../src/errors.ts'
import { ERROR_EXAMPLES } from '../../../src/plugins/docs/error-examples.ts'
import { EXAMPLES_FILE, examplesText, PAGE_FILE, pageText } from '../../support/error-catalogue.ts'
import { provokeErrors } from '../../support/provoked-errors.ts'

t.test('every code can be provoked, and the recorded answer is what comes (npm run errors records it)', async (t) => {
  const provoked = await provokeErrors(t, t.testdir({}))
  t.same(Object.keys(provoked).sort(), Object.keys(ERRORS).sort())
  for (const [code, { when, request, answer }] of Object.entries(provoked)) {
    const { status, title } = ERRORS[code as ErrorCode] // the keys are the same
    t.match(answer, { type: `/docs/errors/${code}`, code, status, title }, code)
    const recorded = ERROR_EXAMPLES[code as ErrorCode]
    t.same({ ...recorded, answer: JSON.parse(recorded.answer) as unknown }, { when, request, answer }, code)
  }
  t.equal(readFileSync(EXAMPLES_FILE, 'utf8'), examplesText(provoked), 'and nothing else stands in the file')
  t.equal(readFileSync(PAGE_FILE, 'utf8'), pageText(provoked), 'docs/errors.md is made from the same')
})
