import t from 'tap'
import { GatewayProblem } from '../../../src/api/index.ts'
import {
  failureOf, noWords, onlyWord, printable, printLine, printValue, table, type CallContext
} from '../../../src/commands/calls/call.ts'
import { recordedTerminal } from '../../support/recorded-terminal.ts'

const withWords = (...words: string[]) => ({ words }) as unknown as CallContext // all that is read of it

t.test('printable leaves nothing that a terminal obeys', async (t) => {
  t.equal(printable('a\u001b[2J\r\n\u202Eb é 猫'), 'a?[2J???b é 猫')
})

t.test('values are printed on a line of their own for programs, indented for people', async (t) => {
  const terminal = recordedTerminal()
  const context = { terminal, json: true } as unknown as CallContext
  printLine(context, { a: 1 })
  printValue(context, { a: 2 })
  printValue({ ...context, json: false }, { a: 3 })
  t.equal(terminal.written.out, '{"a":1}\n{"a":2}\n{\n  "a": 3\n}\n')
})

t.test('table makes columns as wide as they must be', async (t) => {
  t.equal(table([['a', 1, undefined], ['bcd\u001b', 22, 'x']]), 'a     1\nbcd?  22  x\n')
  t.equal(table([]), '')
})

t.test('onlyWord and noWords judge what stands beside the options', async (t) => {
  t.equal(onlyWord(withWords('a'), 'PUBLIC_ID'), 'a')
  for (const words of [[], ['']]) {
    t.throws(() => onlyWord(withWords(...words), 'PUBLIC_ID'), {
      message: 'PUBLIC_ID is missing'
    })
  }
  t.throws(() => onlyWord(withWords('a', 'b'), 'PUBLIC_ID'), {
    message: 'There is one PUBLIC_ID too many: \'b\''
  })
  // They would vanish from a URL.
  for (const id of ['.', '..']) {
    t.throws(() => onlyWord(withWords(id), 'PUBLIC_ID'), {
      message: `'${id}' is no PUBLIC_ID`
    })
  }
  noWords(withWords())
  t.throws(() => noWords(withWords('a')), { name: 'UsageError', message: 'No argument is taken here: \'a\'' })
})

t.test('failureOf names a failure', async (t) => {
  const problem = new GatewayProblem(new Response(null, { status: 404 }), {
    code: 'not_found', detail: 'None.'
  })
  t.same(failureOf(problem), { code: 'not_found', message: 'None.' })
  t.same(
    failureOf(Object.assign(new Error('denied'), { code: 'EACCES' })),
    { code: 'EACCES', message: 'denied' }
  )
  t.same(failureOf(new TypeError('x')), { code: 'failed', message: 'x' })
})

t.test('a table may have more rows than a function may have arguments', async (t) => {
  const rows = Array.from({ length: 200_000 }, (_, index) => [index % 10, 'b'])
  t.equal(table(rows).length, rows.length * 'a  b\n'.length)
})
