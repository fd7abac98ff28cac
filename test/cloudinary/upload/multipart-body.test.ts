import t from 'tap'
import { multipartBody, type Form } from '../../../src/cloudinary/upload/multipart-body.ts'
import { parseForm } from '../../support/fault-upstream.ts'

async function * chunks (...texts: string[]): AsyncGenerator<Buffer> { for (const text of texts) yield Buffer.from(text) }

async function written (form: Form, boundary?: string): Promise<{ text: string, contentType: string, length: number | undefined }> {
  const body = multipartBody(form, boundary)
  const parts: Buffer[] = []
  for await (const chunk of body.chunks) parts.push(chunk)
  return { text: Buffer.concat(parts).toString(), contentType: body.contentType, length: body.length }
}

t.test('fields, the file, and the end, byte for byte', async (t) => {
  const { text, length, contentType } = await written({ head: { tags: 'a,b' }, file: { chunks: chunks('he', 'llo'), filename: 'x.txt', length: 5 } }, 'B')
  t.equal(text, '--B\r\nContent-Disposition: form-data; name="tags"\r\n\r\na,b\r\n' +
    '--B\r\nContent-Disposition: form-data; name="file"; filename="x.txt"\r\nContent-Type: application/octet-stream\r\n\r\nhello\r\n--B--\r\n')
  t.equal(length, Buffer.byteLength(text), 'and its length is told')
  t.equal(contentType, 'multipart/form-data; boundary=B')
})

t.test('a strict parser reads back what was put in, with a boundary that nobody can guess', async (t) => {
  const one = await written({ head: { public_id: 'écran/日本', context: 'a=b|c=d' }, file: { chunks: chunks('\r\n--gateway'), filename: 'f', length: undefined } })
  t.match(parseForm(Buffer.from(one.text), one.contentType), { fields: { public_id: 'écran/日本', context: 'a=b|c=d' }, file: { bytes: 11, filename: 'f' } })
  t.equal(one.length, undefined)
  t.not(one.contentType, (await written({ head: {}, file: { chunks: chunks(), filename: 'f' } })).contentType)
})

t.test('says when all of it was handed over', async (t) => {
  const { chunks: bytes } = multipartBody({ head: {}, file: { chunks: chunks('x'), filename: 'f' } })
  let finished = 0
  bytes.onFinished = () => { finished++ }
  for await (const chunk of bytes) t.same([finished, chunk.length > 0], [0, true])
  t.equal(finished, 1)
})

t.test('names cannot break out of their header, as in browsers', async (t) => {
  const { text } = await written({ head: { 'a"\r\nX-Evil: 1': 'v' }, file: { chunks: chunks('x'), filename: 'a"; name="public_id"\r\nX: 1' } }, 'B')
  t.match(text, 'name="a%22%0D%0AX-Evil: 1"')
  t.match(text, 'filename="a%22; name=%22public_id%22%0D%0AX: 1"')
  t.notMatch(text, /^X-Evil/m)
})

t.test('text has no file name, so that nobody takes it for bytes', async (t) => {
  const { text } = await written({ head: {}, file: { chunks: chunks('https://example.com/cat.jpg'), filename: undefined, length: 27 } }, 'B')
  t.equal(text, '--B\r\nContent-Disposition: form-data; name="file"\r\n\r\nhttps://example.com/cat.jpg\r\n--B--\r\n')
})

t.test('fields after the file are asked for when the file has ended, and then the length is unknown', async (t) => {
  const order: string[] = []
  async function * file (): AsyncGenerator<Buffer> {
    yield Buffer.from('x')
    order.push('file ended')
  }
  const { text, length } = await written({
    head: {},
    file: { chunks: file(), filename: 'f', length: 1 },
    tail: async () => {
      order.push('tail asked')
      return { signature: 'ab' }
    }
  }, 'B')
  t.same(order, ['file ended', 'tail asked'])
  t.equal(length, undefined)
  t.ok(text.endsWith('\r\n\r\nx\r\n--B\r\nContent-Disposition: form-data; name="signature"\r\n\r\nab\r\n--B--\r\n'))
})

t.test('a file that fails, or fields that are refused, leave a body without an end', async (t) => {
  async function * broken (): AsyncGenerator<Buffer> {
    yield Buffer.from('x')
    throw new Error('cut')
  }
  const collect = async (form: Form): Promise<string> => {
    let text = ''
    await t.rejects(async () => { for await (const chunk of multipartBody(form, 'B').chunks) text += chunk.toString() })
    return text
  }
  t.notMatch(await collect({ head: {}, file: { chunks: broken(), filename: 'f' } }), '--B--')
  t.notMatch(await collect({ head: {}, file: { chunks: chunks('x'), filename: 'f' }, tail: async () => { throw new Error('refused') } }), '--B--')
})
