import t from 'tap'
import { seenFileSuffix, seenSuffix } from '../../../src/input/fields/seen.ts'

t.test('what was probably sent is told', async (t) => {
  const cases: Array<readonly [text: string, what: string]> = [
    ...['C:\\fakepath\\cat.jpg', 'd:/pictures/cat.jpg', '\\\\server\\share'].map((text) => [text, 'is a path of Windows: send the bytes'] as const),
    ...['/data/user/0/x.jpg', '/var/mobile/Media/a.jpg'].map((text) => [text, 'is a path on the device: send the bytes'] as const),
    ...['file:///sdcard/a.jpg', 'content://media/1', 'blob:https://a.example/1', 'ph://B84E8479', 'assets-library://asset', 'FILE:///x'].map((text) => [text, 'is an address on the device: send the bytes'] as const),
    ...['https://res.cloudinary.com/demo/image/upload/v1/cats/tom.jpg', 'http://media.example.com/video/private/s--abc--/a.mp4', '//res.cloudinary.com/demo/raw/authenticated/a'].map((text) => [text, 'looks like a delivery URL'] as const),
    ['https://example.com/cat.jpg', 'looks like a URL'],
    ['www.example.com/cat.jpg', 'looks like a URL without its https:'],
    ['data:image/png;base64,AAAA', 'is a data URI'],
    ['[object File]', 'is what JavaScript writes for an object'],
    ['undefined', 'is what programs write for a variable without a value'],
    ['{{ $json.folder }}', 'looks like a placeholder that was not filled in']
  ]
  for (const [text, what] of cases) {
    t.equal(seenSuffix(text), ` (it ${what})`, text)
    t.equal(seenFileSuffix(text), ` (it ${what})`, text)
  }
  const base64 = 'iVBORw0KGgo'.repeat(8)
  t.equal(seenFileSuffix(base64), ' (it looks like base64 without data:<media type>;base64, before it)')
  t.equal(seenSuffix(base64), '', 'any long name looks so')
})

t.test('nothing is told of other text', async (t) => {
  for (const text of ['', 'cats/tom', 'a b', 'c:', 'image', 'image/upload', 'users/1/undefined', 'x'.repeat(63), '/srv/a.jpg']) t.equal(seenSuffix(text), '', text)
})
