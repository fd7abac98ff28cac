import t from 'tap'
import { callable } from '../../support/called.ts'

t.test('get prints one asset', async (t) => {
  const { call, see } = await callable(t, 'cats/tom')
  t.match((await call(['get', 'cats/tom'])).lines, [{ public_id: 'cats/tom' }])
  t.match((await see(['get', 'cats/tom'])).out, /^\{\n {2}"/)
  t.match(
    await call(['get', 'cats/none']),
    { code: 1, out: '', err: /cats\/none[^]*\(not_found\)\n.*\nRequest: \S+\n$/ }
  )
})
