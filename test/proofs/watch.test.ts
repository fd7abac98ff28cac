import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { GatewayError } from '../../src/errors.ts'
import { CLAIM_MS, MemoryProofStore, PROOF_LASTS_MS, type ProofStore } from '../../src/proofs/proof-store.ts'
import { CredentialWatch } from '../../src/proofs/watch.ts'
import { HeldTime } from '../support/held-time.ts'

const HOUR = 3_600_000
const refused = (told = 'api_secret mismatch'): GatewayError =>
  new GatewayError('credentials_rejected', 'No.', { upstream: { status: 401, message: told } })
const gone = new GatewayError('upstream_failed', 'Cloudinary cannot be reached.')

interface Started { store?: ProofStore, time?: HeldTime }

/** A watch whose pings are counted, and end as `answer` says. */
function start (t: Test, { time = new HeldTime(), store = new MemoryProofStore({ now: time.now }) }: Started = {}) {
  const pings: number[] = []
  const changes: string[] = []
  const upstream: { answer: GatewayError | undefined, hold?: Promise<void> } = { answer: undefined }
  const watch = new CredentialWatch({
    now: time.now,
    later: time.later,
    store,
    name: 'a',
    ping: async () => {
      pings.push(time.ms)
      const { answer } = upstream
      await upstream.hold
      if (answer) throw answer
    },
    onChange: ({ credentials, away }) => { changes.push(away === undefined ? credentials : `${credentials}, away`) }
  })
  t.teardown(() => { watch.stop() })
  return { watch, time, store, pings, changes, upstream }
}

t.test('one call at start, then two an hour while no other call is made', async (t) => {
  const { watch, time, pings, changes } = start(t)
  t.match(watch.standing, { credentials: 'unproven', away: undefined })
  await Promise.all([watch.prove(), watch.prove()])
  t.match(watch.standing, { credentials: 'verified' })
  await watch.prove()
  t.same(pings, [0])
  await time.runTo(2 * HOUR)
  t.same(pings, [0, 1, 2, 3, 4].map((count) => count * PROOF_LASTS_MS))
  t.same(changes, ['verified'])
})

t.test('every call that succeeds is a proof, so that none is made besides', async (t) => {
  const { watch, time, pings } = start(t)
  watch.hear(undefined, false)
  await watch.prove()
  for (let minutes = 1; minutes <= 60; minutes++) {
    await time.runTo(minutes * 60_000)
    watch.hear(undefined, false)
  }
  t.same(pings, [])
  await time.runTo(HOUR + PROOF_LASTS_MS)
  t.same(pings, [HOUR + PROOF_LASTS_MS])
})

t.test('a proof without an answer is repeated after 5 seconds, 10, and so on, up to ten minutes', async (t) => {
  const { watch, time, pings, changes, upstream } = start(t)
  upstream.answer = gone
  await watch.prove()
  t.match(watch.standing, { credentials: 'unproven', away: 'upstream_failed: Cloudinary cannot be reached.' })
  for (let asked = 0; asked < 50; asked++) await watch.prove()
  await time.runTo(HOUR)
  t.same(pings.map((ms) => ms / 1000), [0, 5, 15, 35, 75, 155, 315, 635, 1235, 1835, 2435, 3035])
  t.same(changes, ['unproven, away'], 'told once')
  upstream.answer = undefined
  await time.runTo(HOUR + 600_000)
  t.match(watch.standing, { credentials: 'verified', away: undefined })
  t.same(changes, ['unproven, away', 'verified'])
})

t.test('a refusal by quota proves them', async (t) => {
  const { watch, upstream, time, pings } = start(t)
  upstream.answer = new GatewayError('quota_exhausted', 'Rate limit exceeded', { upstream: { status: 420 } })
  await watch.prove()
  t.match(watch.standing, { credentials: 'verified', away: undefined })
  await time.runTo(HOUR)
  t.equal(pings.length, 3)
})

t.test('a 401 marks them at once and a success clears them at once, each told once; away keeps what is known', async (t) => {
  const { watch, time, pings, changes } = start(t)
  await watch.prove()
  watch.hear(refused(), true)
  watch.hear(refused(), true)
  t.match(watch.standing, { credentials: 'rejected', rejection: { told: 'api_secret mismatch', certain: true } })
  watch.hear(gone, true)
  t.match(watch.standing, { credentials: 'rejected', away: String })
  watch.hear(undefined, false)
  t.match(watch.standing, { credentials: 'verified', away: undefined, rejection: undefined })
  watch.hear(gone, true)
  t.match(watch.standing, { credentials: 'verified', away: String })
  watch.hear(gone, false)
  watch.hear(undefined, false)
  t.same(changes, ['verified', 'rejected', 'verified'])
  t.same(pings, [0], 'the retries that were planned are not needed')
  await time.runTo(PROOF_LASTS_MS - 1)
  t.same(pings, [0])
})

t.test('trouble that comes and goes costs no more calls than trouble that stays', async (t) => {
  const { watch, time, pings, upstream } = start(t)
  await watch.prove()
  for (let seconds = 0; seconds < 3600; seconds += 1) {
    await time.runTo(seconds * 1000)
    watch.hear(seconds % 2 === 0 ? refused() : gone, true)
    upstream.answer = seconds % 40 === 0 ? refused() : undefined
  }
  t.ok(pings.length <= 16, String(pings.length))
  watch.hear(undefined, false)
  await time.runTo(5 * HOUR)
  watch.hear(refused(), true)
  t.same(time.planned, [5 * HOUR + 5_000], 'after a calm the waits are short again')
})

t.test('a refused signature is doubted until a call with the credentials decides', async (t) => {
  const { watch, time, pings, upstream, store } = start(t)
  await watch.prove()
  watch.hear(refused('Invalid Signature'), false)
  t.match(watch.standing, { credentials: 'rejected', rejection: { certain: false } })
  await time.runTo(5_000)
  t.same(pings, [0, 5_000], 'the verdict from before is not adopted')
  t.match(watch.standing, { credentials: 'verified' })
  upstream.answer = refused()
  watch.hear(refused('Invalid Signature'), false)
  await time.runTo(time.planned[0] ?? 0)
  t.match(watch.standing, { credentials: 'rejected', rejection: { certain: true } })
  t.match(await store.claim('a'), { state: 'known', verdict: { verified: false, told: 'api_secret mismatch' } })
  watch.hear(refused('Invalid Signature'), false)
  t.match(watch.standing, { rejection: { certain: true } }, 'what is certain stays certain')
})

t.test('asked to prove again: at once what is wrong, whatever others say of it, and nothing that is known to be right', async (t) => {
  const { watch, time, pings, upstream, changes, store } = start(t)
  await watch.proveAgain()
  t.same(pings, [], 'nobody watches yet')
  upstream.answer = refused()
  await watch.prove()
  await time.runTo(600_000)
  const before = pings.length
  await Promise.all([watch.proveAgain(), watch.proveAgain()])
  t.equal(pings.length, before + 1, 'one call for two requests at once')
  t.same(time.planned, [605_000], 'and the waits are short again')
  t.match(await store.claim('a'), { state: 'known', verdict: { verified: false } })
  upstream.answer = undefined
  await watch.proveAgain()
  t.match(watch.standing, { credentials: 'verified', rejection: undefined })
  t.same(changes, ['rejected', 'verified'])
  await watch.proveAgain()
  t.equal(pings.length, before + 2)
  watch.hear(gone, true)
  await watch.proveAgain()
  t.match([watch.standing, pings.length], [{ away: undefined }, before + 3])
})

t.test('of several processes one makes the proof, and the others adopt it', async (t) => {
  const time = new HeldTime()
  const store = new MemoryProofStore({ now: time.now })
  const [one, other, third] = [start(t, { time, store }), start(t, { time, store }), start(t, { time, store })]
  const all = [one, other, third]
  const pings = (): number => all.flatMap((each) => each.pings).length
  let release = () => {}
  one.upstream.hold = new Promise((resolve) => { release = resolve })
  const proved = all.map(({ watch }) => watch.prove())
  await time.runTo(1_000)
  t.equal(pings(), 1, 'the others wait')
  release()
  await turn()
  await time.runTo(2_000)
  await Promise.all(proved)
  for (const { watch } of all) t.match(watch.standing, { credentials: 'verified' })
  await time.runTo(HOUR)
  t.ok(pings() <= 3, `${pings()} in an hour`)
  one.watch.hear(refused('Unknown API key'), true)
  const late = start(t, { time, store })
  await late.watch.prove()
  t.match(late.watch.standing, { credentials: 'rejected', rejection: { told: 'Unknown API key', certain: true } })
  t.same([late.pings, late.changes], [[], ['rejected']])
  for (const { upstream } of [...all, late]) upstream.answer = refused('Unknown API key')
  const before = pings()
  await time.runTo(2 * HOUR)
  t.ok(pings() - before <= 16, `${pings() - before} while they stay wrong`)
})

t.test('a process that starts takes over a fresh refusal, and looks for itself when it is older', async (t) => {
  const { watch, time, store, upstream, pings } = start(t)
  upstream.answer = refused()
  await watch.prove()
  await time.runTo(300_000)
  const before = pings.length
  const late = start(t, { time, store })
  const proved = late.watch.prove()
  await time.runTo(301_000)
  await proved
  t.match(late.watch.standing, { credentials: 'verified' }, 'somebody may have repaired it')
  t.same([late.pings.length, pings.length], [1, before])
  await time.runTo(HOUR)
  t.match(watch.standing, { credentials: 'verified' }, 'and the others learn of it')
  t.equal(pings.length, before)
})

t.test('a claim whose process died is taken over', async (t) => {
  const { watch, time, store, pings } = start(t)
  await store.claim('a')
  const proved = watch.prove()
  await time.runTo(CLAIM_MS + 250)
  await proved
  t.equal(pings.length, 1)
})

t.test('a store that is out of reach costs a call of its own, and nothing else', async (t) => {
  const broken = async (): Promise<never> => { throw new Error('no Redis') }
  const { watch, pings } = start(t, { store: { claim: broken, keep: broken, forget: broken } })
  await watch.prove()
  t.match(watch.standing, { credentials: 'verified' })
  t.equal(pings.length, 1)
})

t.test('a proof that shows nothing is repeated like one that failed', async (t) => {
  const { watch, time, pings, upstream } = start(t)
  upstream.answer = new GatewayError('quota_exhausted', 'Refused without a call.')
  await watch.prove()
  t.match(watch.standing, { credentials: 'unproven', away: undefined })
  t.same(time.planned, [5_000])
  upstream.answer = undefined
  await time.runTo(5_000)
  upstream.answer = new GatewayError('quota_exhausted', 'Refused without a call.')
  await time.runTo(PROOF_LASTS_MS + 15_000)
  t.same(pings, [0, 5_000, PROOF_LASTS_MS + 5_000, PROOF_LASTS_MS + 10_000])
  t.match(watch.standing, { credentials: 'verified' })
})

t.test('trouble from before the first proof is looked at again; nothing is asked where nobody watches, nor afterwards', async (t) => {
  const { watch, time, pings } = start(t)
  watch.hear(refused(), true)
  await time.runTo(HOUR)
  t.same(pings, [])
  await watch.prove()
  await time.runTo(HOUR + 5_000)
  t.same(pings, [HOUR + 5_000])
  watch.stop()
  watch.hear(gone, true)
  await time.runTo(3 * HOUR)
  t.equal(pings.length, 1)
})

t.test('stopped while it asks: the answer changes nothing', async (t) => {
  const { watch, changes, upstream, store, time } = start(t)
  let release = () => {}
  upstream.hold = new Promise((resolve) => { release = resolve })
  const proved = watch.prove()
  await turn()
  watch.stop()
  release()
  await proved
  t.same([changes, time.planned], [[], []])
  const waiting = start(t, { store, time })
  const second = waiting.watch.prove()
  await turn()
  waiting.watch.stop()
  await time.runTo(1_000)
  await second
  t.same(waiting.pings, [])
})
