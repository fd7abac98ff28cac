import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { openGallery } from '../../support/gallery.ts'

const { sandbox, photo, get } = await openGallery()
t.teardown(() => sandbox.close())

t.test('private: the original is signed for, its derived assets are open; authenticated: both are signed for', async (t) => {
  const hidden = await sandbox.add('hidden', { file: photo, type: 'private' })
  const members = await sandbox.add('members', { file: photo, type: 'authenticated' })
  t.match(await get('/demo/image/private/hidden.jpg'), { status: 401, error: 'deny or ACL failure' })
  t.match(await get('/demo/image/private/w_50/hidden.jpg'), { status: 200 })
  t.match(await get('/demo/image/authenticated/members.jpg'), { status: 401 })
  t.match(await get('/demo/image/authenticated/w_50/members.jpg'), { status: 401 })
  t.match(await get('/demo/image/upload/hidden.jpg'), { status: 404 })
  for (const { url } of [hidden, members]) t.equal((await fetch(url)).status, 200)
  const { v2 } = await import('cloudinary')
  const signed = v2.url('members', { cloud_name: 'demo', api_secret: 'abcd', type: 'authenticated', sign_url: true, transformation: [{ width: 50 }], format: 'jpg' })
  t.equal((await get(new URL(signed).pathname)).status, 200)
  t.equal((await get(new URL(signed).pathname.replace('w_50', 'w_51'))).status, 401, 'the transformation is covered')
})

t.test('401: PDF and ZIP are blocked unless the account allows them', async (t) => {
  await sandbox.add('doc.pdf', { resource_type: 'raw', file: Buffer.from('%PDF-1.4\n') })
  t.match(await get('/demo/raw/upload/doc.pdf'), { status: 401, error: 'deny or ACL failure' })
  const open = await startSandbox({ clouds: [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd', allowPdfAndZip: true }] })
  t.teardown(() => open.close())
  await open.add('doc.pdf', { resource_type: 'raw', file: Buffer.from('%PDF-1.4\n') })
  t.match(await fetch(`${open.url}/demo/raw/upload/doc.pdf`), { status: 200 })
})

t.test('access_control: a token opens, a time window opens, nothing else does', async (t) => {
  const clouds = [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd', authTokenKey: '00112233FF99' }]
  const guarded = await startSandbox({ clouds, clock: () => 1_700_000_100_000 })
  t.teardown(() => guarded.close())
  await guarded.add('vip', { file: photo, access_control: '[{"access_type":"token"}]' })
  await guarded.add('window', { file: photo, access_control: '[{"access_type":"token"},{"access_type":"anonymous","start":"2023-11-14T00:00:00Z","end":"2023-11-15T00:00:00Z"}]' })
  const { v2 } = await import('cloudinary')
  const token = v2.utils.generate_auth_token({ key: '00112233FF99', start_time: 1_700_000_000, duration: 300, acl: '/image/upload/*' })
  const status = async (path: string, headers = {}) => (await fetch(guarded.url + path, { headers })).status
  t.equal(await status('/demo/image/upload/vip'), 401)
  t.equal(await status(`/demo/image/upload/vip?${token}`), 200)
  t.equal(await status('/demo/image/upload/vip', { cookie: `a=b; ${token}` }), 200)
  t.equal(await status(`/demo/image/upload/vip?${token.replace('exp=17', 'exp=18')}`), 401)
  t.equal(await status('/demo/image/upload/window'), 200)
})

t.test('access_control: an empty list takes the rules away, in a form and in JSON', async (t) => {
  const { asset_id: id } = await sandbox.add('ruled', { file: photo })
  const written = {
    'application/json': (rules: object[]) => JSON.stringify({ access_control: rules }),
    'application/x-www-form-urlencoded': (rules: object[]) => `access_control=${encodeURIComponent(JSON.stringify(rules))}`
  }
  for (const [type, bodyOf] of Object.entries(written)) {
    const update = async (...rules: object[]): Promise<unknown> => {
      const headers = { authorization: `Basic ${btoa('1234:abcd')}`, 'content-type': type }
      const url = `${sandbox.url}/v1_1/demo/resources/${id}`
      return (await fetch(url, { method: 'PUT', headers, body: bodyOf(rules) })).json()
    }
    t.match(await update({ access_type: 'token' }), { access_control: [{ access_type: 'token' }] }, type)
    t.match(await get('/demo/image/upload/ruled.jpg'), { status: 401 })
    t.match(await update(), { access_control: { length: 0 } }, type)
    t.match(await get('/demo/image/upload/ruled.jpg'), { status: 200 })
  }
})

t.test('access_mode authenticated: URLs of type upload need a signature, original and derived', async (t) => {
  const clouds = [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd', authTokenKey: '00112233FF99' }]
  const guarded = await startSandbox({ clouds, clock: () => 1_700_000_100_000 })
  t.teardown(() => guarded.close())
  const common = { file: photo, access_mode: 'authenticated' }
  const add = (name: string, given = {}) => guarded.add(name, { ...common, ...given })
  await add('plain')
  await add('open', { access_control: '[{"access_type":"anonymous"}]' })
  await add('vip', { access_control: '[{"access_type":"token"}]' })
  const { v2 } = await import('cloudinary')
  const signing = { cloud_name: 'demo', api_secret: 'abcd', sign_url: true }
  const pathOf = (id: string, options = {}) => new URL(v2.url(id, { ...signing, ...options })).pathname
  const [original, vip] = [pathOf('plain.jpg'), pathOf('vip.jpg')]
  const derived = pathOf('plain.jpg', { width: 50, crop: 'scale' })
  const window = { start_time: 1_700_000_000, duration: 300 }
  const token = v2.utils.generate_auth_token({ key: '00112233FF99', acl: '/image/upload/*', ...window })
  const expected = {
    '/demo/image/upload/plain.jpg': 401,
    '/demo/image/upload/c_scale,w_50/plain.jpg': 401,
    [original]: 200,
    [derived]: 200,
    [derived.replace('w_50', 'w_51')]: 401,
    [`/demo/image/upload/plain.jpg?${token}`]: 200,
    '/demo/image/upload/open.jpg': 200,
    [vip]: 401,
    [`/demo/image/upload/vip.jpg?${token}`]: 200
  }
  for (const [path, wanted] of Object.entries(expected)) {
    const { status } = await fetch(guarded.url + path)
    t.equal(status, wanted, path)
  }
  t.match((await fetch(guarded.url + original)).headers.get('cache-control'), /^private/)
})

t.test('strict transformations: new ones are signed for, known ones stay open', async (t) => {
  const strict = await startSandbox({ clouds: [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd', strictTransformations: true }] })
  t.teardown(() => strict.close())
  await strict.add('guarded', { file: photo, eager: 'c_scale,w_40' })
  const status = async (path: string) => (await fetch(strict.url + path)).status
  t.equal(await status('/demo/image/upload/guarded.jpg'), 200)
  t.equal(await status('/demo/image/upload/c_scale,w_40/guarded.jpg'), 200, 'eager')
  t.equal(await status('/demo/image/upload/c_scale,w_41/guarded.jpg'), 401)
  const { v2 } = await import('cloudinary')
  const signed = new URL(v2.url('guarded', { cloud_name: 'demo', api_secret: 'abcd', sign_url: true, width: 41, crop: 'scale', format: 'jpg' })).pathname
  t.equal(await status(signed), 200)
  t.equal(await status('/demo/image/upload/c_scale,w_41/guarded.jpg'), 200, 'it exists now')
})
