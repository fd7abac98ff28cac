import t from 'tap'
import { fieldMismatch, quoted } from '../../../src/cloudinary/explain/mismatch.ts'

t.test('a mismatch points at its field', async (t) => {
  t.strictSame(fieldMismatch('field_not_sent', 'tags', 'tags is gone.'), { code: 'field_not_sent', pointer: '/tags', message: 'tags is gone.' })
  t.equal(fieldMismatch('field_not_sent', 'a/b~c', '').pointer, '/a~1b~0c')
})

t.test('values are quoted, and long ones cut', async (t) => {
  t.equal(quoted('a "b"'), '"a \\"b\\""')
  t.equal(quoted('x'.repeat(120)), `"${'x'.repeat(120)}"`)
  t.equal(quoted('x'.repeat(121)), `"${'x'.repeat(120)}…"`)
})
