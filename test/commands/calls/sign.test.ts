import t from 'tap'
import { callable } from '../../support/called.ts'

t.test('sign prints the fields of a form', async (t) => {
  const { call } = await callable(t)
  t.match((await call(['sign', '--folder', 'u', '--tags', 'a,b', '--preset', 'web'])).lines, [
    { signature: /^[0-9a-f]{40}$/, fields: { folder: 'u', tags: 'a,b', upload_preset: 'web' } }
  ])
  await t.rejects(call(['sign', 'x']), { name: 'UsageError' })
})
