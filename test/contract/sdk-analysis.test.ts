import sharp from 'sharp'
import t from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { officialClient } from '../support/official-client.ts'

const sandbox = await startSandbox()
const cloudinary = await officialClient(t, sandbox)
const { api, uploader } = cloudinary
t.teardown(() => sandbox.close())

// As large as the logo that the tests of the official clients upload.
const logo = await sharp({ create: { width: 241, height: 51, channels: 3, background: '#ffffff' } }).png().toBuffer()
const logoUri = `data:image/png;base64,${logo.toString('base64')}`

t.test('coordinates: a side is no longer than that of the picture in the answer to an upload, and as given in the details', async (t) => {
  t.match(await uploader.upload(logoUri, { public_id: 'faces', faces: true, face_coordinates: [[120, 30, 109, 150]] }), { faces: [[120, 30, 109, 51]] })
  t.match(await uploader.explicit('faces', { type: 'upload', faces: true, face_coordinates: [[122, 32, 300, 152]], custom_coordinates: '1,2,300,400' }), { faces: [[122, 32, 241, 51]] })
  t.match(await api.resource('faces', { faces: true, coordinates: true }), {
    faces: [[122, 32, 300, 152]], coordinates: { faces: [[122, 32, 300, 152]], custom: [[1, 2, 300, 400]] }
  })
})

t.test('media_metadata: what is asked for under the new name comes under the old one', async (t) => {
  for (const flag of ['media_metadata', 'image_metadata']) {
    const uploaded = await uploader.upload(logoUri, { public_id: 'described', [flag]: true })
    t.match(uploaded, { image_metadata: { Colorspace: 'RGB', DPI: String } }, flag)
    const shown = await api.resource('described', { [flag]: true })
    t.match(shown, { image_metadata: { Colorspace: 'RGB' } }, flag)
    t.notOk('media_metadata' in uploaded || 'media_metadata' in shown)
  }
  t.notOk('image_metadata' in await api.resource('described'))
})

t.test('search: image_metadata of the items, when it is asked for', async (t) => {
  await sandbox.add('note.txt', { resource_type: 'raw', file: Buffer.from('text') })
  // `fields` is what the client has and its types do not.
  type Search = ReturnType<typeof cloudinary.search.expression> & { fields?: (name: string) => Search }
  const found = async (search?: Search) => await search?.sort_by('public_id', 'asc').execute() as { resources: Record<string, unknown>[] } // as documented
  const { resources: [described, faces, note] } = await found(cloudinary.search.with_field('image_metadata').with_field('tags'))
  t.match([described, faces, note], [{ public_id: 'described', image_metadata: { Colorspace: 'RGB' }, tags: [] }, { public_id: 'faces', image_metadata: { Colorspace: 'RGB' } }, { public_id: 'note.txt' }])
  t.notOk('image_metadata' in (note ?? {}), 'what is no image has none')
  const asked: Search = cloudinary.search.expression('public_id=described')
  const { resources: [only] } = await found(asked.fields?.('image_metadata'))
  t.match(only, { image_metadata: { Colorspace: 'RGB' } })
  t.notOk('bytes' in (only ?? {}))
  const { resources: [plain] } = await found(cloudinary.search.expression('public_id=described'))
  t.notOk('image_metadata' in (plain ?? {}))
})

t.test('search: a field that is not made here is named in the header', async (t) => {
  const answer = await fetch(`${sandbox.url}/v1_1/demo/resources/search?with_field[]=tags&with_field[]=image_analysis&with_field[]=quality_score`, { headers: { authorization: `Basic ${btoa('1234:abcd')}` } })
  t.equal(answer.status, 200)
  t.equal(answer.headers.get('x-sandbox-ignored'), 'with_field:image_analysis, with_field:quality_score')
})
