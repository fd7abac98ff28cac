import t from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts' // in your project: from 'cloudinary-gateway/sandbox'
import { saveAvatar, saveAvatarPatiently } from './avatars.ts'

const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'

// With a seed the same calls get the same random names, run after run.
const sandbox = await startSandbox({ seed: 1 })
process.env['CLOUDINARY_URL'] = sandbox.cloudinaryUrl()
t.teardown(() => sandbox.close())
t.beforeEach(() => sandbox.reset())

t.test('an avatar is stored under the name of its user', async (t) => {
  const { public_id: publicId, url } = await saveAvatar('tom', PIXEL)
  t.equal(publicId, 'avatars/tom')
  t.equal((await fetch(url)).headers.get('content-type'), 'image/gif')
})

t.test('a new avatar replaces the old one', async (t) => {
  const old = await sandbox.add('avatars/tom', { width: 20, height: 20 })
  t.match(await saveAvatar('tom', PIXEL), { asset_id: old.asset_id, overwritten: true })
})

t.test('one failure of the service is tried again, a broken picture is not', async (t) => {
  sandbox.faults.add({ kind: 'status', status: 500, match: { path: '/upload' } })
  t.match(await saveAvatarPatiently('tom', PIXEL), { format: 'gif' })
  t.match(sandbox.requests, [{ status: 500 }, { status: 200 }])
  await t.rejects(saveAvatarPatiently('tom', 'data:image/gif;base64,bm8gcGljdHVyZQ=='), { http_code: 400, message: 'Invalid image file' })
  t.equal(sandbox.requests.length, 3)
})
