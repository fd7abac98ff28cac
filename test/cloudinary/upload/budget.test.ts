import t from 'tap'
import { budgetOf, UploadBudget, type Loan } from '../../../src/cloudinary/upload/budget.ts'
import { testConfig } from '../../support/gateway.ts'

const never = new AbortController().signal
const shares = { environment: 3 / 4, caller: 1 / 2, address: 1 / 4, signature: 1 / 8 }
const web = { caller: 'web' }
const cms = { caller: 'cms' }

t.test('M26: 503 with Retry-After when as many uploads run as may; the next one that ends makes room', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 2, bufferBytes: 100, shares })
  const first = budget.admit()
  budget.admit()
  t.throws(() => budget.admit(), { code: 'overloaded', headers: { 'retry-after': '5' } })
  first()
  first()
  t.equal(budget.running, 1, 'and ending twice counts once')
  budget.admit()
})

t.test('uploads without a proof take no place of the others, but begin only where one is free', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 1, bufferBytes: 100, shares })
  const unproven = await budget.admitUnproven({ address: 'a' })
  t.same([budget.running, budget.unproven], [0, 1])
  await t.rejects(budget.admitUnproven({ address: 'b' }), { code: 'overloaded' })
  unproven()
  const proven = budget.admit()
  await t.rejects(budget.admitUnproven({ address: 'b' }), {
    code: 'overloaded', headers: { 'retry-after': '5' }
  })
  proven()
  ;(await budget.admitUnproven({ address: 'b' }))()
  t.same([budget.running, budget.unproven], [0, 0])
})

t.test('memory is lent up to the budget; whoever comes later waits in line', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 9, bufferBytes: 100, shares })
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

t.test('each owner has its share of the places, before a proof too', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 4, bufferBytes: 100, shares })
  budget.admit(web)
  budget.admit(web)
  const full = { code: 'overloaded', members: { share: 'caller' } }
  t.throws(() => budget.admit(web), full)
  await t.rejects(budget.admitUnproven({ address: 'a' }, web), full, 'it would be refused after its fields')
  await budget.admitUnproven({ address: 'a' }, cms)
  const leave = await budget.admitSoon(cms)
  t.equal(budget.running, 3)
  leave()
})

t.test('memory: whoever waits for its own share holds up nobody else, and is not overtaken in it', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 9, bufferBytes: 100, shares })
  const order: string[] = []
  const borrow = (bytes: number, owner: object, name: string): Promise<Loan> =>
    budget.borrow(bytes, never, owner).then((loan) => { order.push(name); return loan })
  const first = await borrow(40, web, 'first')
  const second = borrow(20, web, 'second')
  const third = borrow(5, web, 'third')
  const other = await borrow(40, cms, 'other')
  t.same([budget.heldBytes, budget.waiting], [80, 2])
  t.equal(budget.hasRoom(5, web), false, 'it has room, and others of the same share wait')
  t.equal(budget.hasRoom(5, { caller: 'new' }), true)
  t.throws(() => budget.lendNow(20, web), {
    code: 'overloaded',
    members: { share: 'caller' },
    message: 'The share of this caller is full: it holds 40 of the 100 bytes of memory for uploads.'
  })
  t.throws(() => budget.lendNow(5, web), { code: 'overloaded', message: /no memory for a body of 5 bytes/ })
  const passing = budget.lendNow(5, { caller: 'new' })
  passing.release()
  t.equal(budget.waiting, 2, 'what becomes free is none of their share')
  const last = borrow(30, {}, 'last')
  const small = borrow(10, { caller: 'new' }, 'small')
  t.equal(budget.waiting, 4, 'nobody overtakes one that waits for memory')
  first.release()
  other.release()
  for (const loan of await Promise.all([second, third, last])) loan.release()
  ;(await small).release()
  t.same(order, ['first', 'other', 'second', 'third', 'last', 'small'])
  t.same([budget.heldBytes, budget.waiting], [0, 0])
})

t.test('memory: an owner without any gets what it needs, though its share is smaller', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 9, bufferBytes: 100, shares })
  const stranger = { address: 'a' }
  const large = await budget.borrow(60, never, stranger)
  const next = budget.borrow(1, never, stranger)
  t.equal(budget.waiting, 1)
  large.release()
  ;(await next).release()
  budget.lendNow(100, stranger).release()
  t.equal(budget.heldBytes, 0)
})

t.test('a chunk larger than the whole budget gets it for itself', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 9, bufferBytes: 100, shares })
  const large = await budget.borrow(500, never)
  t.equal(large.memory.length, 500)
  t.equal(budget.heldBytes, 100)
  large.release()
})

t.test('memory for a text is lent at once or not at all', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 9, bufferBytes: 100, shares })
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
  chunk.release()
  const whole = budget.lendNow(100)
  t.equal(budget.heldBytes, 100)
  whole.release()
  t.equal(budget.heldBytes, 0)
})

t.test('a caller that leaves while it waits leaves the line, and those behind it move up', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 9, bufferBytes: 100, shares })
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

t.test('500 random loans: never more than the budget, nobody starves', async (t) => {
  const budget = new UploadBudget({ maxConcurrent: 9, bufferBytes: 1000, shares })
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
