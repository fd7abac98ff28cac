import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { startSandbox, type Sandbox } from '../../src/sandbox/index.ts' // in your project: from 'cloudinary-gateway/sandbox'
import { saveAvatar, saveAvatarPatiently } from './avatars.ts'

const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
let sandbox: Sandbox

before(async () => {
  // With a seed the same calls get the same random names, run after run.
  sandbox = await startSandbox({ seed: 1 })
  process.env['CLOUDINARY_URL'] = sandbox.cloudinaryUrl()
})
beforeEach(() => sandbox.reset())
after(() => sandbox.close())

test('an avatar is stored under the name of its user', async () => {
  const { public_id: publicId, url } = await saveAvatar('tom', PIXEL)
  assert.equal(publicId, 'avatars/tom')
  assert.equal((await fetch(url)).headers.get('content-type'), 'image/gif')
})

test('a new avatar replaces the old one', async () => {
  const old = await sandbox.add('avatars/tom', { width: 20, height: 20 })
  const { asset_id: assetId, overwritten } = await saveAvatar('tom', PIXEL)
  assert.equal(assetId, old.asset_id)
  assert.equal(overwritten, true)
})

test('one failure of the service is tried again, a broken picture is not', async () => {
  sandbox.faults.add({ kind: 'status', status: 500, match: { path: '/upload' } })
  assert.equal((await saveAvatarPatiently('tom', PIXEL)).format, 'gif')
  assert.deepEqual(sandbox.requests.map(({ status }) => status), [500, 200])
  await assert.rejects(saveAvatarPatiently('tom', 'data:image/gif;base64,bm8gcGljdHVyZQ=='), { http_code: 400 })
  assert.equal(sandbox.requests.length, 3)
})
