import { PassThrough } from 'node:stream'
import t from 'tap'
import { Interrupted } from '../../../src/commands/terminal.ts'
import { callable, called } from '../../support/called.ts'

t.test('delete', async (t) => {
  const { call, see, sandbox } = await callable(t, 'a', 'b', 'c', 'd')
  const destroyed = () => sandbox.requests.filter(({ path }) => path.endsWith('/destroy')).length
  /** A person who types this, or who leaves. */
  const typing = (text: string | undefined) => {
    const input = Object.assign(new PassThrough(), { unref: () => {} })
    if (text === undefined) input.end()
    else input.write(text)
    return { person: () => input }
  }

  t.test('asks first, and takes everything but yes for no', async (t) => {
    for (const text of ['n\n', '\n', 'maybe\n', undefined]) {
      t.match(
        await see(['delete', 'a'], typing(text)),
        { code: 1, out: '', err: 'Delete a? [y/N] Nothing was deleted.\n' }
      )
    }
    t.equal(destroyed(), 0)
    t.match(
      await see(['delete', 'a', 'none'], typing('Yes\n')),
      { code: 1, out: 'deleted  a\n', err: /^Delete 2 assets\? \[y\/N\] failed {3}none: / }
    )
  })

  t.test('ends when it is interrupted while it asks, or while it deletes', async (t) => {
    const controller = new AbortController()
    const asked = see(['delete', 'b'], {
      ...typing(''),
      interruption: () => controller.signal,
      err: () => { setImmediate(() => { controller.abort(new Interrupted('', 130)) }) }
    })
    t.match(await asked, { code: 130, out: '' })
    const second = new AbortController()
    const out = (): void => { second.abort(new Interrupted('', 130)) }
    t.match(
      await call(['delete', 'b', 'c', '--yes'], { out, interruption: () => second.signal }),
      { code: 130 }
    )
    t.equal((await call(['get', 'c'])).code, 0)
  })

  t.test('deletes nothing without a terminal, unless it is told to', async (t) => {
    await t.rejects(call(['delete', 'c']), { name: 'UsageError', message: /give --yes/ })
    await t.rejects(call(['delete', '--yes']), { name: 'UsageError', message: 'PUBLIC_ID is missing' })
    const { code, lines } = await call(['delete', 'c', 'none', '--yes', '--invalidate'])
    t.equal(code, 1)
    t.match(
      lines,
      [{ status: 'deleted', public_id: 'c' }, { status: 'failed', public_id: 'none', code: 'not_found' }]
    )
    t.match(await call(['delete', 'd', '-y']), { code: 0 })
    t.match(await called(['delete', 'd', '-y'], { GATEWAY_URL: 'http://127.0.0.1:1' }), { code: 4, out: '' })
  })

  t.test('deletes nothing in a dry run', async (t) => {
    const before = destroyed()
    t.match((await call(['delete', 'd', '--dry-run'])).lines, [{ status: 'planned', public_id: 'd' }])
    t.match((await see(['delete', 'd', '--dry-run'])).out, 'would delete  d\n')
    t.equal(destroyed(), before)
  })
})
