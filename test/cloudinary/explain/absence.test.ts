import t from 'tap'
import { explainAbsence, type Absent, type NamedAsset } from '../../../src/cloudinary/explain/absence.ts'
import { GatewayError } from '../../../src/errors.ts'

const TOM: NamedAsset = { public_id: 'cats/tom', resource_type: 'image', type: 'upload' }
const ID = 'b5e6d2b39ba3e0869d67141ba7dba6cf'

/** What the 404 becomes where only `tom` exists, under this ID, and what was asked for that. */
async function explained (publicId: string, { kind = 'image', sees = () => true, asks = true, tom = TOM }: {
  kind?: Absent['resource_type'], sees?: (id: string) => boolean, asks?: boolean, tom?: NamedAsset
} = {}) {
  const asked: string[] = []
  const finder = {
    exists: async ({ public_id: id, resource_type: kind, type }: NamedAsset) => {
      asked.push(`${kind}/${type}/${id}`)
      return id === tom.public_id && kind === tom.resource_type && type === tom.type
    },
    resolve: async (assetId: string) => {
      asked.push(assetId)
      return assetId === ID ? { ...tom, answer: 'secret' } : undefined
    }
  }
  const absent = new GatewayError('not_found', 'It is not there.', { members: { kept: 1 } })
  const { message, members } = await explainAbsence(absent, { public_id: publicId, resource_type: kind, type: 'upload' }, { sees, finder: asks ? finder : undefined })
  return { message, members, asked }
}

t.test('what was pasted is named, with the asset that was meant', async (t) => {
  t.same(await explained('cats/tom.jpg'), {
    message: 'It is not there. It looks like a public ID with a file extension, and "cats/tom" (image/upload) exists: send that.',
    members: { kept: 1, did_you_mean: TOM },
    asked: ['image/upload/cats/tom']
  })
  t.match(await explained('v12/cats/tom'), { message: /a version before it, and "cats\/tom"/, members: { did_you_mean: TOM } })
  t.match(await explained('https:/res.cloudinary.com/demo/image/upload/v1/cats/tom.jpg', { kind: 'raw' }), { message: /a delivery URL, and "cats\/tom" \(image\/upload\)/ })
  t.same(await explained(ID), {
    message: 'It is not there. It looks like an asset_id, which belongs to "cats/tom" (image/upload): send that, or ask for it below /assets.',
    members: { kept: 1, did_you_mean: TOM },
    asked: [ID]
  })
  t.match(await explained('clip.mp4', { tom: { public_id: 'clip', resource_type: 'video', type: 'upload' } }), { members: { did_you_mean: { resource_type: 'video' } }, asked: ['video/upload/clip'] })
})

t.test('where any kind was asked for, two are looked at', async (t) => {
  const clip = { public_id: 'clip', resource_type: 'video', type: 'upload' } as const
  t.match(await explained('v12/clip', { kind: 'auto', tom: clip }), { members: { did_you_mean: clip }, asked: ['image/upload/clip', 'video/upload/clip'] })
  t.match(await explained('clip.mp4', { kind: 'auto', tom: clip }), { members: { did_you_mean: clip }, asked: ['video/upload/clip'] })
})

t.test('what is not there is not promised, and nothing costs more than two calls', async (t) => {
  for (const [id, asked] of [['dogs/rex.jpg', 2], ['v1/dogs/rex.jpg', 2], ['rex.mp4', 2], ['0'.repeat(32), 1]] as const) {
    const found = await explained(id, { kind: 'auto' })
    t.match(found.message, /^It is not there\. It looks like an? [^,:]*\.$/, id)
    t.same(found.members, { kept: 1 })
    t.equal(found.asked.length, asked, id)
  }
  t.same(await explained('cats/tim'), { message: 'It is not there.', members: { kept: 1 }, asked: [] }, 'an ordinary ID')
})

t.test('without asking, the spelling alone speaks', async (t) => {
  t.same(await explained('cats/tom.jpg', { asks: false }), { message: 'It is not there. It looks like a public ID with a file extension: if it is one, send "cats/tom" (image/upload).', members: { kept: 1 }, asked: [] })
  t.match(await explained(ID, { asks: false }), { message: /an asset_id: it belongs below \/assets\.$/, asked: [] })
  t.match(await explained('dogs/rex.jpg', { asks: false, sees: () => false }), { message: /a file extension\.$/ })
})

t.test('nothing is asked or said of an asset that the caller may not see', async (t) => {
  const sees = (id: string): boolean => id.startsWith('users/1/')
  const outside = await explained('cats/tom.jpg', { sees })
  t.same(outside.asked, [])
  t.notMatch(outside.message, 'cats/tom')
  const byId = await explained(ID, { sees })
  t.same(byId.message, 'It is not there. It looks like an asset_id.')
  t.same(byId.members, { kept: 1 })
})
