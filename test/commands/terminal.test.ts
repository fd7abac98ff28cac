import t from 'tap'
import { HELP } from '../../src/commands/command-line.ts'
import { EXIT, Interrupted } from '../../src/commands/terminal.ts'

t.test('EXIT', async (t) => {
  t.same(
    EXIT,
    { done: 0, failed: 1, misused: 2, occupied: 3, unreachable: 4, interrupted: 130 },
    'codes are contract: scripts and supervisors read them'
  )
  t.same(
    [...HELP.matchAll(/^ {2}(\d+) {2}\S/gm)].map(([, code]) => Number(code)),
    Object.values(EXIT),
    'the help explains each'
  )
})

t.test('Interrupted says with what code a command ends', async (t) => {
  t.match(new Interrupted('Interrupted.', EXIT.interrupted), {
    name: 'Interrupted', message: 'Interrupted.', code: 130
  })
})
