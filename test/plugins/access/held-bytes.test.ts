import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { AnswerBudget } from '../../../src/plugins/access/answer-budget.ts'
import { HeldBytes, ownersOf } from '../../../src/plugins/access/held-bytes.ts'

/** As much of a request as is looked at. */
function requestFrom (ip: string) {
  const actions: Array<() => void> = []
  const request = { ip, whenOver: (action: () => void) => { actions.push(action) } } as unknown as FastifyRequest
  return { request, over: () => { for (const action of actions) action() } }
}

t.test('bytes count for the address of a request until it is over, and never after', async (t) => {
  const budget = new AnswerBudget({ maxBytes: 100, maxBytesOfOne: 50 })
  const { request, over } = requestFrom('192.0.2.1')
  t.same(ownersOf(request), ['address:192.0.2.1'])
  const held = new HeldBytes(budget, request)
  held.grow(30)
  held.grow(20)
  t.match(budget, { waitingBytes: 30, owners: 1 }, 'it does not shrink')
  t.equal(held.fits(50), true, 'its own bytes do not stand in its way')
  t.equal(new HeldBytes(budget, requestFrom('192.0.2.1').request).fits(21), false)
  t.equal(new HeldBytes(budget, requestFrom('192.0.2.2').request).fits(50), true)
  over()
  held.grow(40)
  t.match(budget, { waitingBytes: 0, owners: 0 })
})

t.test('bytes count for the caller of a request too, where it has one', async (t) => {
  const { request } = requestFrom('192.0.2.1')
  const known = Object.assign(request, { caller: { name: 'shop' } })
  t.match(ownersOf(known), ['address:192.0.2.1', /shop/])
})
