import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CompactJWSHeaderParameters, type JWK } from 'jose'
import t from 'tap'
import { KeySetUnavailable, RemoteKeySet, ReplaceableKey, StaticKey } from '../../../src/auth/callers/key-set.ts'

const header = (kid?: string, alg = 'RS256'): CompactJWSHeaderParameters => ({ alg, ...(kid !== undefined && { kid }) })
const token = { payload: '', signature: '' }

async function makeKey (kid?: string, alg = 'RS256'): Promise<JWK> {
  const { publicKey } = await generateKeyPair(alg, { extractable: true })
  return { ...await exportJWK(publicKey), alg, ...(kid !== undefined && { kid }) }
}

/** A provider whose answers and clock the test holds. */
function provider (...keys: JWK[]) {
  const state = { keys, text: undefined as string | undefined, fetches: 0, nowMs: 1_000_000, faults: [] as unknown[], gate: Promise.resolve() }
  const set = new RemoteKeySet({
    fetch: async () => {
      state.fetches++
      const text = state.text ?? JSON.stringify({ keys: state.keys })
      await state.gate
      if (text === 'down') throw new Error('connect ECONNREFUSED')
      return text
    },
    now: () => state.nowMs,
    onFault: (error) => state.faults.push(error)
  })
  return { state, set }
}

t.test('keys are found by id, or as the only one that fits', async (t) => {
  const { state, set } = provider(await makeKey('a'), await makeKey('b'), await makeKey('c', 'ES256'))
  const a = await set.find(header('a'), token)
  t.equal(set.isLive(a?.fingerprint ?? ''), true)
  t.not((await set.find(header('b'), token))?.fingerprint, a?.fingerprint)
  t.ok(await set.find(header(undefined, 'ES256'), token), 'one EC key: no id is needed')
  t.equal(await set.find(header(), token), undefined, 'two RSA keys: which one is meant?')
  t.equal(await set.find(header('c'), token), undefined, 'an EC key for RS256')
  t.equal(set.isLive('made up'), false)
  t.equal(state.fetches, 1)
})

t.test('ids that nobody has cause one fetch in a cooldown, however many are asked for', async (t) => {
  const { state, set } = provider(await makeKey('a'))
  await set.find(header('a'), token)
  for (let second = 0; second < 10; second++) {
    state.nowMs += 1_000
    for (const kid of ['../../etc/passwd', "' OR 1=1 --", 'x'.repeat(10_000), '']) t.equal(await set.find(header(kid), token), undefined)
  }
  t.equal(state.fetches, 1, 'within 10 s of the first')
  state.nowMs += 30_000
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => set.find(header(`unknown ${index}`), token)))
  t.equal(state.fetches, 2)
  t.ok(await set.find(header('a'), token), 'others are not held up')
})

t.test('rotation: a new key works after the cooldown, an old one dies with the fetch', async (t) => {
  const { state, set } = provider(await makeKey('old'))
  const old = await set.find(header('old'), token)
  state.keys = [await makeKey('new')]
  t.equal(await set.find(header('new'), token), undefined, 'too soon')
  t.equal(set.isLive(old?.fingerprint ?? ''), true)
  state.nowMs += 31_000
  t.ok(await set.find(header('new'), token))
  t.equal(set.isLive(old?.fingerprint ?? ''), false)
})

t.test('an old set is fetched again in the background, without anybody waiting', async (t) => {
  const { state, set } = provider(await makeKey('a'))
  await set.find(header('a'), token)
  state.nowMs += 301_000
  let open = () => {}
  state.gate = new Promise((resolve) => { open = resolve })
  t.ok(await set.find(header('a'), token), 'answered while the fetch hangs')
  t.equal(state.fetches, 2)
  open()
})

t.test('a slow answer is shared: nobody starts a second fetch that could overtake it', async (t) => {
  const { state, set } = provider(await makeKey('a'))
  let open = () => {}
  state.gate = new Promise((resolve) => { open = resolve })
  const found = Promise.all([set.find(header('a'), token), set.find(header('a'), token), set.find(header('b'), token)])
  state.nowMs += 60_000
  open()
  t.match(await found, [{ fingerprint: /./ }, { fingerprint: /./ }, undefined])
  t.ok(state.fetches <= 2)
})

t.test('a failing provider: the keys at hand serve until they are too old, then nobody can be told', async (t) => {
  const { state, set } = provider(await makeKey('a'))
  const found = await set.find(header('a'), token)
  for (const text of ['down', '<html>', '{"keys":[]}', '{"keys":7}', '[]', 'null', '{"keys":[null,1,{},{"kty":"oct","k":"c2VjcmV0","kid":"a"}]}']) {
    state.text = text
    state.nowMs += 400_000
    t.ok(await set.find(header('a'), token), text)
    await set.find(header('b'), token)
  }
  t.ok(state.faults.length >= 7)
  state.nowMs += 3_600_000
  t.equal(set.isLive(found?.fingerprint ?? ''), false)
  await t.rejects(set.find(header('a'), token), KeySetUnavailable)
  const fetches = state.fetches
  await t.rejects(set.find(header('a'), token), KeySetUnavailable)
  t.equal(state.fetches, fetches, 'even then the provider is not hammered')
  state.text = undefined
  state.nowMs += 5_000
  t.ok(await set.find(header('a'), token), 'back again after seconds, not half a minute')
})

t.test('keys that are secret are not taken: whoever reads the set could sign', async (t) => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const { state, set } = provider({ ...await exportJWK(privateKey), kid: 'private', alg: 'RS256' }, { kty: 'oct', k: 'c2VjcmV0', kid: 'shared', alg: 'HS256' }, { kty: 'RSA', kid: 'broken' } as JWK, await makeKey('good'))
  t.ok(await set.find(header('good'), token))
  t.equal(await set.find(header('private'), token), undefined)
  t.equal(await set.find(header('shared', 'HS256'), token), undefined)
  t.equal(await set.find(header('broken'), token), undefined)
  t.equal(state.fetches, 1)
})

t.test('a set without a listener for its faults', async (t) => {
  const set = new RemoteKeySet({ fetch: async () => { throw new Error('down') } })
  await t.rejects(set.find(header('a'), token), KeySetUnavailable)
})

t.test('one key of the configuration fits whatever id the token names', async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const keys = new StaticKey(await exportSPKI(publicKey))
  const found = await keys.find(header('whatever', 'ES256'), token)
  t.ok(found?.key)
  t.equal((await keys.find(header(undefined, 'ES256'), token))?.fingerprint, found?.fingerprint)
  t.equal(keys.isLive(found?.fingerprint ?? ''), true)
  t.equal(keys.isLive('another'), false)
  t.equal(await keys.find(header(undefined, 'RS256'), token), undefined, 'another kind of key')
  t.ok(await new SignJWT({}).setProtectedHeader({ alg: 'ES256' }).sign(privateKey))
})

t.test('a key that is replaced is not live any more, and comes to life again only when it is back', async (t) => {
  const [one, other] = await Promise.all(['ES256', 'ES256'].map(async (alg) => exportSPKI((await generateKeyPair(alg, { extractable: true })).publicKey)))
  const keys = new ReplaceableKey(one ?? '')
  const fingerprint = async (): Promise<string> => (await keys.find(header('k', 'ES256'), token))?.fingerprint ?? ''
  const first = await fingerprint()
  t.equal(keys.isLive(first), true)
  t.equal(keys.replace(one ?? ''), false, 'it is the same')
  t.equal(keys.isLive(first), true)
  const running = fingerprint()
  t.equal(keys.replace(other ?? ''), true)
  t.equal(keys.isLive(first), false, 'at once, before the new one was ever used')
  t.equal(await running, first, 'who had begun goes on with it')
  t.equal(keys.isLive(first), false, 'and does not bring it back')
  const second = await fingerprint()
  t.not(second, first)
  t.equal(keys.isLive(second), true)
  keys.replace(one ?? '')
  t.equal(await fingerprint(), first)
  t.equal(keys.isLive(first), true)
})
