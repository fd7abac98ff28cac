import t from 'tap'
import { compileSigning } from '../../../src/auth/policy/signing-rules.ts'
import {
  nameInStore, requireAnnounced, type AnnouncedFile
} from '../../../src/auth/uploads/announced-file.ts'
import type { GatewayError } from '../../../src/errors.ts'

const file = (changes: Partial<AnnouncedFile>): AnnouncedFile => ({
  name: 'a.jpg', size: 5, type: '', ...changes
})

function refusal (changes: Partial<AnnouncedFile>, form = {}, rules?: Parameters<typeof compileSigning>[0]) {
  try {
    requireAnnounced(
      file(changes),
      { resourceType: 'auto', allowedFormats: undefined, ...form },
      rules && compileSigning(rules, {})
    )
    return undefined
  } catch (error) {
    const { code, errors } = error as GatewayError // it throws no other
    return { code, pointers: errors.map(({ pointer }) => pointer) }
  }
}

t.test('formats go by the extension of the name, and by types that mean one format', async (t) => {
  const form = { allowedFormats: 'jpg, png,tif' }
  for (
    const name of [
      'a.jpg', 'A.JPG', 'a.jpeg', 'b.c.png', 'x.tiff', 'noextension', '.jpg', 'a.', 'a.tar gz', '__proto__'
    ]
  ) {
    t.equal(refusal({ name }, form), undefined, name)
  }
  for (const name of ['a.exe', 'a.jpg.exe', 'a.GIF', 'a.constructor']) {
    t.same(refusal({ name }, form), { code: 'param_not_allowed', pointers: ['/name'] }, name)
  }
  t.same(refusal({ name: 'noextension', type: 'image/gif' }, form)?.pointers, ['/type'])
  t.same(refusal({ name: 'a.png', type: 'IMAGE/SVG+xml; charset=utf-8' }, form)?.pointers, ['/type'])
  t.equal(refusal({ name: 'a.jpg', type: 'image/png' }, form), undefined, 'both are allowed')
  t.equal(refusal({ name: 'a', type: 'application/x-unknown' }, form), undefined)
  t.equal(refusal({ name: 'a.exe' }), undefined, 'without a list')
  t.equal(refusal({ name: 'a.jpg' }, { allowedFormats: 'jpeg' }), undefined)
})

t.test('a form for one kind takes no other', async (t) => {
  const image = { resourceType: 'image' }
  t.same(refusal({ name: 'a.mp4', type: 'video/mp4' }, image), {
    code: 'param_not_allowed', pointers: ['/type']
  })
  t.same(refusal({ type: 'image/png' }, { resourceType: 'video' })?.pointers, ['/type'])
  t.equal(refusal({ type: 'audio/mpeg' }, { resourceType: 'video' }), undefined, 'audio is video')
  t.equal(refusal({ type: 'application/pdf' }, image), undefined, 'the type does not say')
  for (const resourceType of ['auto', 'raw']) {
    t.equal(refusal({ type: 'video/mp4' }, { resourceType }), undefined)
  }
  t.throws(
    () => requireAnnounced(
      file({ type: 'video/mp4' }),
      { ...image, allowedFormats: undefined },
      compileSigning({ resource_types: ['image'] }, {})
    ),
    /this caller may upload image only/
  )
  t.throws(
    () => requireAnnounced(
      file({ type: 'video/mp4' }),
      { ...image, allowedFormats: undefined },
      compileSigning({ resource_types: ['image', 'video'] }, {})
    ),
    /ask with the resource_type "video"/
  )
})

t.test('sizes: the limit itself fits', async (t) => {
  const rules = { max_bytes: 10 }
  t.equal(refusal({ size: 10 }, {}, rules), undefined)
  t.same(refusal({ size: 11 }, {}, rules), { code: 'payload_too_large', pointers: ['/size'] })
  t.same(refusal({ size: 11, name: 'a.exe' }, { allowedFormats: 'jpg' }, rules), {
    code: 'param_not_allowed', pointers: ['/name', '/size']
  })
  t.equal(refusal({ size: Number.MAX_SAFE_INTEGER }), undefined)
})

t.test('files that would get one public ID', async (t) => {
  t.equal(nameInStore(file({ name: 'a.jpg' }), 'auto'), nameInStore(file({ name: 'a.png' }), 'auto'))
  t.not(nameInStore(file({ name: 'a.jpg' }), 'raw'), nameInStore(file({ name: 'a.png' }), 'raw'))
  t.not(
    nameInStore(file({ name: 'a.jpg', type: 'image/jpeg' }), 'auto'),
    nameInStore(file({ name: 'a.mp4', type: 'video/mp4' }), 'auto')
  )
  t.equal(nameInStore(file({ name: '.profile' }), 'image'), 'image/.profile')
  const alike = ['a b.gif', 'a_b.gif', 'album/a_b.gif', 'x\\a_b.gif', 'a  b.GIF', ' a&b?.png', 'a_b']
  t.same(new Set(alike.map((name) => nameInStore(file({ name }), 'image'))), new Set(['image/a_b']))
  t.equal(nameInStore(file({ name: 'x/a b.TXT' }), 'raw'), 'raw/a_b.txt')
  const others = ['a-b.gif', 'A_b.gif', 'a.b.gif', 'a__b.gif', 'ab.gif']
  t.equal(new Set(others.map((name) => nameInStore(file({ name }), 'image'))).size, others.length)
})
