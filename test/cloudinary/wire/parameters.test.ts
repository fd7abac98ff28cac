import fc from 'fast-check'
import t from 'tap'
import { encodeCoordinates, encodeEager, encodeList, encodeMap, encodeUploadParameter, encodeUploadParameters } from '../../../src/cloudinary/wire/parameters.ts'
import { readTextFields } from '../../../src/input/text-fields.ts'
import { uploadParameters } from '../../../src/schemas/upload-parameters.ts'
import { rounds, seed } from '../../support/rounds.ts'

t.test('typed input becomes the text that Cloudinary reads', async (t) => {
  t.strictSame(encodeUploadParameters({
    timestamp: 1_700_000_000,
    resource_type: 'auto',
    public_id: 'cats/tom',
    tags: ['a', 'b'],
    context: { alt: 'x|y', caption: 'a=b & c\nd', size: 3 },
    metadata: { colour: ['red', 'green'], stock: 50 },
    eager: [{ width: 400, height: 300, crop: 'pad' }, 'c_crop,w_260/png'],
    transformation: [{ width: 10 }, { effect: 'sepia' }],
    allowed_formats: ['jpg', 'png'],
    face_coordinates: [[1, 2, 3, 4], [5, 6, 7, 8]],
    custom_coordinates: [[1, 2, 3, 4]],
    regions: { head: [[1, 2], [3, 4]] },
    access_control: [{ access_type: 'token' }],
    responsive_breakpoints: [{ create_derived: true, transformation: { crop: 'fill' } }, { create_derived: false }],
    overwrite: false,
    eager_async: true,
    auto_tagging: 0.5
  }), {
    timestamp: '1700000000',
    public_id: 'cats/tom',
    tags: 'a,b',
    context: 'alt=x\\|y|caption=a\\=b & c\nd|size=3',
    metadata: 'colour=["red","green"]|stock=50',
    eager: 'c_pad,h_300,w_400|c_crop,w_260/png',
    transformation: 'w_10/e_sepia',
    allowed_formats: 'jpg,png',
    face_coordinates: '1,2,3,4|5,6,7,8',
    custom_coordinates: '1,2,3,4',
    regions: '{"head":[[1,2],[3,4]]}',
    access_control: '[{"access_type":"token"}]',
    responsive_breakpoints: '[{"create_derived":true,"transformation":"c_fill"},{"create_derived":false}]',
    overwrite: 'false',
    eager_async: 'true',
    auto_tagging: '0.5'
  })
})

t.test('one object stands for a list of one, four numbers for one area, and a transcript may be described', async (t) => {
  t.strictSame(encodeUploadParameters({
    eager: { width: 10, format: 'png' },
    access_control: { access_type: 'token' },
    responsive_breakpoints: { create_derived: true, transformation: { crop: 'fill' } },
    face_coordinates: [1, 2, 3.5, 4],
    custom_coordinates: [[1.5, 2, 3, 4], [5, 6, 7, 8]],
    auto_transcription: { translate: ['fr', 'pt-BR'] },
    batch_id: 'b1'
  }), {
    eager: 'w_10/png',
    access_control: '[{"access_type":"token"}]',
    responsive_breakpoints: '[{"create_derived":true,"transformation":"c_fill"}]',
    face_coordinates: '1,2,3.5,4',
    custom_coordinates: '1.5,2,3,4|5,6,7,8',
    auto_transcription: '{"translate":["fr","pt-BR"]}',
    batch_id: 'b1'
  })
  t.strictSame(encodeUploadParameters({ auto_transcription: true }), { auto_transcription: 'true' })
  t.throws(() => encodeUploadParameters({ eager: { width: -1 } }), { errors: [{ pointer: '/eager/width' }] })
  t.throws(() => encodeUploadParameters({ responsive_breakpoints: { create_derived: true, transformation: 'x' } }), { errors: [{ pointer: '/responsive_breakpoints/transformation' }] })
  for (const areas of [[1, 2, 3], [1, 2, 3, 4, 5], [[1, 2, 3, 4], 5, 6, 7] as number[]]) { // what the schema alone lets pass
    t.throws(() => encodeUploadParameters({ custom_coordinates: areas }), { errors: [{ pointer: '/custom_coordinates', message: /four numbers/ }] }, JSON.stringify(areas))
  }
})

t.test('what is empty or travels elsewhere is left out', async (t) => {
  t.strictSame(encodeUploadParameters({ tags: [], context: {}, transformation: {}, resource_type: 'image', folder: 'a' }), { folder: 'a' })
  t.strictSame(encodeUploadParameters({ ...{ folder: undefined } as object }), {}, 'undefined members too') // a cast: exact optional types forbid it
})

t.test('the single encoders', async (t) => {
  t.equal(encodeList(['a', 'b']), 'a,b')
  t.equal(encodeMap({}), '')
  t.equal(encodeCoordinates([], '/face_coordinates'), '')
  t.equal(encodeEager([]), '')
  t.equal(encodeUploadParameter('invalidate', true), 'true')
  t.throws(() => encodeEager([{ width: 1 }, { width: -1 }]), { errors: [{ pointer: '/eager/1/width' }] })
  t.throws(() => encodeUploadParameters({ responsive_breakpoints: [{ create_derived: true, transformation: 'x' }] }), {
    errors: [{ pointer: '/responsive_breakpoints/0/transformation' }]
  })
})

t.test('2000 random maps: what is encoded reads back as it was', async (t) => {
  const value = fc.string({ unit: fc.constantFrom('a', '=', '|', '\\', ',', '"', '\n', '[', 'é', '😀', '&'), maxLength: 8 })
    .filter((text) => !text.endsWith('\\') && !text.startsWith('['))
  const name = fc.stringMatching(/^[a-z][a-z_]{0,8}$/).filter((text) => !['constructor', 'prototype'].includes(text))
  const map = fc.dictionary(name, fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 })), { minKeys: 1, maxKeys: 4, noNullPrototype: true })
  fc.assert(fc.property(map, (metadata) => {
    const { metadata: text = '' } = encodeUploadParameters({ metadata })
    return fc.stringify(readTextFields(uploadParameters, { metadata: text })) === fc.stringify({ metadata })
  }), { numRuns: rounds(2_000), seed: seed(7) })
  t.pass('no counterexample')
})
