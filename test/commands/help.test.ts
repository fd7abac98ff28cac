import t from 'tap'
import { CALLS } from '../../src/commands/calls/run-call.ts'
import { CALL_SUMMARIES, HELP } from '../../src/commands/help.ts'

t.test('the help names every call and every exit code', async (t) => {
  t.same(Object.keys(CALL_SUMMARIES), Object.keys(CALLS))
  for (const name of Object.keys(CALLS)) t.match(HELP, new RegExp(`^ {2}${name} +[A-Z]`, 'm'))
  for (const code of [0, 1, 2, 3, 4, 130]) t.match(HELP, new RegExp(`^ {2}${code}  `, 'm'))
})
