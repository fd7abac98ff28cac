import t from 'tap'
import { unprovenPlaces, uploadPlaces } from '../../../src/cloudinary/upload/places.ts'

const shares = { environment: 3 / 4, caller: 1 / 2, address: 1 / 4, signature: 1 / 8 }
const overloaded = { code: 'overloaded', headers: { 'retry-after': '5' } }

t.test('503 when all places are taken, and when those of a share are; what ends makes room', async (t) => {
  const places = uploadPlaces({ maxConcurrent: 4, shares })
  const first = places.admit({ caller: 'web' })
  places.admit({ caller: 'web' })
  const full = { ...overloaded, members: { share: 'caller' }, message: 'The share of this caller is full: it holds 2 of the 4 places for uploads.' }
  t.throws(() => places.admit({ caller: 'web' }), full)
  t.throws(() => { places.requireFree({ caller: 'web' }) }, full)
  places.admit({ caller: 'cms' })
  places.admit({})
  t.throws(() => places.admit({ caller: 'new' }), { ...overloaded, members: {}, message: '4 uploads are running, which is as many as this gateway takes at a time.' })
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
  t.throws(() => places.admit({ address: 'a' }), { ...overloaded, message: 'The share of this address is full: it holds 2 of the 4 places for direct uploads without a proof.' })
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
  t.throws(() => places.admit({ address: 'd', environment: 'x' }), { ...overloaded, members: { share: 'environment' } })
  places.admit({ address: 'd', environment: 'y' })
})
