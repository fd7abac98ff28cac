import t from 'tap'
import { once, shareFailure, Shares } from '../../../src/cloudinary/upload/shares.ts'

const FRACTIONS = { environment: 3 / 4, caller: 1 / 2, address: 1 / 4, signature: 1 / 8 }

/** Takes one at a time until a share is full; says how many fitted and whose share it was. */
function fill (shares: Shares, owner: Parameters<Shares['take']>[0]): string {
  for (let taken = 0; ; taken++) {
    const full = shares.full(owner, 1)
    if (full) return `${taken} ${full.kind}${full.inEnvironment ? ' inside' : ''}, ${full.held} held`
    shares.take(owner, 1)
  }
}

t.test('each holder has its part of the whole', async (t) => {
  const parts = { environment: 24, caller: 16, address: 8, signature: 4 } as const
  for (const [kind, most] of Object.entries(parts)) {
    t.equal(fill(new Shares(32, FRACTIONS), { [kind]: 'one' }), `${most} ${kind}, ${most} held`)
  }
  const shares = new Shares(32, FRACTIONS)
  fill(shares, { caller: 'one' })
  t.equal(fill(shares, { caller: 'other' }), '16 caller, 16 held')
  t.equal(fill(shares, { address: 'one' }), '8 address, 8 held', 'names of another kind are others')
})

t.test('of the share of a caller or an address one environment has no more than its part', async (t) => {
  const shares = new Shares(32, FRACTIONS)
  t.equal(fill(shares, { caller: 'web', environment: 'a' }), '12 caller inside, 12 held')
  t.equal(fill(shares, { caller: 'web', environment: 'b' }), '4 caller, 16 held')
  t.equal(fill(shares, { caller: 'cms', environment: 'a' }), '12 caller inside, 12 held')
  t.equal(fill(shares, { address: '192.0.2.1', environment: 'a' }), '0 environment, 24 held')
  t.equal(fill(shares, { address: '192.0.2.1', environment: 'b' }), '6 address inside, 6 held')
})

t.test('who is not named is not counted; a kind without a fraction has the whole', async (t) => {
  const shares = new Shares(4, { caller: 1 / 2 })
  t.equal(fill(shares, { environment: 'a' }), '4 environment, 4 held')
  for (let times = 0; times < 10; times++) shares.take({}, 1)
  t.equal(shares.full({}, 1), undefined)
  t.equal(shares.full({ caller: undefined }, 1), undefined)
})

t.test('what is given back is free again, once', async (t) => {
  const shares = new Shares(4, FRACTIONS)
  shares.take({ caller: 'web' }, 2)()
  t.equal(shares.full({ caller: 'web' }, 2), undefined, 'nothing is left of it')
  const [first] = [shares.take({ caller: 'web' }, 1), shares.take({ caller: 'web' }, 1)]
  t.match(shares.full({ caller: 'web' }, 1), { held: 2 })
  first?.()
  first?.()
  t.equal(fill(shares, { caller: 'web' }), '1 caller, 2 held')
})

t.test('whoever has nothing may have one thing, however small its share is', async (t) => {
  const shares = new Shares(100, FRACTIONS)
  t.equal(shares.full({ signature: 'x' }, 90), undefined)
  shares.take({ signature: 'x' }, 90)
  t.match(shares.full({ signature: 'x' }, 1), { kind: 'signature', held: 90, most: 12 })
  t.equal(fill(new Shares(1, FRACTIONS), { signature: 'x' }), '1 signature, 1 held')
})

t.test('parts that no number holds exactly are rounded as one would', async (t) => {
  t.equal(fill(new Shares(100, { caller: 0.29 }), { caller: 'web' }), '29 caller, 29 held')
  t.equal(fill(new Shares(10, { caller: 2 / 3 }), { caller: 'web' }), '6 caller, 6 held')
})

t.test('says which owners a full share concerns', async (t) => {
  const shares = new Shares(4, FRACTIONS)
  const web = { caller: 'web', environment: 'a' }
  fill(shares, web)
  const full = shares.full(web, 1)
  t.match(full, { kind: 'caller', inEnvironment: true })
  if (!full) return
  t.equal(shares.concerns(full, { caller: 'web', environment: 'a', signature: 'x' }), true)
  t.equal(shares.concerns(full, { caller: 'web', environment: 'b' }), false)
  t.equal(shares.concerns(full, { caller: 'cms', environment: 'a' }), false)
})

t.test('a refusal says whose share is full, and of what', async (t) => {
  const places = { name: 'places for uploads', total: 32 }
  const share = { key: '', kind: 'caller', most: 16, held: 16, inEnvironment: false } as const
  t.match(shareFailure(share, places), {
    code: 'overloaded',
    message: 'The share of this caller is full: it holds 16 of the 32 places for uploads.',
    headers: { 'retry-after': '5' },
    members: { share: 'caller' },
    retryable: true
  })
  t.match(
    shareFailure({ ...share, inEnvironment: true }, places).message,
    /places for uploads in this environment\.$/
  )
})

t.test('what is given back twice is given back once', async (t) => {
  let given = 0
  const release = once(() => { given++ })
  t.equal(given, 0)
  release()
  release()
  t.equal(given, 1)
})
