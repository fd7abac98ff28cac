import t from 'tap'
import { UnprovenUploads, once } from '../../../src/cloudinary/upload/places.ts'

const overloaded = { code: 'overloaded', headers: { 'retry-after': '5' } }

t.test('503 for more than half as many as there are uploads, and for more than half of those from one address', async (t) => {
  const unproven = new UnprovenUploads(8)
  const [first] = [unproven.admit('a'), unproven.admit('a')]
  t.throws(() => unproven.admit('a'), overloaded)
  const other = unproven.admit('b')
  unproven.admit('c')
  t.throws(() => unproven.admit('d'), overloaded)
  t.equal(unproven.running, 4)
  first?.()
  first?.()
  t.equal(unproven.running, 3, 'ending twice counts once')
  other()
  unproven.admit('a')
  unproven.admit('b')
  t.throws(() => unproven.admit('b'), overloaded)
})

t.test('addresses of one IPv6 network count as one', async (t) => {
  const unproven = new UnprovenUploads(4)
  unproven.admit('2001:db8::1')
  t.throws(() => unproven.admit('2001:db8::2'), overloaded)
  unproven.admit('2001:db8:0:1::1')
})

t.test('where one upload runs at a time, one may be without a proof', async (t) => {
  const unproven = new UnprovenUploads(1)
  unproven.admit('a')()
  unproven.admit('b')
  t.throws(() => unproven.admit('c'), overloaded)
})

t.test('what is given back twice is given back once', async (t) => {
  let given = 0
  const release = once(() => { given++ })
  t.equal(given, 0)
  release()
  release()
  t.equal(given, 1)
})
