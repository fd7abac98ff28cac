import t from 'tap'
import { Interrupted } from '../../../src/commands/terminal.ts'
import { callable } from '../../support/called.ts'

t.test('list', async (t) => {
  const { call, see } = await callable(t, 'p/1', 'p/2', 'p/3')
  const idsOf = async (...args: string[]) => (await call(['list', ...args])).lines.map(
    (asset) => asset['public_id']
  )

  t.test('prints assets, as many as are wanted', async (t) => {
    t.same((await idsOf('--prefix', 'p/')).sort(), ['p/1', 'p/2', 'p/3'])
    t.equal((await idsOf('--prefix', 'p/', '--limit', '2')).length, 2)
    t.equal((await idsOf('--prefix', 'p/', '--limit', '0', '-f', 'max_results=1')).length, 3)
  })

  t.test('shows a person a table', async (t) => {
    t.match((await see(['list', '--prefix', 'p/'])).out, /^(?:p\/\d {2}\w+ +\d+ {2}\d{4}-.*\n){3}$/)
    t.match(await see(['list', '--prefix', 'none']), { code: 0, out: '', err: 'There are no such assets.\n' })
  })

  t.test('stops asking when nobody reads any more', async (t) => {
    const controller = new AbortController()
    let printed = 0
    const out = (): void => {
      printed++
      controller.abort(new Interrupted('', 0))
    }
    t.match(
      await call(['list', '-f', 'max_results=1'], { out, interruption: () => controller.signal }),
      { code: 0, err: '' }
    )
    t.equal(printed, 1)
  })
})
