import { randomBytes } from 'node:crypto'
import t from 'tap'
import { dataUriHead, DecodedSize, isDataUri } from '../../src/schemas/data-uri.ts'

t.test('the head of a data URI ends with its first comma', async (t) => {
  for (const head of ['data:image/png;base64,', 'data:;base64,', 'DATA:text/plain;charset=utf-8;BASE64,']) {
    t.ok(isDataUri(head))
    t.equal(dataUriHead(`${head}aGVsbG8=`), head.length)
  }
  t.notOk(isDataUri('https://example.com/data:'))
})

t.test('400 for what is not base64, or hides it behind a head without an end', async (t) => {
  for (const text of ['data:text/plain,hello', 'data:image/png;base64', 'data:;;;nonsense', `data:${'x'.repeat(300)};base64,AA==`, '']) {
    t.throws(() => dataUriHead(text), { code: 'invalid_request', message: '/file: is not a base64 data URI: data:<media type>;base64,<data>' })
  }
})

t.test('the size is that of the decoded bytes, in whatever pieces the text comes', async (t) => {
  for (const bytes of [0, 1, 2, 3, 1000]) {
    const text = Buffer.from(`data:text/plain;base64,${randomBytes(bytes).toString('base64')}`)
    for (const step of [1, 2, 7, text.length]) {
      const size = new DecodedSize()
      for (let start = 0; start < text.length; start += step) {
        size.add(text.subarray(start, start + step))
        if (size.bytes > bytes) t.fail(`${size.bytes} of ${bytes} bytes after ${start + step} characters`)
      }
      t.equal(size.bytes, bytes)
    }
  }
})

t.test('padding without end stands for bytes too, so that no text is without a limit', async (t) => {
  const size = new DecodedSize()
  size.add(Buffer.from(`data:;base64,AA${'='.repeat(4000)}`))
  t.equal(size.bytes, 3000)
})
