import { CloudinaryAssetMgmt } from '@cloudinary/asset-management'
import sharp from 'sharp'
import t from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'

// This client validates every answer against Cloudinary's own description: it is the strict judge.
const sandbox = await startSandbox({ minChunkBytes: 10 })
const client = new CloudinaryAssetMgmt({ serverURL: sandbox.url, cloudName: 'demo', security: { cloudinaryAuth: { apiKey: '1234', apiSecret: 'abcd' } } })
t.teardown(() => sandbox.close())

const png = await sharp({ create: { width: 20, height: 10, channels: 3, background: '#336699' } }).png().toBuffer()
const dataUri = (bytes: Buffer) => `data:image/png;base64,${bytes.toString('base64')}`

t.test('upload: JSON body with a data URI, signed with SHA-256', async (t) => {
  t.match(await client.upload.upload('image', { file: dataUri(png), publicId: 'a/b', tags: 'x,y', context: 'k=v', moderation: 'manual' }),
    { publicId: 'a/b', width: 20, height: 10, format: 'png', tags: ['x', 'y'] })
  t.match(await client.upload.uploadNoResourceType({ file: dataUri(png), publicId: 'auto' }), { resourceType: 'image' })
})

t.test('upload in chunks: an unfinished answer, then the whole', async (t) => {
  const half = Math.ceil(png.length / 2)
  const first = await client.upload.uploadChunk('image', `bytes 0-${half - 1}/${png.length}`, 'up-1', { file: dataUri(png.subarray(0, half)), publicId: 'in-chunks' })
  t.match(first, { done: false, bytes: half })
  const last = await client.upload.uploadChunk('image', `bytes ${half}-${png.length - 1}/${png.length}`, 'up-1', { file: dataUri(png.subarray(half)), publicId: 'in-chunks' })
  t.match(last, { publicId: 'in-chunks', bytes: png.length })
})

t.test('one asset: by public ID (signed in the query) and by asset ID (Basic), updated both ways', async (t) => {
  const asset = await client.assets.getResourceByPublicId('image', 'upload', 'a/b', true)
  t.match(asset, { publicId: 'a/b', context: { custom: { k: 'v' } }, moderation: [{ kind: 'manual', status: 'pending' }] })
  const { assetId = '' } = asset as { assetId?: string } // of a union with error forms
  t.match(await client.assets.getResourceByAssetId(assetId), { publicId: 'a/b' })
  t.match(await client.assets.updateResourceByAssetId(assetId, { tags: 'new', displayName: 'Shown' }), { tags: ['new'], displayName: 'Shown' })
  for (const absent of ['0123', '0'.repeat(32)]) t.match(await client.assets.updateResourceByAssetId(absent, { tags: 'new' }).catch((error: unknown) => error), { statusCode: 404 })
  t.match(await client.assets.updateResourceByPublicId('image', 'upload', 'a/b', { moderationStatus: 'approved' }), { moderation: [{ status: 'approved' }] })
  t.match(await client.assets.getResourceByPublicId('image', 'upload', 'absent').catch((error: unknown) => error), { statusCode: 404 })
})

t.test('lists', async (t) => {
  await sandbox.add('note.txt', { resource_type: 'raw', file: Buffer.from('x') })
  await sandbox.add('hidden', { type: 'private', asset_folder: 'f' })
  t.match(await client.assets.listImages('upload', 'a/'), { resources: [{ publicId: 'a/b' }] })
  t.match(await client.assets.listRawFiles('upload'), { resources: [{ publicId: 'note.txt' }] })
  t.match(await client.assets.listVideos('upload'), { resources: [] })
  t.match(await client.assets.listResourcesByAssetFolder('f'), { resources: [{ publicId: 'hidden' }], totalCount: 1 })
  t.match(await client.assets.listResourcesByContext('image', 'k', 'v'), { resources: [{ publicId: 'a/b' }] })
  t.match(await client.assets.listResourcesByModerationKindAndStatus('image', 'manual', 'approved'), { resources: [{ publicId: 'a/b' }] })
  t.match(await client.assets.listResourceTypes({}), { resourceTypes: ['image', 'raw', 'video'] })
  t.match(await client.assets.listResourceTags('image'), { tags: ['new'] })
})

t.test('folders, usage, search', async (t) => {
  t.match(await client.folders.createFolder('made/here'), { success: true, path: 'made/here' })
  t.match(await client.folders.listRootFolders({}), { totalCount: Number })
  t.match(await client.folders.showFolder('made'), { folders: [{ path: 'made/here' }] })
  t.match(await client.folders.updateFolder('made/here', { toFolder: 'made/there' }), { from: { path: 'made/here' }, to: { path: 'made/there' } })
  t.match(await client.folders.searchFolders('name:there'), { totalCount: 1 })
  t.match(await client.folders.destroyFolder('made/there'), { deleted: ['made/there'] })
  t.match(await client.usage.getUsage(), { resources: Number })
  t.match(await client.search.searchAssets({ expression: 'resource_type:image AND tags=new', withField: ['tags', 'context'] }), { totalCount: 1, resources: [{ publicId: 'a/b', status: 'active' }] })
  const counted = await client.search.searchAssets({ expression: 'tags=new', maxResults: 0 })
  t.match(counted, { totalCount: 1, resources: { length: 0 } })
})

t.test('download of a private asset, as bytes', async (t) => {
  const answer = await client.assets.downloadAsset('image', 'hidden', 'png', 'private')
  t.ok(answer)
})

t.test('every flag of details, derived assets, responsive breakpoints, an upload that comes later: all as described', async (t) => {
  await client.upload.upload('image', { file: dataUri(png), publicId: 'rich', eager: 'c_scale,w_5|c_scale,w_6', colors: true, faces: true, phash: true, mediaMetadata: true, returnDeleteToken: true, context: 'k=v', tags: 'm,n' })
  t.match(await client.assets.getResourceByPublicId('image', 'upload', 'rich', true, true, true, true, true), { publicId: 'rich' })
  // The client's own model of an asset leaves derived ones out.
  const details = await fetch(`${sandbox.url}/v1_1/demo/resources/image/upload/rich`, { headers: { authorization: `Basic ${btoa('1234:abcd')}` } })
  const { derived: [first] } = await details.json() as { derived: [{ id: string }] } // two were made
  t.match(await client.assets.derivedDestroy({ derivedResourceIds: [first.id, 'f'.repeat(32)] }), { deleted: { [first.id]: 'deleted', ['f'.repeat(32)]: 'not_found' } })
  const { assetId = '' } = await client.assets.getResourceByPublicId('image', 'upload', 'rich') as { assetId?: string } // as above
  t.match(await client.assets.listResourcesByAssetIDs([assetId]), { resources: [{ publicId: 'rich' }] })
  t.match(await client.upload.upload('image', { file: dataUri(png), publicId: 'later', async: true }), { status: 'pending', batchId: String, publicId: 'later' })
  t.match(await client.upload.upload('image', { file: dataUri(png), publicId: 'steps', responsiveBreakpoints: [{ createDerived: true, minWidth: 5 }] }), { publicId: 'steps' })
  t.match(await client.assets.updateResourceByPublicId('image', 'upload', 'rich', { moderationStatus: 'rejected' }), { moderation: [{ status: 'rejected' }] })
  t.match(await client.assets.listImages('upload', 'rich'), { resources: [{ publicId: 'rich', bytes: 0 }] })
})

t.test('rename, explicit, destroy', async (t) => {
  t.match(await client.assets.renameAsset('image', { fromPublicId: 'a/b', toPublicId: 'c' }), { publicId: 'c' })
  t.match(await client.assets.explicitAsset('image', { publicId: 'c', type: 'upload', tags: 'z' }), { tags: ['z'] })
  t.match(await client.upload.destroyAsset('image', 'c'), { result: 'ok' })
  const { asset_id: assetId } = await sandbox.add('by-id')
  t.match(await client.assets.destroyByAssetId({ assetId }), { result: 'ok' })
  await sandbox.add('d1')
  await client.assets.deleteResourcesByPublicId('image', 'upload', { publicIds: ['d1'] })
  t.notOk((await client.assets.listImages('upload', 'd1')).resources?.length)
})
