import t from 'tap'
import { Type } from '@sinclair/typebox'
import type { GatewayError } from '../../src/errors.ts'
import { NO_VALUE, readTextFields } from '../../src/input/text-fields.ts'
import { blank } from '../../src/schemas/habits.ts'
import { flatTransformation } from '../../src/schemas/transformation.ts'
import { signableParameters } from '../../src/schemas/upload-parameters.ts'

const read = (fields: Record<string, unknown>) => readTextFields(signableParameters, fields)

t.test('a list is repeated fields, a JSON array, or comma-separated text', async (t) => {
  for (const fields of [{ tags: ['a', 'b'] }, { tags: '["a","b"]' }, { tags: 'a, b' }, { 'tags[]': ['a', 'b'] }]) t.strictSame(read(fields), { tags: ['a', 'b'] })
  t.strictSame(read({ tags: 'a' }), { tags: ['a'] })
  t.strictSame(read({ 'tags[]': 'a,b' }), { tags: ['a,b'] }, 'one repeated field is one item')
  t.strictSame(read({ tags: 'a,, b ,', allowed_formats: ['', 'jpg', ' '] }), { tags: ['a', 'b'], allowed_formats: ['jpg'] }, 'what is blank is no item')
})

t.test('transformations of a list are piped, areas too', async (t) => {
  t.strictSame(read({ eager: 'c_fill,w_1/e_sepia|w_2/png' }), { eager: ['c_fill,w_1/e_sepia', 'w_2/png'] })
  t.strictSame(read({ eager: '[{"width":1},"w_2"]' }), { eager: [{ width: 1 }, 'w_2'] })
  t.strictSame(read({ eager: '{"width":1}' }), { eager: [{ width: 1 }] })
  t.strictSame(read({ eager: ['{"width":1}', 'w_2'] }), { eager: [{ width: 1 }, 'w_2'] })
  t.strictSame(read({ face_coordinates: '1,2,3,4|5,6,7,x' }), { face_coordinates: [[1, 2, 3, 4], [5, 6, 7, 'x']] })
  t.strictSame(read({ face_coordinates: '1,2,3,4,|', custom_coordinates: '1,,3,4' }), { face_coordinates: [[1, 2, 3, 4]], custom_coordinates: [[1, '', 3, 4]] },
    'a separator too many at the end says nothing, one in the middle is a number that is missing')
})

t.test('a map is a JSON object or Cloudinary\'s own text', async (t) => {
  t.strictSame(read({ context: '{"alt":"x|y"}' }), { context: { alt: 'x|y' } })
  t.strictSame(read({ context: 'alt=x\\|y|caption=a\\=b=c|path=a\\b' }), { context: { alt: 'x|y', caption: 'a=b=c', path: 'a\\b' } })
  t.strictSame(read({ context: 'a=1|b=2|' }), { context: { a: '1', b: '2' } })
  t.strictSame(read({ context: 'a=\\\\|b=\\n|c=\\\\=\\' }), { context: { a: '\\|b=\\n', c: '\\=\\' } }, 'a backslash escapes = and | alone')
  t.strictSame(read({ context: 'list=["a"]' }), { context: { list: '["a"]' } }, 'context holds no lists')
  t.strictSame(read({ metadata: 'colour=["a","b"]|odd=[x' }), { metadata: { colour: ['a', 'b'], odd: '[x' } })
  t.strictSame(readTextFields({ open: Type.Object({}) }, { open: 'a=[1]' }), { open: { a: '[1]' } })
})

t.test('of text that holds more than is allowed no more is read than shows that it does', async (t) => {
  const length = (fields: Record<string, string>) => Object.values(read(fields)).map((value) => Object.keys(value as object).length)
  t.strictSame(length({ tags: `${','.repeat(100_000)}${'a,'.repeat(2000)}`, allowed_formats: 'a,'.repeat(5000), eager: 'a|'.repeat(5000) }), [1001, 101, 201])
  t.strictSame(length({ face_coordinates: '1|'.repeat(100_000) }), [1001])
  t.strictSame(read({ face_coordinates: ','.repeat(100_000) }), { face_coordinates: [['', '', '', '', '']] })
  t.strictSame(length({ context: Array.from({ length: 2000 }, (_, index) => `a${index}=b`).join('|') }), [1001])
})

t.test('flags, numbers and what stays text', async (t) => {
  t.strictSame(read({ overwrite: '1', invalidate: 'false', backup: 'True', async: '0', colors: 'yes' }),
    { overwrite: true, invalidate: false, backup: true, async: false, colors: 'yes' })
  t.strictSame(read({ timestamp: '1700000000', auto_tagging: '0.5' }), { timestamp: 1_700_000_000, auto_tagging: 0.5 })
  t.strictSame(read({ timestamp: 'now', auto_tagging: 'x' }), { timestamp: 'now', auto_tagging: 'x' })
  t.strictSame(read({ transformation: 'w_1' }), { transformation: 'w_1' })
  t.strictSame(read({ transformation: ' [{"width":1}]' }), { transformation: [{ width: 1 }] })
  t.strictSame(readTextFields(flatTransformation, { width: '300' }), { width: '300' }, 'text or number: left as it is')
  t.strictSame(readTextFields({ either: { type: ['string', 'array'] } }, { either: ['a', 'b'] }), { either: ['a', 'b'] })
})

t.test('values that are no text and unknown names are left for the validator', async (t) => {
  t.strictSame(read({ tags: [1], context: { a: 1 }, nope: 'x', overwrite: true, 'nope[]': 'y' }), { tags: [1], context: { a: 1 }, nope: 'x', overwrite: true, 'nope[]': 'y' })
  t.strictSame(read({ public_id: ['one'] }), { public_id: 'one' })
})

t.test('fields that are all as they should be are the very same object', async (t) => {
  const whole = { public_id: 'a/b', tags: ['a'], context: { alt: 'x' }, eager: [{ width: 1 }], overwrite: true, nope: 1 }
  t.equal(read(whole), whole)
})

t.test('400: everything that cannot be read, at once, with pointers', async (t) => {
  const refused = (fields: Record<string, unknown>, ...errors: Array<{ pointer: string, message: RegExp }>) =>
    t.throws(() => read(fields), { code: 'invalid_request', errors }, JSON.stringify(fields))
  refused({ tags: '["a"', context: '{"a":}', eager: ['{x'] },
    { pointer: '/tags', message: /looks like JSON but is not/ }, { pointer: '/context', message: /JSON/ }, { pointer: '/eager', message: /JSON/ })
  refused({ context: 'alone' }, { pointer: '/context', message: /no "="/ })
  refused({ context: 'a=1|a=2' }, { pointer: '/context', message: /names "a" twice/ })
  refused({ public_id: ['a', 'b'] }, { pointer: '/public_id', message: /one value, not a list of 2/ })
  refused({ tags: 'a', 'tags[]': 'b' }, { pointer: '/tags', message: /given twice/ })
})

t.test('blank fields and null count as not given, but where the schema says otherwise', async (t) => {
  t.strictSame(read({ folder: '', public_id: ' ', tags: '', context: '\t', overwrite: '', timestamp: '', transformation: null, eager: null, 'tags[]': [''] }), {})
  t.strictSame(read({ public_id: ['', 'a'], tags: ['', 'a'] }), { public_id: 'a', tags: ['a'] }, 'an empty field beside one that is filled in')
  t.strictSame(read({ nope: '', none: null }), { nope: '', none: null }, 'a name that nobody knows is for the validator')
  const rules = { which: blank('refused', Type.String()), tags: blank('clears', Type.Array(Type.String())), context: blank('clears', Type.Object({}, { additionalProperties: Type.String() })) }
  const under = (fields: Record<string, unknown>) => readTextFields(rules, fields)
  t.strictSame(under({ tags: '', context: '' }), { tags: [], context: {} })
  t.strictSame(under({ tags: {}, context: [] }), { tags: [], context: {} }, 'other languages write empty lists and maps alike')
  t.strictSame(under({ tags: null, context: null }), {})
  t.strictSame(under({ tags: ['', 'a'] }), { tags: ['', 'a'] }, 'what is left might not be what was meant to stay')
  for (const value of ['', ' ', null]) t.throws(() => under({ which: value }), { errors: [{ pointer: '/which', message: 'is blank: leave it out, or give it a value' }] })
  t.strictSame(under({ tags: ' , ,' }), { tags: ['', '', ''] }, 'separators alone clear nothing: the validator refuses them')
  t.throws(() => under({ context: '||' }), { errors: [{ pointer: '/context', message: /"" has no "="/ }] })
})

t.test('what is read exactly keeps its blanks and its spelling', async (t) => {
  const exactly = (fields: Record<string, unknown>) => readTextFields(signableParameters, fields, { exact: true })
  const given = { folder: 'x/', format: '.JPG', public_id: '', transformation: '/c_fill/' }
  t.equal(exactly(given), given)
  t.strictSame(exactly({ format: null, tags: 'a,b' }), { format: NO_VALUE, tags: ['a', 'b'] })
  t.strictSame(read(given), { folder: 'x', format: 'jpg', transformation: 'c_fill' })
})

t.test('null is marked wherever the schema knows what belongs there: a flag would take it for false', async (t) => {
  const fields = { tags: ['a', null], context: { a: null }, metadata: { colour: [null] }, transformation: [{ width: null, height: 1 }], eager: '[null]', nope: null }
  t.strictSame(read(fields), {
    tags: ['a', NO_VALUE], context: { a: NO_VALUE }, metadata: { colour: [NO_VALUE] }, transformation: [{ height: 1 }], eager: [NO_VALUE], nope: null
  }, 'a setting without a value is absent, as a field is')
  const open = { open: { type: 'object', additionalProperties: { type: ['string', 'null'] } }, any: {} }
  for (const body of [null, [], 'x']) t.equal(readTextFields(open, body as never), body, 'JSON that is not an object') // as a caller may send it
  t.strictSame(readTextFields(open, { open: { a: null }, any: null }), { open: { a: null }, any: null }, 'unless it may be null, or anything')
})

t.test('400: no name reaches a prototype', async (t) => {
  const refused = (fields: Record<string, unknown>, pointer: string) => t.throws(() => read(fields), { errors: [{ pointer, message: /not a usable name/ }] })
  refused(JSON.parse('{"__proto__":"x"}'), '/__proto__')
  refused({ constructor: 'x' }, '/constructor')
  refused({ context: '__proto__=x' }, '/context')
  refused({ context: '{"__proto__":{"polluted":1}}' }, '/context')
  refused({ transformation: '{"constructor":{"prototype":{"polluted":1}}}' }, '/transformation')
  t.strictSame(read({ toString: 'x' }), { toString: 'x' }, 'harmless: an own member that no schema knows')
  t.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

t.test('400 for JSON in a field that says two things, and for numbers that would become others', async (t) => {
  const fields = {
    map: Type.Object({}, { additionalProperties: Type.Unsafe({ type: ['string', 'array'] }) }),
    list: Type.Array(Type.Object({})),
    lists: Type.Array(Type.Array(Type.Integer())),
    n: Type.Integer(),
    x: Type.Number()
  }
  const faults = (given: Record<string, unknown>): unknown => {
    try {
      return readTextFields(fields, given)
    } catch (error) {
      return (error as GatewayError).errors.map(({ pointer, message }) => `${pointer} ${message}`) // nothing else is thrown
    }
  }
  const kept = 'is a number that cannot be kept exactly; use fewer digits, or text where the field takes text'
  t.same(faults({ map: '{"a":"1","a":"2"}' }), ['/map/a is given twice'])
  t.same(faults({ map: 'a=[1,12345678901234567890]|b=["x"]' }), [`/map/a/1 ${kept}`])
  t.same(faults({ list: ['{"a":{"b":1,"b":1}}', '{}'] }), ['/list/a/b is given twice'])
  t.same(faults({ lists: '1,12345678901234567890|2,3' }), [`/lists ${kept}`])
  for (const number of ['12345678901234567890', '9007199254740993', '-1e400', '1.00000000000000000001']) t.same(faults({ n: number, x: number }), [`/n ${kept}`, `/x ${kept}`], number)
  t.same(faults({ n: '+5', x: '0.5' }), { n: 5, x: 0.5 })
  t.same(faults({ n: '12345678901234567000', x: 'five' }), { n: '12345678901234567000', x: 'five' }, 'for the validator')
})

t.test('repeated fields of a list of lists: each is one, or one number of a single one', async (t) => {
  t.strictSame(read({ custom_coordinates: ['1,2,3,4', '[5,6,7,8]'] }), { custom_coordinates: [[1, 2, 3, 4], [5, 6, 7, 8]] })
  t.strictSame(read({ custom_coordinates: ['1', '2', ' 3', '4'] }), { custom_coordinates: [1, 2, 3, 4] })
})

t.test('null in a list where one value belongs is marked, too', async (t) => {
  t.strictSame(read({ overwrite: [null] }), { overwrite: [NO_VALUE] })
  t.strictSame(read({ overwrite: [true] }), { overwrite: [true] })
  t.strictSame(read({ overwrite: [null, true] }), { overwrite: [NO_VALUE, true] })
})
