import t from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { officialClient } from '../support/official-client.ts'

const sandbox = await startSandbox()
const cloudinary = await officialClient(t, sandbox)
t.teardown(() => sandbox.close())

t.test('links that the official client makes with what was exported never lead to Cloudinary', async (t) => {
  const { host } = new URL(sandbox.url)
  await cloudinary.uploader.upload('data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', { public_id: 'f1' })
  const open = cloudinary.url('f1', { secure: false, format: 'png', urlAnalytics: false })
  t.equal(open, `http://${host}/demo/image/upload/f1.png`)
  t.equal((await fetch(open)).status, 200)
  const secure = cloudinary.url('f1', { format: 'png', urlAnalytics: false })
  t.equal(secure, `https://${host}/demo/image/upload/f1.png`)
  t.match(cloudinary.image('f1'), `https://${host}/demo/`)
  await t.rejects(fetch(secure), 'the sandbox speaks no TLS: the mistake shows, and without a network')
})
