import t from 'tap'
import { givenFields, namedFields, optionsFor, pairOf, UPLOAD } from '../../../src/commands/calls/fields.ts'

t.test('optionsFor makes an option of each field, and one for every other field', async (t) => {
  t.match(optionsFor({ tags: 'list', context: 'map', secure: 'switch' }), {
    tags: { type: 'string', multiple: true },
    context: { type: 'string', multiple: true },
    secure: { type: 'boolean' },
    field: { type: 'string', short: 'f', multiple: true }
  })
})

t.test('namedFields reads each kind of field, under its name on the wire', async (t) => {
  const values = {
    'public-id': '12', tags: 'a, b,', context: ['alt=A=B', 'caption='], overwrite: false, preset: 'web'
  }
  t.same(namedFields(values, UPLOAD), {
    public_id: '12',
    tags: ['a', 'b'],
    context: { alt: 'A=B', caption: '' },
    overwrite: false,
    upload_preset: 'web'
  })
  t.same(
    namedFields({ tags: '', version: '12' }, { tags: 'list', version: 'number' }),
    { tags: [], version: 12 }
  )
  t.throws(() => namedFields({ version: 'x' }, { version: 'number' }), {
    message: /^--version must be a whole number/
  })
  t.throws(() => namedFields({ context: ['alt'] }, UPLOAD), { message: '--context must be like name=value' })
})

t.test('no value is dropped in favour of another', async (t) => {
  t.same(namedFields({ tags: ['a', 'b,c'] }, UPLOAD), { tags: ['a', 'b', 'c'] })
  const context = ['alt=a', 'alt=b']
  t.throws(() => namedFields({ context }, UPLOAD), {
    name: 'UsageError', message: '--context names \'alt\' twice'
  })
  t.throws(() => givenFields({ field: ['tags=a', 'tags=b'] }, UPLOAD), {
    message: '--field names \'tags\' twice'
  })
  const message = '\'upload_preset\' is given with --field and with its own option'
  t.throws(() => givenFields({ preset: 'a', field: ['upload_preset=b'] }, UPLOAD), {
    name: 'UsageError', message
  })
})

t.test('givenFields reads free fields as JSON where they look like it', async (t) => {
  const field = ['eager=[{"width":200}]', 'faces=true', 'x=1.5', 'broken={a', 'id=1a', 'text=none']
  t.same(givenFields({ tags: 'a', field }, UPLOAD), {
    tags: ['a'], eager: [{ width: 200 }], faces: true, x: 1.5, broken: '{a', id: '1a', text: 'none'
  })
  t.same(givenFields({ tags: 'a' }, UPLOAD), { tags: ['a'] })
  t.throws(() => givenFields({ field: ['=x'] }, UPLOAD), {
    name: 'UsageError', message: '--field must be like name=value'
  })
})

t.test('pairOf keeps further signs, and line ends', async (t) => {
  t.same(pairOf('field', 'a=b=c\nd'), ['a', 'b=c\nd'])
})
