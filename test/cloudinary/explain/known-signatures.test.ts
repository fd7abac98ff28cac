import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { KnownSignatures } from '../../../src/cloudinary/explain/known-signatures.ts'
import { environmentAt } from '../../support/gateway.ts'

const environment = environmentAt('https://api.cloudinary.com')
const fields = { timestamp: '1700000000', folder: 'a' }
const [known, long, unlimited, unknown] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(40)) as [string, string, string, string]

t.test('a replica recalls what another has made: fields to explain, a limit to keep', async (t) => {
  const texts = new Map<string, string>()
  let asked = 0
  const signatureStore = {
    put: (name: string, text: string) => { texts.set(name, text) },
    get: async (name: string) => {
      asked++
      return texts.get(name)
    }
  }
  const [one, other] = [new KnownSignatures(environment, { signatureStore }), new KnownSignatures(environment, { signatureStore })]
  one.remember(known, fields, 'web', 10)
  one.remember(long, { context: 'x'.repeat(5000) }, 'web', 20)
  one.remember(unlimited, fields, 'web', undefined)
  while (texts.size < 3) await turn()
  t.equal(other.issued.find(known), undefined)

  await other.recall(` ${known.toUpperCase()}`)
  t.same(other.issued.find(known), { environment: 'production', fields, owner: 'web' })
  t.equal(other.maxBytesOf(known), 10)
  await other.recall(long)
  t.equal(other.issued.find(long), undefined)
  t.equal(other.maxBytesOf(long), 20)
  await other.recall(unlimited)
  t.equal(other.maxBytesOf(unlimited), undefined)
  t.equal(asked, 3)

  for (const signature of [known, '', 'no signature']) await other.recall(signature)
  await one.recall(unlimited)
  t.equal(asked, 3, 'what is known, or is no signature, is not asked for')
  await other.recall(unknown)
  t.equal(asked, 4)
})

t.test('without a store each knows its own alone', async (t) => {
  const signatures = new KnownSignatures(environment, {})
  signatures.remember(known, fields, 'web', 10)
  await signatures.recall(unknown)
  t.equal(signatures.maxBytesOf(known), 10)
  t.equal(signatures.maxBytesOf(unknown), undefined)
})
