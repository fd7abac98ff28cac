import t from 'tap'
import { randomSource } from '../../src/sandbox/random.ts'

t.test('with a seed: the same calls, the same names; a fork has its own', async (t) => {
  const [one, other] = [randomSource(7), randomSource(7)]
  t.same([one.hex(5), one.hex(100), one.name(20)], [other.hex(5), other.hex(100), other.name(20)])
  t.match(one.hex(100), /^[0-9a-f]{100}$/)
  t.match(one.name(50), /^[a-z0-9]{50}$/)
  t.equal(one.fork('f').hex(32), other.fork('f').hex(32))
  t.not(one.fork('f').hex(32), other.fork('g').hex(32))
  t.not(randomSource(7).hex(32), randomSource(8).hex(32))
})

t.test('a reset begins anew, forks included', async (t) => {
  const source = randomSource('seed')
  const fork = source.fork('f')
  const first = [source.hex(32), fork.hex(32)]
  t.not(source.hex(32), first[0])
  source.reset()
  t.same([source.hex(32), fork.hex(32)], first)
})

t.test('every start draws names of its own, until a reset', async (t) => {
  const drawn = [0, 1, 2, 11].flatMap((start) => {
    const source = randomSource(1, start)
    return [source.hex(32), source.fork('f').hex(32)]
  })
  t.equal(new Set(drawn).size, drawn.length)
  t.equal(randomSource(1, 0).hex(32), randomSource(1).hex(32))
  const later = randomSource(1, 3)
  const fork = later.fork('f')
  later.reset()
  t.same([later.hex(32), fork.hex(32)], drawn.slice(0, 2))
})

t.test('without a seed nothing repeats', async (t) => {
  const source = randomSource()
  const first = source.hex(32)
  source.reset()
  t.not(source.hex(32), first)
  t.not(source.fork('f').hex(32), source.fork('f').hex(32))
})
