import t from 'tap'
import { boundedMemory, bytesOfText } from '../src/bounded-memory.ts'

const KIB = 1024

t.test('long keys and large values are forgotten sooner; none exceeds the bound', async (t) => {
  const left: string[] = []
  const memory = boundedMemory<{ text: string }>({
    maxBytes: 10 * KIB, bytesOf: ({ text }) => bytesOfText(text), onPushedOut: (_value, key) => { left.push(key) }
  })
  for (let index = 0; index < 100; index++) memory.set(String(index), { text: '' })
  t.equal(memory.size, 50, 'about 200 bytes each')
  t.equal(left.length, 50)
  memory.set('k'.repeat(4 * KIB), { text: '' })
  t.ok(memory.size < 15 && memory.calculatedSize <= 10 * KIB)
  memory.set('large', { text: 'v'.repeat(4 * KIB) })
  t.ok(memory.size <= 10 && memory.calculatedSize <= 10 * KIB)
  memory.set('huge', { text: 'v'.repeat(6 * KIB) })
  t.equal(memory.get('huge'), undefined, 'larger than the whole')
  t.ok(memory.get('large'), 'which costs nobody else a place')
})

t.test('a number of entries bounds it too; the one not used for longest leaves', async (t) => {
  const memory = boundedMemory<number>({ maxBytes: 1000 * KIB, maxEntries: 2 })
  memory.set('a', 1)
  memory.set('b', 2)
  memory.get('a')
  memory.set('c', 3)
  t.same([memory.get('a'), memory.get('b'), memory.get('c')], [1, undefined, 3])
})

t.test('an entry ends with its lifetime, without a timer', async (t) => {
  let nowMs = 1
  const memory = boundedMemory<number>({ maxBytes: 1000, lifetimeMs: 10, now: () => nowMs })
  memory.set('a', 1)
  nowMs = 11
  t.equal(memory.get('a'), 1)
  nowMs = 12
  t.equal(memory.get('a'), undefined)
})
