import t from 'tap'
import { explainAbsence, orExplained, type Absent } from '../../../src/cloudinary/explain/absence.ts'
import type { NamedPlace } from '../../../src/cloudinary/upstream/account/absences.ts'
import { GatewayError } from '../../../src/errors.ts'

const TOM: NamedPlace = { public_id: 'cats/tom', resource_type: 'image', type: 'upload' }
const ID = 'b5e6d2b39ba3e0869d67141ba7dba6cf'

type Places = ReadonlyArray<Pick<NamedPlace, 'resource_type' | 'type'>>

/** What the 404 becomes where only `tom` exists, under this ID, and what was asked for that. */
async function explained (publicId: string, { kind = 'image', sees = () => true, asks = true, tom = TOM, near = [], far = [] }: {
  kind?: Absent['resource_type'], sees?: (id: string) => boolean, asks?: boolean, tom?: NamedPlace, near?: Places, far?: Places
} = {}) {
  const asked: string[] = []
  const looked: string[] = []
  const finder = {
    exists: async ({ public_id: id, resource_type: kind, type }: NamedPlace) => {
      asked.push(`${kind}/${type}/${id}`)
      return id === tom.public_id && kind === tom.resource_type && type === tom.type
    },
    resolve: async (assetId: string) => {
      asked.push(assetId)
      return assetId === ID ? { ...tom, answer: 'secret' } : undefined
    },
    isCut: () => false,
    elsewhere: async (where: 'near' | 'far') => {
      looked.push(`${where} after ${asked.length}`)
      return { near, far }[where]
    }
  }
  const absent = new GatewayError('not_found', 'It is not there.', { members: { kept: 1 } })
  const { message, members } = await explainAbsence(absent, { public_id: publicId, resource_type: kind, type: 'upload' }, { sees, finder: asks ? finder : undefined })
  return { message, members, asked, ...(near.length + far.length > 0 && { looked }) }
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

t.test('other places are named; the likeliest is looked at first, and what is found ends the search', async (t) => {
  const near = [{ resource_type: 'raw', type: 'upload' }] as const
  const far = [{ resource_type: 'image', type: 'private' }] as const
  t.same(await explained('cats/tom.jpg', { near, far }), {
    message: 'It is not there. It exists under raw/upload.',
    members: { kept: 1, found_under: near },
    asked: [],
    looked: ['near after 0']
  }, 'under its own name')
  t.match(await explained('cats/rex.jpg', { far }), { members: { found_under: far }, asked: ['image/upload/cats/rex'], looked: ['near after 0', 'far after 1'] })
  t.match(await explained(ID, { near }), { members: { did_you_mean: TOM }, asked: [ID], looked: [] }, 'no public ID looks like that by chance')
  t.match(await explained('cats/rex', { near, far }), { members: { found_under: near }, asked: [] })
})

t.test('an answer that is a 404 is explained, and others pass', async (t) => {
  const asked = { public_id: 'a.jpg', resource_type: 'image', type: 'upload' } as const
  const absent = async (): Promise<never> => { throw new GatewayError('not_found', 'It is not there.') }
  t.equal(await orExplained(Promise.resolve(1), asked, {}), 1)
  const broken = new GatewayError('upstream_failed', 'no')
  await t.rejects(orExplained(Promise.reject(broken), asked, {}), { code: 'upstream_failed' })
  await t.rejects(orExplained(Promise.reject(new TypeError('a fault of ours')), asked, {}), TypeError)
  await t.rejects(orExplained(absent(), asked, {}), { message: /if it is one, send "a"/, members: { advice: undefined } })
  await t.rejects(orExplained(absent(), asked, { sees: () => false }), { message: /extension\.$/ })
  await t.rejects(orExplained(absent(), asked, { allowed: () => undefined }), { code: 'not_found', members: { advice: /diagnose=true/ } })
  const nothing = { exists: async () => false, resolve: async () => undefined, elsewhere: async () => [], isCut: () => false }
  const cut = { ...nothing, isCut: () => true }
  await t.rejects(orExplained(absent(), asked, { allowed: () => cut }), { code: 'not_found', members: { advice: /not looked for under every kind/ } })
  const found = { ...cut, elsewhere: async () => [{ resource_type: 'raw', type: 'private' } as const] }
  const members = await orExplained(absent(), asked, { allowed: () => found }).catch((error: GatewayError) => error.members)
  t.same(members, { found_under: [{ resource_type: 'raw', type: 'private' }] })
  await t.rejects(orExplained(absent(), asked, { allowed: () => nothing }), { message: /extension\.$/, members: { advice: undefined } })
})
