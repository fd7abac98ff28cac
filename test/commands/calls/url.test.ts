import t from 'tap'
import { callable } from '../../support/called.ts'

t.test('url', async (t) => {
  const { call } = await callable(t)
  t.test('prints the URL, with one transformation from options or with several in one text', async (t) => {
    t.match(
      await call(['url', 'cats/tom', '--width', '300', '--crop', 'fill', '--format', 'png']),
      { code: 0, out: /\/c_fill,w_300\/.*cats\/tom\.png\n$/ }
    )
    t.match((await call(['url', 'cats/tom', '--transformation', 'e_sepia/r_max'])).out, /\/e_sepia\/r_max\//)
    t.match((await call(['url', 'cats/tom', '-f', 'transformation=e_sepia'])).out, /\/e_sepia\//)
    t.match((await call(['url', 'cats/tom', '--version', '12'])).out, /\/v12\//)
    t.match((await call(['url', 'cats/tom', '--json'])).lines, [{ public_id: 'cats/tom', url: /^http/ }])
  })

  t.test('refuses both ways at once, and passes on what the gateway says of a value', async (t) => {
    await t.rejects(call(['url', 'a', '--width', '1', '--transformation', 'x']), { name: 'UsageError' })
    await t.rejects(call(['url', 'a', '--width', '1', '-f', 'transformation=x']), { name: 'UsageError' })
    t.match(
      await call(['url', 'a', '--crop', 'wrong']),
      { code: 1, out: '', err: /crop[^]*\(invalid_request\)\n/ }
    )
  })
})
