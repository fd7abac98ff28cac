import t from 'tap'
import { isOff, isOn } from '../../../src/auth/uploads/wire-flags.ts'

t.test('flags in wire text: on, off, or left to others', async (t) => {
  t.same(['true', '1', 'false', '0', 'maybe', undefined].map((value) => [isOn(value), isOff(value)]), [[true, false], [true, false], [false, true], [false, true], [false, false], [false, false]])
})
