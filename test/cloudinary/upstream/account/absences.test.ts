import t from 'tap'
import { Absences } from '../../../../src/cloudinary/upstream/account/absences.ts'

const TOM = { public_id: 'tom', resource_type: 'image', type: 'upload' } as const

t.test('absences are forgotten with time, by name and all at once, and are bounded by bytes', async (t) => {
  let nowMs = 1 // the cache takes 0 for no time at all
  const absences = new Absences(() => nowMs)
  const add = (id: string): void => { absences.begin()({ ...TOM, public_id: id }) }
  const has = (id: string): boolean => absences.has({ ...TOM, public_id: id })
  add('tom')
  add('rex')
  absences.forget('tom')
  t.same([has('tom'), has('rex')], [false, true])
  nowMs += 30_001
  t.equal(has('rex'), false)
  add('rex')
  absences.forget()
  t.equal(has('rex'), false)
  const late = absences.begin()
  absences.forget('other')
  late(TOM)
  t.equal(has('tom'), false, 'something was stored while it was looked for')
  for (let count = 0; count < 5_000; count++) add(`${'x'.repeat(240)}${count}`)
  t.ok(absences.bytes > 500_000 && absences.bytes <= 1024 * 1024, `${absences.bytes} bytes`)
})
