import t from 'tap'
import { deepFreeze } from '../../src/config/freeze.ts'

t.test('deepFreeze', async (t) => {
  t.test('freezes all that a value holds, circles included', async (t) => {
    const value: { list: Array<{ n: number }>, self?: unknown, nothing: null } = { list: [{ n: 1 }], nothing: null }
    value.self = value
    t.equal(deepFreeze(value), value)
    t.throws(() => { value.list.push({ n: 2 }) }, TypeError)
    t.ok(Object.isFrozen(value.list[0]))
  })

  t.test('leaves buffers alone, which cannot be frozen', async (t) => {
    const value = deepFreeze({ digest: Buffer.from('abc') })
    t.equal(value.digest.toString(), 'abc')
    t.notOk(Object.isFrozen(value.digest))
  })
})
