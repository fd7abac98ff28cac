import t from 'tap'
import { isNote, requireBytes } from '../../../src/input/forms/file-note.ts'

t.test('a note is blank or a JSON object', async (t) => {
  for (const text of ['', ' \r\n', '{}', ' {"crop":{"x":1}}\n']) t.ok(isNote(text), text)
  for (const text of ['[]', '"{}"', 'null', '{', '{}{', '{a:1}', 'https://example.com/{}', '/etc/passwd', 'data:image/png;base64,AAAA', '{}.jpg']) t.notOk(isNote(text), text)
})

t.test('bytes may follow a note, and nothing else: 400', async (t) => {
  let stopped = 0
  const stop = (): void => { stopped++ }
  t.doesNotThrow(() => requireBytes({ filename: 'x.jpg', stop }))
  t.equal(stopped, 0)
  const refusal = { code: 'invalid_request', errors: [{ pointer: '/file', message: 'is given twice' }] }
  for (const file of ['https://example.com/x.jpg', '', { filename: undefined, stop }]) t.throws(() => requireBytes(file), refusal)
  t.equal(stopped, 1, 'a data URI is given up')
})
