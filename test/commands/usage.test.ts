import t from 'tap'
import { meant, parseOptions, UsageError, wholeNumber } from '../../src/commands/usage.ts'

t.test('parseOptions', async (t) => {
  const table = { tags: { type: 'string' }, secure: { type: 'boolean' } } as const
  t.test('reads options and words, and what a switch is turned off by', async (t) => {
    const args = ['a', '--tags', 'x', '--no-secure', 'b']
    t.throws(() => parseOptions(args, table), { message: /Unknown option '--no-secure'/ })
    t.match(
      parseOptions(args, table, { allowNegative: true }),
      { values: { tags: 'x', secure: false }, positionals: ['a', 'b'] }
    )
  })

  t.test('says what is wrong, and what was meant', async (t) => {
    t.throws(
      () => parseOptions(['--tgas', 'x'], table),
      new UsageError('Unknown option \'--tgas\'; did you mean \'--tags\'?')
    )
    t.throws(
      () => parseOptions(['--nothing-like-it'], table), new UsageError('Unknown option \'--nothing-like-it\'')
    )
    t.throws(() => parseOptions(['--tags', 'x', '--tags=y'], table), new UsageError('--tags is given twice'))
    const lists = { tags: { type: 'string', multiple: true } } as const
    t.same(parseOptions(['--tags', 'x', '--tags=y'], lists).values.tags, ['x', 'y'])
    t.throws(() => parseOptions(['--tags'], table), { name: 'UsageError', message: /argument missing/ })
  })
})

t.test('meant is empty when nothing is near', async (t) => {
  t.equal(meant('uplaod', ['upload', 'url']), '; did you mean \'upload\'?')
  t.equal(meant('zzzzzzz', ['upload', 'url']), '')
})

t.test('wholeNumber', async (t) => {
  t.equal(wholeNumber('--port', '0', 10), 0)
  for (const text of ['11', '-1', '1.5', '', 'x', '1e1']) {
    t.throws(
      () => wholeNumber('--port', text, 10), new UsageError('--port must be a whole number from 0 to 10')
    )
  }
})
