import t from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { officialClient } from '../support/official-client.ts'

const sandbox = await startSandbox()
const cloudinary = await officialClient(t, sandbox)
const { api, uploader } = cloudinary
t.teardown(() => sandbox.close())

const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const refusal = (call: Promise<unknown>): Promise<unknown> => call.then(() => 'not refused', (reason: { error: unknown }) => reason.error)
const below = async (path: string): Promise<string[]> => ((await api.sub_folders(path)).folders as { path: string }[]).map(({ path }) => path)
const roots = async (): Promise<string[]> => ((await api.root_folders()).folders as { path: string }[]).map(({ path }) => path)

t.test('a folder stays when its last asset is deleted, and can then be deleted', async (t) => {
  await uploader.upload(PIXEL, { folder: 'suite/one', public_id: 'pixel' })
  await api.delete_resources_by_prefix('suite/')
  t.match(await api.sub_folders('suite/one'), { folders: [], total_count: 0 })
  t.same(await below('suite'), ['suite/one'])
  t.same((await api.delete_folder('suite/one')).deleted, ['suite/one'])
  t.same(await below('suite'), [], 'the folder above stays too')
  t.same((await api.delete_folder('suite')).deleted, ['suite'])
  t.match(await refusal(api.sub_folders('suite')), { http_code: 404, message: 'Can\'t find folder with path suite' })
})

t.test('a folder stays when its last asset is destroyed, moves, or makes way for another', async (t) => {
  await uploader.upload(PIXEL, { public_id: 'moving', asset_folder: 'from' })
  await api.update('moving', { asset_folder: 'to' })
  t.same(await roots(), ['from', 'to'])
  await uploader.destroy('moving')
  t.same(await roots(), ['from', 'to'])
  await uploader.upload(PIXEL, { public_id: 'again', asset_folder: 'first' })
  await uploader.upload(PIXEL, { public_id: 'again', asset_folder: 'second' })
  t.same(await roots(), ['first', 'from', 'second', 'to'])
  await uploader.upload(PIXEL, { public_id: 'other', asset_folder: 'third' })
  await uploader.rename('again', 'other', { overwrite: true })
  t.match(await api.sub_folders('third'), { total_count: 0 })
})

t.test('a renamed folder leaves no name behind, and the folder above it stays', async (t) => {
  await sandbox.reset()
  await uploader.upload(PIXEL, { public_id: 'inside', asset_folder: 'old/deep/leaf' })
  await api.rename_folder('old/deep', 'new/place')
  t.same(await below('old'), [])
  t.same(await below('new/place'), ['new/place/leaf'])
  await uploader.destroy('inside')
  t.same(await below('new/place'), ['new/place/leaf'])
  t.match(await refusal(api.sub_folders('old/deep')), { http_code: 404 })
})
