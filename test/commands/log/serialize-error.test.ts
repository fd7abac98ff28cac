import t from 'tap'
import { serializeError } from '../../../src/commands/log/serialize-error.ts'

t.test('an error is told by its type, message, stack and code, and by nothing else that hangs on it', async (t) => {
  const error = Object.assign(new TypeError('refused'), { code: 'WRONGPASS', command: { name: 'auth', args: ['user', 'canary'] }, [Symbol('held')]: 'canary' })
  t.strictSame(serializeError(error), { type: 'TypeError', message: 'refused', stack: error.stack, code: 'WRONGPASS' })
  t.equal(serializeError(Object.assign(new Error('x'), { code: 7 })).code, 7)
  t.equal(serializeError(Object.assign(new Error('x'), { code: { canary: 1 } })).code, undefined)
  t.strictSame(serializeError(Object.assign(new Error('x'), { stack: ['canary'] })), { type: 'Error', message: 'x' })
})

t.test('causes and the errors of several attempts are told in the same form', async (t) => {
  const inner = Object.assign(new Error('inner'), { code: 'ECONNREFUSED', args: 'canary' })
  const told = serializeError(new AggregateError([inner, { held: 'canary' }], 'all failed', { cause: new Error('outer', { cause: inner }) }))
  t.match(told, {
    type: 'AggregateError',
    cause: { message: 'outer', cause: { message: 'inner', code: 'ECONNREFUSED' } },
    aggregateErrors: [{ type: 'Error', message: 'inner', code: 'ECONNREFUSED' }]
  })
  t.equal(told.aggregateErrors?.length, 1)
  t.notMatch(JSON.stringify(told), /canary/)
  t.notHas(serializeError(Object.assign(new Error('x'), { errors: [{ pointer: '/x' }] })), { aggregateErrors: [] }, 'faults of a request are no errors')
})

t.test('what is thrown and no error is told by a text alone', async (t) => {
  t.strictSame(serializeError('gone'), { type: 'string', message: 'gone' })
  for (const [thrown, type] of [[{ auth: 'canary' }, 'object'], [null, 'object'], [5, 'number']] as const) {
    t.strictSame(serializeError(thrown), { type, message: 'What was thrown is no error.' })
  }
})

t.test('circles and long rows end', async (t) => {
  const circle = new Error('round')
  circle.cause = circle
  t.equal(JSON.stringify(serializeError(circle)).match(/"message":"round"/g)?.length, 6)
  const whole = new AggregateError([], 'whole')
  whole.errors.push(whole)
  t.equal(JSON.stringify(serializeError(whole)).match(/"message":"whole"/g)?.length, 3)
  t.equal(serializeError(new AggregateError(Array.from({ length: 100 }, () => new Error('one')))).aggregateErrors?.length, 10)
})
