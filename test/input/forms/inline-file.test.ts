import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import t from 'tap'
import { cutInlineFile, heldFile } from '../../../src/input/forms/inline-file.ts'
import { readUrlencoded } from '../../../src/input/forms/urlencoded.ts'
import { rounds } from '../../support/rounds.ts'

const LIMITS = { rest: 1000, file: 1_000_000 }
const bytes = Buffer.alloc(60_000, 'gateway?>')
const uri = `data:image/png;base64,${bytes.toString('base64')}`
const other = uri.replace('png', 'gif')

/** What is cut out of a body, as text. */
function cutFrom (body: string, kind: 'json' | 'form', limits = LIMITS): { rest: string, file: string | undefined } {
  const { rest, file } = cutInlineFile(Buffer.from(body), kind, limits)
  return { rest: rest.toString(), file: file?.toString() }
}
const form = (...fields: Array<[string, string]>): string => new URLSearchParams(fields).toString()

t.test('a long data URI is cut out of JSON, wherever it stands among the members', async (t) => {
  for (const [before, after] of [[{}, {}], [{ folder: 'f', tags: ['file', 'b'] }, {}], [{}, { context: { file: 'x', a: '"}],:' } }], [{ a: '\\' }, { b: 1.5 }]]) {
    const body = JSON.stringify({ ...before, file: uri, ...after })
    t.same(cutFrom(body, 'json'), { rest: JSON.stringify({ ...before, file: 'data:', ...after }), file: uri })
  }
  t.match(cutFrom(`\ufeff { "file" :\n"${uri}" }`, 'json'), { rest: '\ufeff { "file" :\n"data:" }', file: uri })
})

t.test('escapes are undone, capitals and blanks around it too', async (t) => {
  const escaped = uri.replaceAll('/', '\\/').replace('data:', '\\n DATA\\u003a').replace('base64', 'Base64')
  t.equal(cutFrom(`{"file":"${uri.replaceAll('/', '\\/').replace('+', '\\u002B')}\\r\\n"}`, 'json').file, `${uri}\r\n`)
  t.equal(cutFrom(`{"file":"${escaped}"}`, 'json', { ...LIMITS, rest: 100_000 }).file, undefined, 'a beginning that is escaped itself is nobody\'s')
  t.equal(cutFrom(`{"file":" ${uri.replace('data:', 'DATA:').replace(';base64,', ';Base64,')}"}`, 'json').file, uri)
  t.equal(cutFrom(`{"file":"${uri}\\u00e9"}`, 'json').file?.length, uri.length + 1, 'base64 has no such character, which is found later')
})

t.test('a long data URI is cut out of a form, encoded as it is or not at all', async (t) => {
  t.same(cutFrom(form(['folder', 'a&b'], ['file', uri], ['tags', 'x']), 'form'), { rest: 'folder=a%26b&file=data:&tags=x', file: uri })
  t.same(cutFrom(`file=${uri.replaceAll('+', '%2b')}`, 'form'), { rest: 'file=data:', file: uri })
  t.match(cutFrom(`file=${uri}${'A'.repeat(10)}+A`, 'form').file, / A$/, 'a plus is a blank')
})

t.test('what the parser would refuse is left for it to refuse', async (t) => {
  for (const broken of ['\\x', '\\u12', '\n', '\\']) {
    const { rest, file } = cutFrom(`{"file":"${uri}${broken}A","a":1}`, 'json')
    t.equal(file, undefined)
    t.throws(() => JSON.parse(rest) as unknown, JSON.stringify(broken))
  }
  for (const broken of ['%', '%4', '%zz']) {
    const { rest } = cutFrom(`file=${uri}${broken}`, 'form')
    t.match(readUrlencoded(Buffer.from(rest)).faults, [{ pointer: '/file', message: /has a "%"/ }], broken)
  }
  t.throws(() => cutFrom(`{"file":"${uri.replace(';base64', '')}"}`, 'json'), { errors: [{ pointer: '/file', message: /is not a base64 data URI/ }] })
})

t.test('a long string with quotes in it is no data URI, and is not searched to its end', async (t) => {
  const quoted = `{"file":"${uri}${'\\"'.repeat(2_000)}"}`
  t.throws(() => cutFrom(quoted, 'json'), { code: 'payload_too_large' })
})

t.test('nothing else is cut: short ones, other fields, members of members, text that is no data URI, broken JSON', async (t) => {
  const roomy = { ...LIMITS, rest: 1_000_000 }
  for (const body of [
    '{"file":"data:image/png;base64,AAAA"}', JSON.stringify({ file: 'x'.repeat(70_000) }), JSON.stringify({ image: uri }),
    JSON.stringify([uri]), JSON.stringify(['file', uri]), JSON.stringify({ a: { file: uri } }), JSON.stringify(uri), `{"file":"${uri}`, '{"file":', '', '"'
  ]) t.same(cutFrom(body, 'json', roomy), { rest: body, file: undefined }, body.slice(0, 40))
  for (const body of ['', 'file=data:;base64,AAAA', `image=${uri}`, `xfile=${uri}`, 'file', 'file=']) t.same(cutFrom(body, 'form', roomy), { rest: body, file: undefined }, body.slice(0, 40))
})

t.test('of two the first is cut, so that the parser of the rest finds the second', async (t) => {
  const { rest } = cutFrom(`{"file":"${uri}","file":"${other}"}`, 'json', { ...LIMITS, rest: 100_000 })
  t.equal(rest, `{"file":"data:","file":"${other}"}`)
})

t.test('413 with both numbers: for the data URI, and for all that is beside it', async (t) => {
  t.throws(() => cutFrom(JSON.stringify({ file: uri }), 'json', { rest: 1000, file: uri.length - 1 }), {
    code: 'payload_too_large', message: `The data URI has ${uri.length} bytes; the limit for JSON is ${uri.length - 1}.`, members: { advice: /`multipart\/form-data`/ }
  })
  t.throws(() => cutFrom(JSON.stringify({ file: uri, a: 'x'.repeat(1000) }), 'json'), { code: 'payload_too_large', message: /^The body has 10\d\d bytes; the limit for JSON is 1000/ })
  const tight = { rest: 1000, file: 40 }
  t.throws(() => cutFrom(JSON.stringify({ file: uri.slice(0, 42) }), 'json', tight), { message: 'The data URI has 42 bytes; the limit for JSON is 40.' }, 'a short one too, where less is allowed')
  t.throws(() => cutFrom(form(['file', uri.slice(0, 42)]), 'form', tight), { message: 'The data URI has 42 bytes; the limit for a urlencoded form is 40.' })
  t.throws(() => cutFrom('x'.repeat(1001), 'form'), { message: 'The body has 1001 bytes; the limit for a urlencoded form is 1000.', members: { advice: /-H 'Content-Type/ } })
})

t.test('the work stays small, whatever was sent', async (t) => {
  const limits = { rest: 1_000_000, file: 16_000_000 }
  t.throws(() => cutFrom('&'.repeat(16_000_000), 'form', limits), { code: 'payload_too_large' })
  t.throws(() => cutFrom(`{${'"a":1,'.repeat(2_000_000)}"file":"${uri}"}`, 'json', limits), { code: 'payload_too_large' }, 'it begins too late')
  const escaped = (text: string, escape: (code: string) => string): string => text.replace(/[^&]/g, (character) => escape(character.charCodeAt(0).toString(16)))
  const data = 'A'.repeat(2_000_000)
  t.equal(cutFrom(`file=data%3a;base64,${escaped(data, (code) => `%${code}`)}`, 'form', limits).file, `data:;base64,${data}`)
  t.equal(cutFrom(`{"file":"data:;base64,${escaped(data, (code) => `\\u00${code}`)}"}`, 'json', limits).file, `data:;base64,${data}`)
})

t.test('any body gives what its parser would have given', async (t) => {
  const names = fc.constantFrom('a', 'fil', 'file ', 'folder', 'ü', '"', '\\')
  const value = fc.oneof(fc.string(), fc.constantFrom('data:', uri.slice(0, 50), '\\"', '&file=', '{"file":'))
  const members = fc.array(fc.tuple(names, value), { maxLength: 4 })
  fc.assert(fc.property(members, members, fc.integer({ min: 49_200, max: 50_000 }), (before, after, size) => {
    const file = `data:x/y;base64,${bytes.subarray(0, size).toString('base64')}`
    const body = { ...Object.fromEntries(before), file, ...Object.fromEntries(after) }
    const roomy = { rest: 100_000, file: 100_000 }
    const cut = cutInlineFile(Buffer.from(JSON.stringify(body)), 'json', roomy)
    t.strictSame({ ...JSON.parse(cut.rest.toString()) as object, file: cut.file?.toString() }, body) // it was an object
    const pairs: Array<[string, string]> = [...before, ['file', file], ...after]
    const part = cutInlineFile(Buffer.from(form(...pairs)), 'form', roomy)
    t.equal(part.file?.toString(), file)
    t.strictSame(readUrlencoded(part.rest).fields, readUrlencoded(Buffer.from(form(...before, ['file', 'data:'], ...after))).fields)
  }), { numRuns: rounds(50) })
})

t.test('what is held is sent as it is, slice by slice, and can be given up', async (t) => {
  const file = heldFile(Buffer.alloc(600_000, 'x'))
  t.match(file, { length: 600_000, filename: undefined })
  t.same(await buffer(file.stream), Buffer.alloc(600_000, 'x'))
  const unread = heldFile(Buffer.from('x'))
  unread.stop()
  t.ok(unread.stream.destroyed)
})
