import fc from 'fast-check'
import t from 'tap'
import { multipartParts } from '../../../src/sandbox/api/multipart.ts'
import { rounds } from '../../support/rounds.ts'

const TYPE = 'multipart/form-data; boundary=bound'

async function read (body: Buffer, sizes: readonly number[] = [], type = TYPE): Promise<{ name: string, filename?: string, text: string }[]> {
  async function * pieces (): AsyncGenerator<Uint8Array> {
    let at = 0
    for (const size of sizes) {
      yield body.subarray(at, at + size)
      at += size
    }
    yield body.subarray(at)
  }
  const parts = []
  for await (const { body: bytes, ...head } of multipartParts(pieces(), type)) {
    const chunks: Buffer[] = []
    for await (const chunk of bytes) chunks.push(Buffer.from(chunk))
    parts.push({ ...head, text: Buffer.concat(chunks).toString('latin1') })
  }
  return parts
}

const part = (name: string, text: string, filename?: string) => `--bound\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n\r\n${text}\r\n`

t.test('fields and files, in any pieces, whatever looks like a boundary', async (t) => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.array(fc.constantFrom('a', '\r', '\n', '-', '--bound', '\r\n--boun', '\r\n-', '\u0000'), { maxLength: 12 }).map((texts) => texts.join('').replaceAll('\r\n--bound', 'b')), { minLength: 1, maxLength: 4 }),
    fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 60 }),
    async (texts, sizes) => {
      const body = Buffer.from(texts.map((text, index) => part(`n${index}`, text, index === 1 ? 'f' : undefined)).join('') + '--bound--\r\n', 'latin1')
      t.same((await read(body, sizes)).map(({ text }) => text), texts)
    }), { numRuns: rounds(300) })
})

t.test('names with quotes, Unicode and escapes; an empty file name', async (t) => {
  t.match(await read(Buffer.from(part('file', 'x', 'a%22b\\"c é.png') + part('b', '', '') + '--bound--')), [{ name: 'file', filename: 'a"b"c é.png' }, { name: 'b', filename: '', text: '' }])
})

t.test('400: no boundary, no end, no name, junk', async (t) => {
  await t.rejects(read(Buffer.from(''), [], 'multipart/form-data'), { status: 400, message: /no boundary/ })
  const whole = part('a', 'text') + '--bound--\r\n'
  for (let length = 0; length < whole.length - 2; length++) {
    await t.rejects(read(Buffer.from(whole.slice(0, length))), { status: 400, message: /ends before its closing boundary/ }, `${length} bytes of ${whole.length}`)
  }
  await t.rejects(read(Buffer.from('junk' + whole)), { status: 400, message: /text before the first boundary/ })
  await t.rejects(read(Buffer.from(whole.replace('name="a"', ''))), { status: 400, message: /a part without a name/ })
  await t.rejects(read(Buffer.from(`--bound\r\nX: ${'x'.repeat(40_000)}`)), { status: 400, message: /too long a part header/ })
})
