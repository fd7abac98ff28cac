import t from 'tap'
import { IssuedSignatures, signatureMemory } from '../../../src/cloudinary/explain/issued-signatures.ts'

const issuedFor = (
  environment: string, fields: Record<string, string> = { folder: 'a' }
) => ({ environment, fields, owner: 'web' })

t.test('remembers what a signature covers, for its life', async (t) => {
  let nowMs = 1
  const issued = new IssuedSignatures(signatureMemory({ now: () => nowMs }))
  issued.remember('one', issuedFor('staging'))
  nowMs += 3_600_000
  t.strictSame(issued.find('one'), issuedFor('staging'))
  nowMs++
  t.equal(issued.find('one'), undefined, 'an hour later it is of no use')
  t.equal(issued.find('two'), undefined)
})

t.test('is bounded in size, whatever the number and length of fields; the oldest go first', async (t) => {
  const memory = signatureMemory({ maxBytes: 120_000 })
  const issued = new IssuedSignatures(memory)
  for (let number = 0; number < 5_000; number++) issued.remember(`s${number}`, issuedFor('x'))
  t.ok(memory.size > 90 && memory.size < 100)
  t.strictSame([0, 4_999].map((number) => issued.find(`s${number}`) !== undefined), [false, true])
  issued.remember('long', issuedFor('x', { tags: 'a'.repeat(55_000) }))
  t.ok(memory.size < 10)
  t.ok(issued.find('long'))
  issued.remember('longer', issuedFor('x', { tags: 'a'.repeat(60_000) }))
  t.equal(issued.find('longer'), undefined, 'nothing larger than the whole memory is kept')
})

t.test('clients share one memory and its bound, but none learns what another has signed', async (t) => {
  const memory = signatureMemory({ maxBytes: 120_000 })
  const [one, other] = [new IssuedSignatures(memory), new IssuedSignatures(memory)]
  one.remember('s', issuedFor('x'))
  t.equal(other.find('s'), undefined)
  for (let number = 0; number < 1_000; number++) new IssuedSignatures(memory).remember('s', issuedFor('x'))
  t.ok(memory.size < 100)
})

t.test('the same signature again is one entry; the default memory holds as many as it says', async (t) => {
  const memory = signatureMemory()
  const issued = new IssuedSignatures(memory)
  issued.remember('one', issuedFor('x'))
  issued.remember('one', issuedFor('y'))
  t.equal(memory.size, 1)
  t.equal(issued.find('one')?.environment, 'y')
  for (let number = 0; number < 20_000; number++) {
    issued.remember(`s${number}`, issuedFor('x', {
      public_id: 'users/1/avatar', tags: 'a,b', timestamp: '1700000000'
    }))
  }
  t.ok(memory.size >= 10_000, String(memory.size))
  t.ok(new IssuedSignatures())
})
