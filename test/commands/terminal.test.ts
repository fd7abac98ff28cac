import t from 'tap'
import { HELP } from '../../src/commands/command-line.ts'
import { EXIT } from '../../src/commands/terminal.ts'

t.test('EXIT', async (t) => {
  t.same(EXIT, { done: 0, failed: 1, misused: 2, occupied: 3 }, 'codes are contract: scripts and supervisors read them')
  t.same([...HELP.matchAll(/^ {2}(\d) {2}\S/gm)].map(([, code]) => Number(code)), Object.values(EXIT), 'the help explains each')
})
