import t from 'tap'
import { budgetOf, UploadBudget, type Loan } from '../../../src/cloudinary/upload/budget.ts'
import { testConfig } from '../../support/gateway.ts'

const never = new AbortController().signal

t.test('M26: 503 with Retry-After when as many uploads run as may; the next one that ends makes room', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 2, bufferBytes: 100 })
  const first = budget.admit()
  budget.admit()
  t.throws(() => budget.admit(), { code: 'overloaded', headers: { 'retry-after': '5' } })
  first()
  first()
  t.equal(budget.running, 1, 'and ending twice counts once')
  budget.admit()
})

t.test('uploads without a proof take no place of the others, but begin only where one is free', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 1, bufferBytes: 100 })
  const unproven = budget.admitUnproven('a')
  t.same([budget.running, budget.unproven], [0, 1])
  t.throws(() => budget.admitUnproven('b'), { code: 'overloaded' })
  unproven()
  const proven = budget.admit()
  t.throws(() => budget.admitUnproven('b'), { code: 'overloaded', headers: { 'retry-after': '5' } })
  proven()
  budget.admitUnproven('b')()
  t.same([budget.running, budget.unproven], [0, 0])
})

t.test('memory is lent up to the budget; whoever comes later waits in line', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 9, bufferBytes: 100 })
  const order: string[] = []
  const one = await budget.borrow(60, never)
  const two = budget.borrow(60, never).then((loan) => { order.push('two'); return loan })
  const small = budget.borrow(10, never).then((loan) => { order.push('small'); return loan })
  t.equal(budget.waiting, 2, 'the small one fits, but does not overtake')
  t.equal(budget.heldBytes, 60)
  one.release()
  one.release()
  const loans = await Promise.all([two, small])
  t.same(order, ['two', 'small'])
  t.equal(budget.heldBytes, 70)
  for (const loan of loans) loan.release()
  t.equal(budget.heldBytes, 0)
})

t.test('a chunk larger than the whole budget gets it for itself', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 9, bufferBytes: 100 })
  const large = await budget.borrow(500, never)
  t.equal(large.memory.length, 500)
  t.equal(budget.heldBytes, 100)
  large.release()
})

t.test('memory for a text is lent at once or not at all, and to nobody else afterwards', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 9, bufferBytes: 100 })
  t.equal(budget.capacity, 100)
  const text = budget.lendNow(60)
  t.equal(text.memory.length, 60)
  t.throws(() => budget.lendNow(41), { code: 'overloaded', headers: { 'retry-after': '5' }, message: /no memory for a body of 41 bytes/ })
  t.throws(() => budget.lendNow(101), { code: 'payload_too_large', message: /all uploads together may hold 100/, members: { advice: /`multipart\/form-data`/ } })
  const waiting = budget.borrow(60, never)
  t.throws(() => budget.lendNow(1), { code: 'overloaded' }, 'whoever waits comes first')
  text.release()
  text.release()
  const chunk = await waiting
  t.equal(budget.heldBytes, 60)
  t.not(chunk.memory, text.memory)
  chunk.release()
  const whole = budget.lendNow(100)
  t.equal(budget.heldBytes, 100)
  whole.release()
  t.equal(budget.heldBytes, 0)
})

t.test('a caller that leaves while it waits leaves the line, and those behind it move up', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 9, bufferBytes: 100 })
  const one = await budget.borrow(60, never)
  const leaving = new AbortController()
  const large = budget.borrow(80, leaving.signal)
  const small = budget.borrow(40, never)
  leaving.abort(new Error('gone'))
  await t.rejects(large, { message: 'gone' })
  const loan = await small
  t.equal(budget.waiting, 0)
  one.release()
  loan.release()
  await t.rejects(budget.borrow(1, AbortSignal.abort(new Error('gone before'))), { message: 'gone before' })
})

t.test('memory that is given back is lent again, and let go when it would exceed the budget or nobody wants it for a while', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 9, bufferBytes: 100 }, 10)
  const keep = await budget.borrow(10, never)
  const one = await budget.borrow(40, never)
  const { memory } = one
  one.release()
  const again = await budget.borrow(40, never)
  t.equal(again.memory, memory)
  again.release()
  const other = await budget.borrow(80, never)
  other.release()
  const fresh = await budget.borrow(40, never)
  t.not(fresh.memory, memory, 'the other size needed its place')
  const last = fresh.memory
  for (const loan of [keep, fresh]) loan.release()
  const found = await budget.borrow(40, never)
  t.equal(found.memory, last, 'the next chunk of the same file finds it again')
  found.release()
  await new Promise((resolve) => { setTimeout(resolve, 50) })
  t.not((await budget.borrow(40, never)).memory, last)
})

t.test('500 random loans: never more than the budget, nobody starves', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 9, bufferBytes: 1000 })
  let highest = 0
  await Promise.all(Array.from({ length: 500 }, async (_, index) => {
    const loan: Loan = await budget.borrow(1 + (index * 7919) % 1300, new AbortController().signal)
    highest = Math.max(highest, budget.heldBytes)
    await new Promise((resolve) => { setImmediate(resolve) })
    loan.release()
  }))
  t.ok(highest <= 1000)
  t.same([budget.heldBytes, budget.waiting], [0, 0])
})

t.test('clients built from the same limits share one budget', async (t) => {
  const { upload } = testConfig([])
  t.equal(budgetOf(upload), budgetOf(upload))
  t.not(budgetOf(upload), budgetOf({ ...upload }))
})
