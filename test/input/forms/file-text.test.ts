import t from 'tap'
import { sourceOf, tidiedFile, tidiedLongFile } from '../../../src/input/forms/file-text.ts'

t.test('addresses and data URIs lose the blanks around them and the capitals of their beginning; paths stay', async (t) => {
  t.equal(tidiedFile('HTTPS://Example.com/A.JPG'), 'https://Example.com/A.JPG')
  t.equal(tidiedFile(' S3://bucket/Key\n'), 's3://bucket/Key')
  t.equal(tidiedFile('\nDATA:image/PNG;Charset=UTF-8;BASE64,AAAA '), 'data:image/PNG;Charset=UTF-8;base64,AAAA ', 'a blank at the end may be a plus that was lost')
  for (const text of [' a.jpg ', '/srv/A.JPG', 'C:\\x', '', 'https://example.com/a']) t.equal(tidiedFile(text), text)
  t.throws(() => tidiedFile('Data:nonsense'), { code: 'invalid_request', errors: [{ pointer: '/file', message: /is not a base64 data URI/ }] })
})

t.test('so does the beginning of a long text, which must be a data URI', async (t) => {
  t.equal(tidiedLongFile(Buffer.from(' \r\nDATA:;Base64,AAAA')).toString(), 'data:;base64,AAAA')
  const refused = (text: string, message: RegExp) => t.throws(() => tidiedLongFile(Buffer.from(text)), { code: 'invalid_request', errors: [{ pointer: '/file', message }] })
  refused('x'.repeat(70_000), /^is too long for a URL or a path; send bytes as a part with a file name \(it looks like base64/)
  refused('data:,x', /is not a base64 data URI/)
  refused(' '.repeat(300), /too long/)
})

t.test('what is known of a file before it is read: an address, or a name', async (t) => {
  for (const fileUrl of ['https://example.com/a.jpg', 's3://bucket/a']) t.same(sourceOf(fileUrl), { fileUrl })
  t.same(sourceOf('data:;base64,AAAA'), {}, 'bytes without a name')
  for (const path of ['/srv/a.jpg', 'b/a.jpg', 'a.jpg']) t.same(sourceOf(path), { filename: 'a.jpg' }, path)
  t.same(sourceOf({ filename: 'a.jpg' }), { filename: 'a.jpg' })
})
