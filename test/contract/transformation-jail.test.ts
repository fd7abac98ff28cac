import t from 'tap'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { startGateway } from '../support/gateway.ts'

const GIF = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const POLICY = `callers: { member: { keys: ['sha256:${digestOf('member').toString('hex')}'], folder: users/1 } }`
const headers = { authorization: 'Bearer member' }

t.test('a caller with a folder', async (t) => {
  const { app, sandbox } = await startGateway(t, { auth: { mode: 'keys', policyFile: `${t.testdir({ 'policy.yaml': POLICY })}/policy.yaml` } })
  await sandbox.add('users/1/mine')
  await sandbox.add('users/1/logo')
  for (const foreign of ['users/2/secret', 'site_b/users/1/a', 'private/users/1/z']) await sandbox.add(foreign, { type: 'private' })
  const get = (query: Record<string, string>) => app.inject({ method: 'GET', url: '/url', query: { public_id: 'users/1/mine', sign_url: 'true', ...query }, headers })
  const post = (payload: object) => app.inject({ method: 'POST', url: '/url', payload: { public_id: 'users/1/mine', sign_url: true, ...payload }, headers })
  const refused = { statusCode: 403 }

  t.test('200: transforms its own, with text and layers of its own, and gets what it signed', async (t) => {
    for (const transformation of ['w_64,c_scale', 'w_64,l_users:1:logo', 'l_text:DejaVu%20Sans_20:Hi%252C%20there/fl_layer_apply,g_south', 'd_users:1:logo.png']) {
      const answer = await get({ transformation })
      t.equal(answer.statusCode, 200, transformation)
      t.equal((await fetch(answer.json().url)).status, 200, transformation)
    }
    t.equal((await post({ transformation: [{ width: 10, effect: 'sepia:50' }, { named: 'thumb' }] })).statusCode, 200)
    t.equal((await get({ width: '10', background: '#ff0000', crop: 'pad', height: '20' })).statusCode, 200)
  })

  t.test('403: no picture with a private asset from elsewhere in it, however its name is written', async (t) => {
    for (const transformation of [
      'w_64,l_private:users:2:secret', 'w_64,%6c_private:users:2:secret', 'w_64%2Cl_private:users:2:secret', 'w_64%2cl_private:users:2:secret', 'w_64%252Cl_private:users:2:secret',
      'w_64,l_private:users:1:x%2F..%2F..%2F2:secret', 'l_text:Arial_20:x%2Cl_private:users:2:secret', 'w_64,%24a_1', 'l_private:private:users:1:z', 'd_users:2:secret.png', 'w_64, l_private:users:2:secret'
    ]) {
      t.match(await get({ transformation }), refused, transformation)
      t.match(await post({ transformation: { width: 10, raw_transformation: transformation } }), refused, transformation)
    }
    t.match(await get({ raw_transformation: 'w_9,%75_private:users:2:secret' }), refused)
    t.match(await get({ effect: 'sepia,l_x' }), { statusCode: 400 })
  })

  t.test('403: a transformation that could be the first folder of another name', async (t) => {
    for (const transformation of ['site_b', 'w_64/site_b', 'w_64,site_b', 'team_a']) t.match((await get({ type: 'private', transformation })).json(), { status: 403, errors: [{ pointer: '/transformation' }] }, transformation)
  })

  t.test('403: no derived picture of that sort either, whichever parameter asks for it', async (t) => {
    const breakpoints = (transformation: string) => [{ create_derived: true, max_images: 3, transformation }]
    for (const wish of [{ responsive_breakpoints: breakpoints('w_64,l_private:users:2:secret') }, { eager: ['w_64,%6c_private:users:2:secret'] }, { transformation: 'w_64%2Cl_private:users:2:secret' }]) {
      for (const url of ['/upload', '/signature']) {
        const before = sandbox.requests.length
        const answer = await app.inject({ method: 'POST', url, headers, payload: { public_id: 'users/1/made', ...(url === '/upload' && { file: GIF }), ...wish } })
        t.match(answer.json(), { status: 403, errors: [{ pointer: `/${Object.keys(wish)[0] ?? ''}` }] }, url)
        t.equal(sandbox.requests.length, before, 'nothing reached Cloudinary')
      }
    }
    const wish = { file: GIF, public_id: 'users/1/made', responsive_breakpoints: breakpoints('w_64'), eager: ['w_64/png', 'l_users:1:logo'], transformation: 'w_64' }
    t.match((await app.inject({ method: 'POST', url: '/upload', headers, payload: wish })).json(), { public_id: 'users/1/made' })
  })
})
