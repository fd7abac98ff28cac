import t, { type Test } from 'tap'
import { LookUps } from '../../../src/cloudinary/explain/look-ups.ts'
import { AdminCalls } from '../../../src/cloudinary/upstream/admin.ts'
import { call, connectionTo } from '../../support/connection.ts'
import { startFaultUpstream, type Step } from '../../support/fault-upstream.ts'

const TOM = { public_id: 'tom', resource_type: 'image', type: 'upload' } as const

/** Headers of an answer with so many of 100 calls left in this hour. */
const left = (remaining: number): Record<string, string> => ({
  'x-featureratelimit-limit': '100',
  'x-featureratelimit-remaining': String(remaining),
  'x-featureratelimit-reset': new Date(Date.now() + 3_000_000).toUTCString()
})
const absent = (remaining = 90): Step => ({ status: 404, headers: left(remaining) })
const ok: Step = { headers: left(90), body: '{"public_id":"tom","resource_type":"raw","type":"private"}' }

/** Look-ups of an account with so many calls left. */
async function started (t: Test, remaining: number) {
  const upstream = await startFaultUpstream(t)
  const connection = connectionTo(t, upstream.url)
  const admin = new AdminCalls(connection)
  upstream.script({ headers: left(remaining), body: '{}' })
  await admin.ping(call())
  const asked = (): string[] => upstream.seen.slice(1).map(({ url }) => url.replace('/v1_1/demo/resources/', ''))
  return { upstream, asked, absences: connection.account.absences, lookUps: new LookUps(admin, connection.account) }
}

t.test('looks group by group, and no further than where the asset is', async (t) => {
  const { upstream, asked, lookUps } = await started(t, 90)
  const look = lookUps.allowed(TOM, call())
  upstream.script(absent(), absent(), absent(), ok)
  t.same(await look?.elsewhere('near'), [])
  t.same(asked().sort(), ['raw/upload/tom', 'video/upload/tom'])
  t.equal((await look?.elsewhere('far'))?.length, 1)
  t.same(asked().slice(2).sort(), ['image/authenticated/tom', 'image/private/tom'])
  upstream.script(ok, { status: 500 }, absent())
  t.match(await look?.resolve('0'.repeat(32)), { public_id: 'tom' })
  t.equal(await look?.resolve('0'.repeat(32)), undefined)
  t.equal(await look?.resolve('1'.repeat(32)), undefined)
})

t.test('no look is allowed when half of the budget is gone, unless the caller asks; one that is running stops there', async (t) => {
  const { upstream, asked, lookUps } = await started(t, 52)
  const look = lookUps.allowed(TOM, call())
  upstream.script(absent(51), absent(50))
  t.same(await look?.elsewhere('near'), [])
  t.same(await look?.elsewhere('far'), [])
  t.equal(await look?.resolve('0'.repeat(32)), undefined)
  t.equal(await look?.exists(TOM), false)
  t.equal(asked().length, 2)
  t.equal(lookUps.allowed(TOM, call()), undefined)
  upstream.script(absent(49), ok)
  t.equal(look?.isCut(), true)
  let allowed = 3
  const diagnosing = lookUps.allowed(TOM, { ...call(), diagnose: async () => allowed-- > 0 })
  t.equal((await diagnosing?.elsewhere('near'))?.length, 1)
  t.equal(diagnosing?.isCut(), false)
  upstream.script(absent(47))
  t.same(await diagnosing?.elsewhere('far'), [])
  t.equal(diagnosing?.isCut(), true, 'the rate of the caller allows no more')
  t.equal(await diagnosing?.resolve('0'.repeat(32)), undefined)
  t.equal(asked().length, 5)
})

t.test('what was not there is not looked for again for a moment, unless the caller asks', async (t) => {
  const { upstream, asked, absences, lookUps } = await started(t, 90)
  const exists = async (diagnose = false): Promise<boolean | undefined> =>
    lookUps.allowed(TOM, { ...call(), diagnose: diagnose ? async () => true : undefined })?.exists(TOM)
  upstream.script(absent())
  t.equal(await exists(), false)
  t.equal(await exists(), false)
  t.equal(asked().length, 1)
  upstream.script(ok)
  t.equal(await exists(true), true)
  t.equal(await exists(), false, 'a hint, and no more than that')
  absences.forget('tom')
  upstream.script({ status: 503 }, ok)
  t.equal(await exists(), false)
  t.equal(await exists(), true, 'a failure is not an absence')
})
