import t from 'tap'
import { emptied, isBlank, meant, tidied } from '../../../src/input/fields/tidied.ts'
import type { Shape } from '../../../src/input/fields/shape.ts'
import { blank, spelled } from '../../../src/schemas/habits.ts'
import { uploadParameters } from '../../../src/schemas/upload-parameters.ts'

const word = { type: 'string' }
const folder = spelled('folder', word)
const extension = spelled('extension', word)
// A TypeBox schema is plain JSON Schema.
const shapeNamed = (name: keyof typeof uploadParameters): Shape => uploadParameters[name] as Shape

t.test('other spellings become the one that is sent', async (t) => {
  for (const [given, read] of [['x/', 'x'], ['/x', 'x'], [' //a/b/ \n', 'a/b'], ['a//b', 'a//b'], ['/', ''], ['x', 'x']] as const) t.equal(tidied(given, folder), read, given)
  for (const [given, read] of [['JPG', 'jpg'], ['.jpg', 'jpg'], [' .PNG', 'png'], ['..jpg', '.jpg'], ['jpg', 'jpg']] as const) t.equal(tidied(given, extension), read, given)
  const version = spelled('version', { type: 'integer' })
  for (const [given, read] of [['v1234', '1234'], ['V1', '1'], ['1234', '1234'], ['v', 'v'], ['vv1', 'vv1'], [1234, 1234]] as const) t.equal(tidied(given, version), read, String(given))
  t.equal(tidied('/c_fill,w_200/e_sepia/', spelled('transformation', word)), 'c_fill,w_200/e_sepia')
  t.equal(tidied('w_10,', spelled('transformation', word)), 'w_10')
  t.equal(tidied(' a/ ', word), ' a/ ', 'text that the schema says nothing about')
})

t.test('a long run of slashes takes no longer than its length', async (t) => {
  const long = `x${'/'.repeat(1_000_000)}y`
  t.equal(tidied(long, folder), long)
})

t.test('lists and settings are read to the bottom, and are the very same where nothing changes', async (t) => {
  t.strictSame(tidied(['.JPG', 'png'], shapeNamed('allowed_formats')), ['jpg', 'png'])
  t.strictSame(tidied(['/c_fill/', { width: 1, height: '', format: 'PNG', crop: null }], shapeNamed('eager')), ['c_fill', { width: 1, format: 'png' }])
  t.strictSame(tidied([{ create_derived: true, format: '.JPG', max_width: null }], shapeNamed('responsive_breakpoints')), [{ create_derived: true, format: 'jpg' }])
  const values = { alt: '', other: null }
  t.equal(tidied(values, shapeNamed('context')), values, 'names and values that somebody made up')
  const rules = [{ access_type: 'anonymous', end: '' }]
  t.equal(tidied(rules, shapeNamed('access_control')), rules, 'for how long somebody sees it is not for an unset variable to say')
  for (const whole of [['a'], { width: 1 }, 5, true, null]) t.equal(tidied(whole, shapeNamed('transformation')), whole)
  t.equal(tidied('x/', undefined), 'x/')
  t.strictSame(tidied({ nope: '' }, shapeNamed('transformation')), { nope: '' })
})

t.test('blank is null, and text of nothing but blanks', async (t) => {
  for (const value of [null, '', ' ', '\t\r\n', '\u00a0']) t.ok(isBlank(value), JSON.stringify(value))
  for (const value of [undefined, 'a', 0, false, [], {}]) t.notOk(isBlank(value), JSON.stringify(value))
})

t.test('a field that comes to nothing is not given', async (t) => {
  for (const value of ['', ' / ', null, ['', ' ']]) t.equal(meant(value, folder), undefined, JSON.stringify(value))
  t.strictSame(meant(['', 'a/', null], folder), ['', 'a/', null].slice(1))
  t.equal(meant('', blank('refused', word)), '')
  t.equal(meant(null, blank('refused', word)), null)
  t.equal(meant('', blank('clears', word)), '')
  t.equal(meant(null, blank('clears', word)), undefined)
})

t.test('a blank that may not stand is empty inside an object, too, where the schema refuses it', async (t) => {
  const shape = { type: 'object', properties: { start: blank('refused', word), end: word } }
  t.strictSame(tidied({ start: ' \t', end: ' ' }, shape), { start: '' })
  t.strictSame(tidied({ start: null }, shape), { start: null })
})

t.test('an empty map stands for an empty list of words, and an empty list for an empty map', async (t) => {
  t.strictSame(emptied({}, { type: 'array', items: word }), [])
  t.strictSame(emptied([], { type: 'object' }), {})
  for (const [value, shape] of [[{}, shapeNamed('eager')], [{ a: 1 }, { type: 'array', items: word }], [[1], { type: 'object' }], [[], { type: 'array', items: word }], ['', word], [null, word]] as const) {
    t.equal(emptied(value, shape), value, JSON.stringify(value))
  }
})
