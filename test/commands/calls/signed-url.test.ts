import t from 'tap'
import { callable } from '../../support/called.ts'

t.test('signed-url prints a link that opens', async (t) => {
  const { call } = await callable(t, 'cats/tom')
  const { out } = await call(['signed-url', 'cats/tom', '--type', 'upload', '--attachment'])
  t.equal((await fetch(out.trim())).status, 200)
  t.match((await call(['signed-url', 'cats/tom', '--json'])).lines, [{ url: /^http/, expires_at: Number }])
})
