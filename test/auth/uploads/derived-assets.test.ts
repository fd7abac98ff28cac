import t from 'tap'
import { derivedFaults } from '../../../src/auth/uploads/derived-assets.ts'

const faults = (parameters: Record<string, string>) => derivedFaults('users/1', parameters)
const breakpoints = (...settings: unknown[]) => ({ responsive_breakpoints: JSON.stringify(settings) })

t.test('pictures of the folder\'s own assets may be made', async (t) => {
  t.same(faults({ tags: 'l_other' }), [])
  t.same(faults({ transformation: 'w_10,l_users:1:a', eager: 'w_10|w_20,h_20/png|png||l_users:1:a/jpg', ...breakpoints({ create_derived: true }, { create_derived: true, transformation: 'w_10', format: 'png' }) }), [])
})

t.test('others may not, whichever parameter asks for it', async (t) => {
  t.match(faults({ transformation: 'l_other', eager: 'w_10|l_other/png', ...breakpoints({}, { transformation: 'w_1/l_other' }) }),
    [{ pointer: '/transformation' }, { pointer: '/eager' }, { pointer: '/responsive_breakpoints', message: /outside/ }])
  t.match(faults({ transformation: 'w_10/png' }), [{ pointer: '/transformation' }], 'only eager transformations end in an extension')
})

t.test('breakpoints that another reader could read in another way are refused', async (t) => {
  for (const text of [
    'nonsense', '{"transformation":"w_1"}', '[{"transformation":"l_other","transformation":"w_1"}]', '[{"\\u0074ransformation":"w_1"}]', '[ {"transformation":"w_1"} ]',
    '[{"transformation":{"overlay":"other"}}]', '[{"transformation":["l_other"]}]', '[{"transformation":null}]'
  ]) t.match(faults({ responsive_breakpoints: text }), [{ pointer: '/responsive_breakpoints', message: /JSON/ }], text)
  t.same(faults({ responsive_breakpoints: '[null,1]' }), [], 'what is no setting makes no picture')
})
