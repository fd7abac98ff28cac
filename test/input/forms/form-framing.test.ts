import multipart from '@fastify/multipart'
import fc from 'fast-check'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import { FormFraming } from '../../../src/input/forms/form-framing.ts'
import { MULTIPART } from '../../../src/input/forms/upload-form.ts'

const NAME = 'Content-Disposition: form-data; name='
const part = (head: string, content = 'x'): string => `--b\r\n${head}\r\n\r\n${content}\r\n`
const form = (...parts: string[]): string => `${parts.join('')}--b--\r\n`

/** What is said about a body that comes in pieces of `size` bytes. Each character is a byte. */
function verdict (body: string, size = body.length): string {
  const framing = new FormFraming('b')
  const bytes = Buffer.from(body, 'latin1')
  for (let start = 0; start < bytes.length; start += size) framing.add(bytes.subarray(start, start + size))
  framing.end()
  const { failure } = framing
  return failure === undefined ? 'fine' : failure.code === 'invalid_request' ? failure.message : `${failure.code}: ${failure.message}`
}

t.test('413 for more than a mebibyte beside the file, whatever it is: fields, heads, boundaries', async (t) => {
  const file = part(`${NAME}"file"; filename="x.bin"`, 'x'.repeat(3_000_000))
  const uri = part(`${NAME}"file"`, `data:;base64,${'A'.repeat(3_000_000)}`)
  const tooMuch = 'payload_too_large: The form has more than 1048576 bytes beside its file.'
  for (const size of [1000, 65_536, 5_000_000]) {
    t.equal(verdict(form(part(`${NAME}"a"`, 'x'.repeat(1_000_000)), file), size), 'fine', `${size}`)
    t.equal(verdict(form(uri, part(`${NAME}"a"`, 'x'.repeat(1_000_000))), size), 'fine', `${size}`)
    t.equal(verdict(form(file, part(`${NAME}"a"`, 'x'.repeat(1_050_000))), size), tooMuch, `${size}`)
    t.equal(verdict(form(...Array<string>(30_000).fill(part(`${NAME}a`)), file), size), tooMuch, `${size}`)
    t.equal(verdict(`${form(file)}${' '.repeat(1_050_000)}`, size), tooMuch, `${size}`)
  }
})

const latin1 = (text: string): string => Buffer.from(text).toString('latin1')

const CASES: Readonly<Record<string, Array<[body: string, verdict: string]>>> = {
  'whole forms': [
    [form(part(`${NAME}"a"`), part(`${NAME}file; filename="x.bin"\r\nContent-Type: image/png`, '\xff\0\r\n--c\r\n-\r\r\n')), 'fine'],
    [form(part('content-disposition:form-data;name="a"\r\ncontent-transfer-encoding: 8Bit \r\nCONTENT-TYPE: text/plain; charset="UTF-8"', latin1('ä😀'))), 'fine'],
    [form(part(`${NAME}"a; name=\\"b\\""; filename="\\"; name=x.png";`)), 'fine'],
    [form(part(`${NAME}"file"; filename="x"; filename*=UTF-8''%C3%A4.png`)), 'fine'],
    [form(part('Content-Disposition: form-data;\r\n\tname="a"\r\nX-Other: y\r\nX-Other: z', '')), 'fine'],
    [form(part(`${NAME}"file"; filename="${latin1('ä')}"\r\nContent-Type: text/plain; charset=latin1\r\nContent-Transfer-Encoding: binary`, '\xe4')), 'fine'],
    [`\r\n${form(part(`${NAME}a`))} \r\n\t`, 'fine'],
    ['--b--', 'fine'],
    [form(part(`${'X: y\r\n'.repeat(31)}${NAME}"a"`)), 'fine'],
    [`--b\r\n${NAME}a\r\n\r\nx\r\n--b--`, 'fine']
  ],
  'bytes outside all parts': [
    [`--b \r\n${NAME}a\r\n\r\nx\r\n--b--`, 'invalid_multipart: The multipart body has text behind a boundary.'],
    [`--b\r\r\n${NAME}a\r\n\r\nx\r\n--b--`, 'invalid_multipart: The multipart body has text behind a boundary.'],
    [`hello\r\n${form(part(`${NAME}a`))}`, 'invalid_multipart: The multipart body has text before its first boundary.'],
    [`-b\r\n${form(part(`${NAME}a`))}`, 'invalid_multipart: The multipart body has text before its first boundary.'],
    [`${form(part(`${NAME}a`))}x`, 'invalid_multipart: The multipart body has bytes behind its closing boundary.'],
    [`${form(part(`${NAME}a`))}${part(`${NAME}type`, 'private')}`, 'invalid_multipart: The multipart body has bytes behind its closing boundary.'],
    [form(part(`${NAME}a`)).replace('--b\r\n', '--bc\r\n'), 'invalid_multipart: The multipart body has text behind a boundary.']
  ],
  'parts that the parser would drop': [
    [form('--b\r\n\r\nx\r\n'), 'invalid_multipart: The multipart body has a part without a name.'],
    [form(part('Content-Type: text/plain')), 'invalid_multipart: The multipart body has a part without a name.'],
    [form(part('Content-Disposition: form-data')), 'invalid_multipart: The multipart body has a part without a name.'],
    [form(part('Content-Disposition: form-data; filename="x"')), 'invalid_multipart: The multipart body has a part without a name.'],
    [form(part('Content-Disposition: attachment; name="a"')), 'invalid_multipart: The multipart body has a part without a name.'],
    [form(part(`${NAME}"a"\nX: y`)), 'invalid_multipart: The multipart body has a part with a header that cannot be read.'],
    [form(part(`${NAME}"a"\r\nnonsense`)), 'invalid_multipart: The multipart body has a part with a header that cannot be read.'],
    [form(part('Content-Disposition : form-data; name="a"')), 'invalid_multipart: The multipart body has a part with a header that cannot be read.'],
    [form(part(`${NAME}"a"\r\n${NAME}"b"`)), 'invalid_multipart: The multipart body has a part with Content-Disposition given twice.'],
    [form(part(`${NAME}"a"; name="b"`)), 'invalid_multipart: The multipart body has a part with "name" given twice in its Content-Disposition.'],
    [form(part(`${NAME}"a"b"`)), 'invalid_multipart: The multipart body has a part with a Content-Disposition that cannot be read.'],
    [form(part(`${NAME}"a"; filename="x`)), 'invalid_multipart: The multipart body has a part with a Content-Disposition that cannot be read.'],
    [form(`--b\r\n${NAME}"a"\r\n\r\n--b\r\n${NAME}"c"\r\n\r\nx\r\n`), 'invalid_multipart: The multipart body has a part whose headers have no end.'],
    [form(`--b\r\n${NAME}"a"\r\n--b\r\n${NAME}"c"\r\n\r\nx\r\n`), 'invalid_multipart: The multipart body has a part whose headers have no end.'],
    [`--b\r\n${NAME}"a"\n\nx\r\n--b--\r\n`, 'invalid_multipart: The multipart body has a part whose headers have no end.'],
    [`${form(part(`${NAME}"a"`)).replace('--b--', '--b')}`, 'invalid_multipart: The multipart body has a part whose headers have no end.'],
    [form(part(`${NAME}"a"\r\nX: ${'y'.repeat(17_000)}`)), 'invalid_multipart: The multipart body has a part whose headers have more than 16384 bytes.'],
    [form(part(`${'X: y\r\n'.repeat(32)}${NAME}"a"`)), 'invalid_multipart: The multipart body has a part with more than 32 headers.'],
    [`--b\r\nX: ${'y'.repeat(17_000)}`, 'invalid_multipart: The multipart body has a part whose headers have more than 16384 bytes.']
  ],
  'parts that are encoded': [
    [form(part(`${NAME}"file"; filename="x"\r\nContent-Transfer-Encoding: base64`)), '/file: has the Content-Transfer-Encoding "base64", which is not decoded; send its bytes as they are'],
    [form(part(`${NAME}"a/b"\r\nContent-Transfer-Encoding: Quoted-Printable`)), '/a~1b: has the Content-Transfer-Encoding "Quoted-Printable", which is not decoded; send its bytes as they are'],
    [form(part(`${NAME}"a"\r\nContent-Type: text/plain; format=flowed; Charset=iso-8859-1`)), '/a: is text in the charset "iso-8859-1"; send it in UTF-8'],
    [form(part(`${NAME}"file"; filename*=iso-8859-1''%e4.png`)), '/file: has a file name in another charset than UTF-8'],
    [form(part(`${NAME}"file"; filename*=x.png`)), '/file: has a file name in another charset than UTF-8']
  ],
  'text that is not UTF-8': [
    [form(part(`${NAME}"a"`, 'x\xe4y')), '/a: is not UTF-8'],
    [form(part(`${NAME}"a"`, '\xc3')), '/a: is not UTF-8'],
    [form(part(`${NAME}"a"`, `${latin1('ä')}\xed\xa0\x80`)), '/a: is not UTF-8'],
    [form(part(`${NAME}"file"`, 'https://example.com/\xff')), '/file: is not UTF-8'],
    [form(part(`${NAME}"a\xff"`)), '/a\ufffd: has a name that is not UTF-8'],
    [form(part(`${NAME}"file"; filename="\xe4.png"`)), '/file: has a file name that is not UTF-8'],
    [form(part(`${NAME}"file"; filename*=utf-8''%e4.png`)), '/file: has a file name that is not UTF-8'],
    [form(part(`${NAME}"file"; filename*=utf-8''a%0Ab.png`)), '/file: has a file name with a line break']
  ]
}

for (const [what, cases] of Object.entries(CASES)) {
  t.test(`${what}, in whatever pieces they come`, async (t) => {
    for (const [body, expected] of cases) {
      t.equal(verdict(body), expected, JSON.stringify(body.slice(0, 200)))
      const sizes = body.length < 1000 ? Array.from({ length: 40 }, (_, index) => index + 1) : [1000]
      for (const size of sizes) if (verdict(body, size) !== expected) t.equal(verdict(body, size), expected, `pieces of ${size}: ${JSON.stringify(body)}`)
    }
  })
}

t.test('the content of a file is its own, whatever looks like a boundary in it', async (t) => {
  const piece = fc.constantFrom('\r', '\n', '\r\n', '-', '--', '--a', '\r\n--', '\r\n--c', '\xff', 'b', '\r\n\r\n')
  fc.assert(fc.property(fc.array(piece, { maxLength: 20 }), fc.integer({ min: 1, max: 9 }), (pieces, size) => {
    const content = pieces.join('')
    if (`\r\n${content}\r\n`.includes('\r\n--b')) return
    t.equal(verdict(form(part(`${NAME}"file"; filename="x"`, content), part(`${NAME}"a"`, latin1('ä'))), size), 'fine', JSON.stringify([content, size]))
  }))
})

/** Asks the parser for the contents of the parts; undefined when it fails. */
async function startParser (t: Test): Promise<(body: string) => Promise<string[] | undefined>> {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(multipart, MULTIPART)
  app.post('/', async (request) => {
    const contents: string[] = []
    for await (const part of request.parts()) contents.push(part.type === 'file' ? (await part.toBuffer()).toString('latin1') : String(part.value))
    return contents
  })
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }
  return async (body) => {
    const answer = await app.inject({ method: 'POST', url: '/', payload: Buffer.from(body, 'latin1'), headers })
    return answer.statusCode === 200 ? answer.json<string[]>() : undefined
  }
}

t.test('what is not at fault loses no part in the parser, however it was damaged', async (t) => {
  const parsed = await startParser(t)
  const whole = form(part(`${NAME}"a"`), part(`${NAME}"f"; filename="x"`, 'yy'))
  const text = fc.constantFrom('--b', '\r\n', '\r', '\n', '--', '-', `${NAME}"a"`, ': ', 'x', ' ', '\t', '\r\n\r\n', '\r\n--b\r\n', '\r\n--b--', '"', ';', 'X: y', '')
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(8), text), { minLength: 1, maxLength: 2 })
  let compared = 0
  await fc.assert(fc.asyncProperty(damage, async (changes) => {
    const body = changes.reduce((damaged, [at, cut, put]) => damaged.slice(0, at) + put + damaged.slice(at + cut), whole)
    if (verdict(body) !== 'fine') return
    const contents = await parsed(body)
    if (!contents) return
    compared++
    const parts = `\r\n${body}`.split('\r\n--b').slice(1)
    const expected = parts.slice(0, parts.findIndex((each) => each.startsWith('--'))).map((each) => each.slice(each.indexOf('\r\n\r\n') + 4))
    t.same(contents, expected, JSON.stringify(body))
  }), { numRuns: 2000 })
  t.ok(compared > 20, `${compared} bodies compared`)
})

t.test('after a fault nothing more is read', async (t) => {
  const framing = new FormFraming('b')
  framing.add(Buffer.from('x'))
  const { failure } = framing
  framing.add(Buffer.from(form(part(`${NAME}"a"`))))
  t.equal(framing.failure, failure)
  t.ok(failure)
})
