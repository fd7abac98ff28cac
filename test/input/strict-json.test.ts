import fc from 'fast-check'
import t from 'tap'
import { INEXACT, isExact, jsonFaults, utf8Faults } from '../../src/input/strict-json.ts'

const faults = (text: string) => jsonFaults(text, JSON.parse(text)).map(({ pointer, message }) => `${pointer} ${message}`)

t.test('a name that an object has twice, at any depth and however it is written', async (t) => {
  const cases: Array<[string, string[]]> = [
    ['{"type":"private","type":"upload"}', ['/type is given twice']],
    ['{"type":"private","\\u0074ype":"upload"}', ['/type is given twice']],
    ['{"type":"x","type":"x"}', ['/type is given twice']],
    ['{"a":1,"a":2,"a":3}', ['/a is given twice', '/a is given twice']],
    ['{"a":1,"b":{"a":1,"c":[0,{"d/~":1,"d/~":2}]},"a":2}', ['/b/c/1/d~1~0 is given twice', '/a is given twice']],
    ['{"":1,"":2}', ['/ is given twice']],
    ['[{"a":1},{"a":1,"a":1}]', ['/1/a is given twice']],
    ['{"a":{"x":{},"x":{"y":1}}}', ['/a/x is given twice']],
    ['{"a\\"":1,"a\\\\":2,"a\\\\":3}', ['/a\\ is given twice']],
    ['\ufeff{"a":1,"a":2}', ['/a is given twice']]
  ]
  for (const [text, expected] of cases) t.same(jsonFaults(text, JSON.parse(text.replace('\ufeff', ''))).map(({ pointer, message }) => `${pointer} ${message}`), expected, text)
})

t.test('no fault in what says one thing', async (t) => {
  for (const text of ['{}', '[]', '""', '1', 'null', '{"a":{"a":{"a":[]}}}', '{"a":"b:\\"c\\":\\\\","b":"a"}', '[{"a":1},{"a":1}]', '{"a":":","b":"{}[],:"}', '{"a":true,"b":false,"c":null}', '{"a":"\\\\ud800"}', '{"a":"\\ud83d\\ude00"}']) t.same(faults(text), [], text)
})

t.test('any value that JSON.stringify writes is fine, in any layout; doubled, its first member is a fault', async (t) => {
  fc.assert(fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 2, '\t'), (json, space) => {
    const text = JSON.stringify(JSON.parse(json), undefined, space)
    t.same(jsonFaults(text, JSON.parse(text)).filter(({ message }) => !message.includes('Unicode')), [], text)
    const name = JSON.stringify(text)
    t.match(faults(`{${name}:${text},${name}:0}`).filter((each) => !each.includes('Unicode')), [/ is given twice$/])
  }))
})

t.test('a number that would become another one', async (t) => {
  const inexact = ['12345678901234567890', '9007199254740993', '-9007199254740993', '1e400', '1E-400', '0.12345678901234567890', '1234567890.12345678901', '1e99999999999', `1${'0'.repeat(400)}`]
  const exact = ['0', '-0', '0.0', '0e999', '1.50e3', '9007199254740992', '12345678901234567000', '100000000000000000000', '1e21', '1E+2', '0.1', '0.30000000000000004', '5e-324', '1700000000']
  for (const number of inexact) {
    t.notOk(isExact(number), number)
    t.same(faults(`{"a":[0,${number}]}`), [`/a/1 ${INEXACT}`], number)
    t.same(faults(`{"a":"${number}"}`), [], 'text is kept as it is')
  }
  for (const number of exact) {
    t.ok(isExact(number), number)
    t.same(faults(`{"a":${number}}`), [], number)
  }
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => { t.ok(isExact(JSON.stringify(number)), String(number)) }))
  t.same(faults('12345678901234567890'), [` ${INEXACT}`])
})

t.test('half of a character, in a value and in a name', async (t) => {
  t.same(faults('{"a":["x","\\ud800"]}'), ['/a/1 holds half of a Unicode character'])
  t.same(faults('"\\uDFFF"'), [' holds half of a Unicode character'])
  t.same(faults('{"\\udc00":1}'), ['/\udc00 has a name that holds half of a Unicode character'])
})

t.test('bytes that are no UTF-8 are told by their field', async (t) => {
  const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
  t.same(utf8Faults(Buffer.from('{"a":"ä😀"}')), [])
  t.same(utf8Faults(bytes('{"a":{"b":"\xff"},"c":"\xc3\xa4"}')), [{ pointer: '/a/b', message: 'is not UTF-8' }])
  t.same(utf8Faults(bytes('{"\xc3\xa4":"\xed\xa0\x80"}')), [{ pointer: '/ä', message: 'is not UTF-8' }], 'a half of a character')
  t.same(utf8Faults(bytes('{"a\xff":1}')), [{ pointer: '/a\ufffd', message: 'has a name that is not UTF-8' }])
  t.same(utf8Faults(bytes('{"a":1,"a":"\xc0\x80"}')), [{ pointer: '/a', message: 'is not UTF-8' }], 'other faults are for later')
  t.same(utf8Faults(Buffer.from('{"a":1}', 'utf16le').subarray(0, -1)), [], 'is UTF-8, but no JSON')
  t.same(utf8Faults(bytes('\xff\xfe{')), [{ pointer: '', message: 'is not UTF-8' }])
})

t.test('the answer stays small, and the time linear, whatever was sent', async (t) => {
  const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`
  t.same(jsonFaults(`{"b":1,"b":2,"c":${deep}}`, {}).map(({ message }) => message), ['is given twice', 'is nested more than 100 levels deep'])
  t.same(faults(deep), [], 'alone it says one thing: whoever knows the fields refuses it')
  const long = 'x'.repeat(1000)
  t.same(faults(`{"a":{"${long}":1,"${long}":2}}`), ['/a is given twice'])
  t.same(faults(`{"a":"${'\\"'.repeat(500_000)}","a":1}`), ['/a is given twice'])
  t.same(faults(`{"a":"${'\\\\'.repeat(500_000)}","b":"${'x'.repeat(5_000_000)}"}`), [])
})
