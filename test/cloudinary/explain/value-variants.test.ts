import t from 'tap'
import { VALUE_VARIANTS } from '../../../src/cloudinary/explain/value-variants.ts'

/** All spellings of a text that differ from it. */
function spellings (sent: string): Record<string, string> {
  const entries = VALUE_VARIANTS.map(({ how, rewrite }) => [how, rewrite(sent)] as const)
  return Object.fromEntries(entries.filter(([, signed]) => signed !== undefined && signed !== sent)) as Record<string, string> // undefined is filtered out
}

t.test('lists, maps and structures', async (t) => {
  t.match(spellings('a,b'), { 'as a JSON list': '["a","b"]', 'with blanks after its commas': 'a, b' })
  t.match(spellings('a, b'), { 'without the blanks after its commas': 'a,b' })
  t.match(spellings('["a","b"]'), { 'with its items joined by commas': 'a,b', 'with its items joined by "|"': 'a|b', 'as JSON with blanks after commas and colons': '["a", "b"]' })
  t.match(spellings('{"a":"b,c","d":[1,2]}'), {
    'as name=value pairs': 'a=b,c|d=1,2',
    'as JSON with blanks after commas and colons': '{"a": "b,c", "d": [1, 2]}',
    'as indented JSON': /\n/,
    'as an object that nobody turned into text': '[object Object]'
  })
  t.match(spellings('{ "a": 1 }'), { 'as JSON without blanks': '{"a":1}' })
  t.match(spellings('a=b|c=d'), { 'as a JSON object': '{"a":"b","c":"d"}' })
  t.notHas(spellings('a=b=c'), { 'as a JSON object': '{"a":"b=c"}' })
  t.notHas(spellings('{broken'), { 'as JSON without blanks': '{broken' })
})

t.test('JSON of very many levels is left as it is: indented, it would grow with the square of them', async (t) => {
  const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
  const hidden = `${'["]",'.repeat(1000)}1${']'.repeat(1000)}`
  t.match(spellings(nested(20)), { 'as indented JSON': /\n/ })
  for (const text of [nested(100), hidden, `{"a":${nested(100)}}`]) {
    const longest = Math.max(...Object.values(spellings(text)).map((signed) => signed.length))
    t.ok(longest <= 6 * text.length, `${text.length} characters become at most ${longest}`)
    t.notHas(spellings(text), { 'as indented JSON': String })
  }
})

t.test('flags, blanks, escapes, letters and clocks', async (t) => {
  t.match(spellings('true'), { 'as a number': '1', 'as Python writes it': 'True' })
  t.match(spellings('0'), { 'as true or false': 'false', 'as Python writes it': 'False' })
  t.match(spellings(' a '), { 'without the blanks around it': 'a' })
  t.match(spellings('a\r\nb'), { 'with plain line ends (forms send CR LF)': 'a\nb' })
  t.match(spellings('a\nb'), { 'with CR LF line ends': 'a\r\nb' })
  t.match(spellings('a b/é'), { 'before URL decoding': 'a%20b%2F%C3%A9', 'before URL decoding, with "+" for blanks': 'a+b%2F%C3%A9' })
  t.match(spellings('a%20b+c'), { 'after URL decoding': 'a b+c', 'after URL decoding, with "+" as a blank': 'a b c' })
  t.notHas(spellings('100%'), { 'after URL decoding': '100' })
  t.notHas(spellings('\ud800'), { 'before URL decoding': '' })
  t.match(spellings('e\u0301'), { 'with composed letters (Unicode NFC)': '\u00e9' })
  t.match(spellings('\u00e9'), { 'with letters and accents apart (Unicode NFD)': 'e\u0301' })
  t.match(spellings('1700000000'), { 'in milliseconds': '1700000000000' })
  t.match(spellings('1700000000123'), { 'in seconds': '1700000000' })
})
