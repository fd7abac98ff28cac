import t from 'tap'
import { Choice, PUBLIC_ID_PATTERN } from '../../src/schemas/assets.ts'

t.test('public IDs: any character Cloudinary takes, and no shape that changes meaning in a URL', async (t) => {
  const pattern = new RegExp(PUBLIC_ID_PATTERN, 'u')
  for (const id of ['a', 'cats/tom', 'my pic', 'what?', 'a#b', '100%', 'écran/日本', '😀', 'a.b', '.hidden', 'a..b', 'a/...', 'a\\b']) t.ok(pattern.test(id), id)
  for (const id of ['', ' a', 'a ', '/a', 'a/', 'a//b', '.', '..', 'a/../b', '../a', 'a/..', './a', 'a\nb', 'a\u0000', '\u007f']) t.notOk(pattern.test(id), JSON.stringify(id))
})

t.test('Choice is one enum', async (t) => {
  t.match(Choice(['a', 'b'], { default: 'a' }), { type: 'string', enum: ['a', 'b'], default: 'a' })
})
