import t from 'tap'
import { pointerTo } from '../src/json-pointer.ts'

t.test('names are escaped as RFC 6901 says', async (t) => {
  t.same(['folder', 'a/b', 'm~n', '~1', ''].map(pointerTo), ['/folder', '/a~1b', '/m~0n', '/~01', '/'])
})
