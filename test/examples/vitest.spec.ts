import { afterAll, assert, beforeAll, beforeEach, test } from 'vitest'
import { startSandbox, type Sandbox } from '../../src/sandbox/index.ts' // in your project: from 'cloudinary-gateway/sandbox'
import { saveAvatar, saveAvatarPatiently } from './avatars.ts'

const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
// Signatures are checked by this clock too, so it begins now and goes on when a test says so.
let now = Date.now()
let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await startSandbox({ seed: 1, clock: () => now })
  process.env['CLOUDINARY_URL'] = sandbox.cloudinaryUrl()
})
beforeEach(() => sandbox.reset())
afterAll(() => sandbox.close())

test('an avatar is stored, with the tag by which the others are found', async () => {
  await sandbox.add('avatars/kitty', { tags: ['avatar'] })
  const { tags } = await saveAvatar('tom', PIXEL)
  assert.deepEqual(tags, ['avatar'])
})

test('a new avatar has a new version', async () => {
  const old = await saveAvatar('tom', PIXEL)
  now += 5000
  const { version } = await saveAvatar('tom', PIXEL)
  assert.equal(version, old.version + 5)
})

test('an answer that was lost is asked for again', async () => {
  sandbox.faults.add({ kind: 'lost_answer', match: { path: '/upload' } })
  const { public_id: publicId, overwritten } = await saveAvatarPatiently('tom', PIXEL)
  assert.equal(publicId, 'avatars/tom')
  assert.equal(overwritten, true)
})
