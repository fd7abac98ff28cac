import { randomBytes } from 'node:crypto'
import t from 'tap'
import { tidiedDataUri, tidyHead, dataUriHead, DataUriCheck, isDataUri } from '../../src/input/data-uri.ts'

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
      const size = new DataUriCheck()
      for (let start = 0; start < text.length; start += step) {
        size.add(text.subarray(start, start + step))
        if (size.bytes > bytes) t.fail(`${size.bytes} of ${bytes} bytes after ${start + step} characters`)
      }
      t.equal(size.bytes, bytes)
    }
  }
})

t.test('line ends stand for no bytes, yet text of line ends alone is not without a limit', async (t) => {
  const lines = new DataUriCheck()
  lines.add(Buffer.from(`data:;base64,${'QUJD\r\n'.repeat(1000)}`))
  t.equal(lines.bytes, 3000)
  const nothing = new DataUriCheck()
  nothing.add(Buffer.from(`data:;base64,${'\n'.repeat(4000)}`))
  t.equal(nothing.bytes, 4000)
  t.throws(() => nothing.end(), { message: '/file: is empty: it has 0 bytes' })
})

t.test('400 that points at the file for what is no base64, wherever the pieces part', async (t) => {
  const check = (...pieces: string[]) => (): void => {
    const dataUri = new DataUriCheck()
    for (const piece of pieces) dataUri.add(Buffer.from(piece))
    dataUri.end()
  }
  t.doesNotThrow(check('data:text/plain;base64,', 'QU', 'JD'))
  t.throws(check('data:text/plain;base64,QU', 'J D'), { code: 'invalid_request', errors: [{ pointer: '/file', message: /^has at character 4 of its base64 a blank, most likely a lost "\+"/ }] })
  t.throws(check('data:text/plain;base64,QUJDR'), { code: 'invalid_request', errors: [{ pointer: '/file', message: /single base64 character/ }] })
  t.throws(check('data:text/plain;base64,Q'), { errors: [{ message: /single base64 character/ }] }, 'one is not none')
  t.throws(check('data:text/plain;base64,'), { errors: [{ message: 'is empty: it has 0 bytes' }] })
})

t.test('400: a media type that lost its plus is named, too', async (t) => {
  t.throws(() => dataUriHead('data:image/svg xml;base64,AAAA'), { message: /is not a base64 data URI.*"\+" was probably lost/ })
  t.throws(() => dataUriHead('data:a b,AAAA'), { message: /<data>$/ })
})

t.test('the bytes that a data URI stands for, whatever its limit counts', async (t) => {
  const check = new DataUriCheck()
  check.add(Buffer.from('data:text/plain;base64,\r\n\r\n\r\naGVs'))
  t.same([check.decodedBytes, check.bytes], [3, 6])
  check.add(Buffer.from('bG8='))
  check.end()
  t.equal(check.decodedBytes, 5)
})

t.test('scheme and encoding are written as Cloudinary knows them, and what is between them stays', async (t) => {
  const [given, read] = ['DATA:Image/PNG;Charset=UTF-8;Base64,AAbb', 'data:Image/PNG;Charset=UTF-8;base64,AAbb']
  t.equal(tidiedDataUri(given), read)
  const bytes = Buffer.from(given)
  tidyHead(bytes)
  t.equal(bytes.toString(), read)
  for (const text of ['data:,x', 'DATA', '']) {
    t.throws(() => tidiedDataUri(text), { errors: [{ pointer: '/file', message: /is not a base64 data URI/ }] })
    t.throws(() => tidyHead(Buffer.from(text)), { errors: [{ pointer: '/file' }] })
  }
})
