import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { SharedSignatures, type SignatureStore } from '../../../src/cloudinary/explain/shared-signatures.ts'
import { Secret } from '../../../src/secret.ts'
import { environmentAt } from '../../support/gateway.ts'

const SIGNATURE = 'a'.repeat(40)
const shared = { fields: { timestamp: '1700000000', folder: 'canary' }, owner: 'canary-caller', maxBytes: 10 }

function memory () {
  const texts = new Map<string, string>()
  const store: SignatureStore = { put: (name, text) => { texts.set(name, text) }, get: async (name) => texts.get(name) }
  return { texts, store }
}
const environment = environmentAt('https://api.cloudinary.com')

t.test('replicas with the same environment know each other\'s signatures, and a reader of the store none', async (t) => {
  const { texts, store } = memory()
  const [one, other] = [new SharedSignatures(store, environment), new SharedSignatures(store, environment)]
  one.share(SIGNATURE, shared)
  t.equal(texts.size, 0, 'after the answer')
  await turn()
  t.same(await other.find(SIGNATURE), shared)
  t.equal(await other.find('b'.repeat(40)), undefined)
  const [[name = '', text = ''] = []] = texts
  t.match(name, /^https:\/\/api\.cloudinary\.com\/demo:[0-9a-f]{64}$/)
  for (const kept of [name, text, Buffer.from(text, 'base64').toString('latin1')]) t.notMatch(kept, /canary|aaaa|17000/)
})

t.test('another secret, account or environment is another memory', async (t) => {
  const { store } = memory()
  new SharedSignatures(store, environment).share(SIGNATURE, shared)
  await turn()
  const others = [
    { apiSecret: new Secret('other') },
    { cloudName: 'other' },
    { uploadPrefix: 'https://api-eu.cloudinary.com' },
    { name: 'staging' }
  ]
  for (const changes of others) {
    t.equal(await new SharedSignatures(store, { ...environment, ...changes }).find(SIGNATURE), undefined, Object.keys(changes).join())
  }
})

t.test('what was not sealed for this name is not there', async (t) => {
  const { texts, store } = memory()
  const signatures = new SharedSignatures(store, environment)
  signatures.share(SIGNATURE, shared)
  signatures.share('c'.repeat(40), shared)
  await turn()
  const [[name = '', text = ''] = [], [, foreign = ''] = []] = texts
  const changed = Buffer.from(text, 'base64')
  changed[20] = (changed[20] ?? 0) ^ 1
  for (const bad of ['', 'AAAA', changed.toString('base64'), text.slice(0, -8), foreign]) {
    texts.set(name, bad)
    t.equal(await signatures.find(SIGNATURE), undefined)
  }
})

t.test('long fields are not shared, but a limit is', async (t) => {
  const { texts, store } = memory()
  const signatures = new SharedSignatures(store, environment)
  const fields = { context: 'x'.repeat(5000) }
  signatures.share(SIGNATURE, { fields, owner: 'web' })
  await turn()
  t.equal(texts.size, 0)
  signatures.share(SIGNATURE, { fields, owner: 'web', maxBytes: 5 })
  await turn()
  t.same(await signatures.find(SIGNATURE), { owner: 'web', maxBytes: 5 })
})
