import t from 'tap'
import { Places, unprovenPlaces, uploadPlaces } from '../../../src/cloudinary/upload/places.ts'

const shares = { environment: 3 / 4, caller: 1 / 2, address: 1 / 4, signature: 1 / 8 }
const overloaded = { code: 'overloaded', headers: { 'retry-after': '5' } }

t.test('503 when all places are taken, and when those of a share are; what ends makes room', async (t) => {
  const places = uploadPlaces({ maxConcurrent: 4, shares })
  const first = places.admit({ caller: 'web' })
  places.admit({ caller: 'web' })
  const full = {
    ...overloaded,
    members: { share: 'caller' },
    message: 'The share of this caller is full: it holds 2 of the 4 places for uploads.'
  }
  t.throws(() => places.admit({ caller: 'web' }), full)
  places.admit({ caller: 'cms' })
  places.admit({})
  t.throws(() => places.admit({ caller: 'new' }), {
    ...overloaded,
    members: {},
    message: '4 uploads are running, which is as many as this gateway takes at a time.'
  })
  t.throws(() => places.admit({ caller: 'web' }), full, 'what lasts longer is said first')
  t.equal(places.running, 4)
  first()
  first()
  t.equal(places.running, 3, 'ending twice counts once')
  places.admit({ caller: 'web' })
})

t.test('uploads without a proof: half as many, and half of those from one address', async (t) => {
  const places = unprovenPlaces({ maxConcurrent: 8, shares })
  const [first] = [places.admit({ address: 'a' }), places.admit({ address: 'a' })]
  t.throws(() => places.admit({ address: 'a' }), {
    ...overloaded,
    message: 'The share of this address is full: it holds 2 of the 4 places for direct uploads without a proof.'
  })
  const other = places.admit({ address: 'b' })
  places.admit({ address: 'c' })
  t.throws(() => places.admit({ address: 'd' }), { ...overloaded, message: /have not shown a signature yet/ })
  first?.()
  other()
  places.admit({ address: 'a' })
  places.admit({ address: 'b' })
  t.throws(() => places.admit({ address: 'b' }), overloaded)
})

t.test('where one upload runs at a time, one may be without a proof', async (t) => {
  const places = unprovenPlaces({ maxConcurrent: 1, shares })
  places.admit({ address: 'a', environment: 'x' })()
  places.admit({ address: 'b' })
  t.throws(() => places.admit({ address: 'c' }), overloaded)
})

t.test('uploads without a proof to one environment leave some to the others', async (t) => {
  const places = unprovenPlaces({ maxConcurrent: 8, shares })
  for (const address of ['a', 'b', 'c']) places.admit({ address, environment: 'x' })
  t.throws(() => places.admit({ address: 'd', environment: 'x' }), {
    ...overloaded, members: { share: 'environment' }
  })
  places.admit({ address: 'd', environment: 'y' })
})

t.test('waits a moment for a place, the longest wait first; who waits for its own share holds up nobody', async (t) => {
  const places = new Places({
    most: 4, fractions: { caller: 1 / 2 }, name: 'places', allTaken: () => 'all taken', patienceMs: 60_000
  })
  const running = [
    places.admit({ caller: 'web' }), await places.admitSoon({ caller: 'web' }), places.admit({}),
    places.admit({})
  ]
  const order: string[] = []
  const soon = async (caller: string): Promise<() => void> => {
    const leave = await places.admitSoon({ caller })
    order.push(caller)
    return leave
  }
  const [first, second] = [soon('web'), soon('web')]
  await t.rejects(soon('web'), {
    code: 'overloaded', members: { share: 'caller' }
  }, 'as many wait as its share has places')
  const [cms, other] = [soon('cms'), soon('other')]
  await t.rejects(soon('new'), { message: 'all taken' }, 'as many wait as there are places')
  running[2]?.()
  const leave = await cms
  t.throws(() => places.admit({}), { message: 'all taken' }, 'it was handed on')
  running[0]?.()
  for (const waiting of [first, second, other]) (await waiting)()
  t.same(order, ['cms', 'web', 'web', 'other'])
  leave()
  for (const each of running) each()
  t.equal(places.running, 0)
})

t.test('does not wait for long, and then leaves the line', async (t) => {
  const options = {
    most: 1, fractions: { caller: 1 }, name: 'places', allTaken: () => 'all taken', patienceMs: 10
  }
  const places = new Places(options)
  const leave = places.admit({})
  await t.rejects(places.admitSoon({ caller: 'web' }), { ...overloaded, message: 'all taken' })
  leave()
  t.equal(places.running, 0, 'nobody is handed it')
  places.admit({ caller: 'web' })()
})
