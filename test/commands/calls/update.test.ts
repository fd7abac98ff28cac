import t from 'tap'
import { callable } from '../../support/called.ts'

t.test('update', async (t) => {
  const { call, sandbox } = await callable(t, 'cats/tom')
  t.test('changes an asset', async (t) => {
    t.match(
      (await call(['update', 'cats/tom', '--tags', 'a,b', '--context', 'alt=A cat'])).lines,
      [{ tags: ['a', 'b'], context: { custom: { alt: 'A cat' } } }]
    )
    const emptied = await call(['update', 'cats/tom', '--tags', ''])
    t.equal(emptied.code, 0)
    t.notMatch(emptied.out, /"a"/)
  })

  t.test('prints what it would send, and sends nothing', async (t) => {
    const before = sandbox.requests.length
    t.match(
      await call(['update', 'cats/tom', '--tags', 'c', '--dry-run']),
      { code: 0, lines: [{ tags: ['c'] }], err: 'Would change cats/tom:\n' }
    )
    t.equal(sandbox.requests.length, before)
    await t.rejects(
      call(['update', 'cats/tom', '--type', 'upload']),
      { name: 'UsageError', message: /^Nothing is to be changed/ }
    )
  })
})
