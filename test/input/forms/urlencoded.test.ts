import t from 'tap'
import { readUrlencoded, urlencodedFaults } from '../../../src/input/forms/urlencoded.ts'

const read = (text: string, encoding: BufferEncoding = 'utf8') => readUrlencoded(Buffer.from(text, encoding))

t.test('fields as they were meant, repeated ones as lists', async (t) => {
  t.same(read('a=1&b=x+y%2B&a=2&%C3%A4=%F0%9F%98%80&c&=e&d=100%25%EF%BF%BD'), {
    fields: { a: ['1', '2'], b: 'x y+', ä: '😀', c: '', '': 'e', d: '100%\ufffd' }, faults: []
  })
  t.same(read('a=ä'), { fields: { a: 'ä' }, faults: [] }, 'UTF-8 that is not escaped')
  t.same(read(''), { fields: {}, faults: [] })
})

t.test('what cannot be decoded is named by its field', async (t) => {
  const broken = 'has a "%" that is not followed by two hex digits; send "%25" for a percent sign'
  for (const value of ['%FF', '\xff', '%ED%A0%80', '%C3', '%C0%80', '%C3\x28', 'ok%20%80']) {
    t.same(read(`x=1&a=${value}`, 'latin1').faults, [{ pointer: '/a', message: 'is not UTF-8' }], value)
  }
  for (const value of ['%', '100%', '%4', '%zz', 'a%20b%']) t.same(read(`a=${value}&b=1`).faults, [{ pointer: '/a', message: broken }], value)
  t.same(read('%FF=1&b%=2&c/d=%GG').faults, [
    { pointer: '/\ufffd', message: 'has a name that is not UTF-8' },
    { pointer: '/b%', message: `has a name that ${broken}` },
    { pointer: '/c~1d', message: broken }
  ])
  t.same(urlencodedFaults('=%&%c3%a4=%'), [{ pointer: '/', message: broken }, { pointer: '/ä', message: broken }])
})
