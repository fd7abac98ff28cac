import t from 'tap'
import { CLAIM_MS, MemoryProofStore, proofName } from '../../src/proofs/proof-store.ts'
import { Secret } from '../../src/secret.ts'

const credentials = (apiKey: string, secret: string) => ({ apiKey, apiSecret: new Secret(secret) })

t.test('a name belongs to an account and its credentials, and tells nothing of the secret', async (t) => {
  const name = proofName('https://api.example/demo', credentials('1234', 'canary'))
  t.match(name, /^https:\/\/api\.example\/demo:[0-9a-f]{64}$/)
  t.notMatch(name, 'canary')
  t.equal(proofName('https://api.example/demo', credentials('1234', 'canary')), name)
  for (const [account, key, secret] of [['https://api.example/other', '1234', 'canary'], ['https://api.example/demo', '1235', 'canary'], ['https://api.example/demo', '1234', 'other']] as const) {
    t.not(proofName(account, credentials(key, secret)), name)
  }
})

t.test('one makes the proof while others wait; a verdict holds as long as it was said to', async (t) => {
  let nowMs = 0
  const store = new MemoryProofStore({ now: () => nowMs })
  t.same([await store.claim('a'), await store.claim('a'), await store.claim('b')], [{ state: 'yours' }, { state: 'busy' }, { state: 'yours' }])
  await store.keep('a', { verified: false, told: 'no', lastsMs: 1000 })
  nowMs = 400
  t.same(await store.claim('a'), { state: 'known', verdict: { verified: false, told: 'no', lastsMs: 1000 }, forMs: 600 })
  nowMs = 1000
  t.same(await store.claim('a'), { state: 'yours' })
  await store.forget('a')
  t.same(await store.claim('a'), { state: 'yours' })
  nowMs += CLAIM_MS
  t.same(await store.claim('a'), { state: 'yours' }, 'a claim that nobody settled ends')
})

t.test('by default it measures with a clock of its own', async (t) => {
  const store = new MemoryProofStore()
  await store.claim('a')
  t.same(await store.claim('a'), { state: 'busy' })
})
