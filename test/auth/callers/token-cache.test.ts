import t from 'tap'
import { TokenCache } from '../../../src/auth/callers/token-cache.ts'

const entry = (fingerprint = 'k', expiresAtMs = 1000) => ({ claims: { sub: fingerprint }, fingerprint, expiresAtMs })
const live = () => true

t.test('a token is remembered until it runs out', async (t) => {
  const cache = new TokenCache(10)
  cache.set('a', entry())
  t.same(cache.get('a', 999, live)?.claims, { sub: 'k' })
  t.equal(cache.get('a', 1000, live), undefined)
  t.equal(cache.size, 0, 'and forgotten then')
  t.equal(cache.get('b', 0, live), undefined)
})

t.test('a token dies with its key', async (t) => {
  const cache = new TokenCache(10)
  cache.set('a', entry('old'))
  t.equal(cache.get('a', 0, (fingerprint) => fingerprint !== 'old'), undefined)
  t.equal(cache.get('a', 0, live), undefined)
})

t.test('the least recently used token leaves first', async (t) => {
  const cache = new TokenCache(2)
  cache.set('a', entry())
  cache.set('b', entry())
  cache.get('a', 0, live)
  cache.set('c', entry())
  t.equal(cache.size, 2)
  t.equal(cache.get('b', 0, live), undefined)
  t.ok(cache.get('a', 0, live))
  t.equal(new TokenCache(0).size, 0)
})
