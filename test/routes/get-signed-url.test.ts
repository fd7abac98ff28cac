import t from 'tap'
import { v2 as cloudinary } from 'cloudinary'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { startGateway } from '../support/gateway.ts'

const now = () => Math.floor(Date.now() / 1000)

t.test('GET and POST /signed-url', async (t) => {
  const { app, sandbox } = await startGateway(t)
  const get = (query: Record<string, string>) => app.inject({ method: 'GET', url: '/signed-url', query })
  const post = (payload: object) => app.inject({ method: 'POST', url: '/signed-url', payload })

  t.test('200: a link that the official package makes too, for one hour, and that no cache keeps', async (t) => {
    const before = now()
    const answer = await get({ public_id: 'secret/tom', attachment: 'true', format: 'png' })
    t.equal(answer.headers['cache-control'], 'no-store')
    const { url, expires_at: expiresAt } = answer.json()
    t.ok(expiresAt >= before + 3600 && expiresAt <= now() + 3600)
    const query = Object.fromEntries(new URL(url).searchParams)
    t.equal(url, cloudinary.utils.private_download_url('secret/tom', 'png', {
      type: 'private', attachment: true, expires_at: expiresAt, timestamp: Number(query['timestamp']), cloud_name: 'demo', api_key: '1234', api_secret: 'abcd', upload_prefix: sandbox.url
    } as never)) // the package's types know neither timestamp nor upload_prefix
  })

  t.test('200: the link hands out the asset, as a file to save', async (t) => {
    await sandbox.add('secret/tom', { type: 'private' })
    const { url } = (await post({ public_id: 'secret/tom', attachment: true })).json()
    const file = await fetch(url)
    t.equal(file.status, 200)
    t.match(file.headers.get('content-disposition'), /^attachment/)
    t.equal((await fetch(url.replace('tom', 'tim'))).status, 401, 'and no other')
  })

  t.test('200: an expiry and a type of one\'s own', async (t) => {
    const expiresAt = now() + 60
    const answer = (await post({ public_id: 'a', expires_at: expiresAt, type: 'authenticated', resource_type: 'raw' })).json()
    t.equal(answer.expires_at, expiresAt)
    t.match(answer.url, /\/raw\/download\?.*&type=authenticated&/)
  })

  t.test('200: a derived file under a name of its own', async (t) => {
    await sandbox.add('secret/derived', { type: 'private' })
    const asked = { public_id: 'secret/derived', attachment: true, target_filename: 'my picture.jpg', format: 'jpg' }
    for (const { url } of [(await post({ ...asked, transformation: { width: 20, crop: 'scale' } })).json(), (await get({ ...asked, attachment: 'true', transformation: 'c_scale,w_20' })).json()]) {
      t.match(Object.fromEntries(new URL(url).searchParams), { transformation: 'c_scale,w_20', target_filename: 'my picture.jpg' })
      const file = await fetch(url)
      t.equal(file.status, 200)
      t.match(file.headers.get('content-disposition'), /my picture\.jpg/)
    }
    t.match((await post({ public_id: 'a', target_filename: 'a/b', transformation: { width: -1 } })).json(), { status: 400, errors: [{ pointer: '/target_filename' }, { pointer: '/transformation/width' }] })
  })

  t.test('400: past, milliseconds, unknown and missing fields', async (t) => {
    t.match((await post({ public_id: 'a', expires_at: now() - 5 })).json(), { status: 400, errors: [{ pointer: '/expires_at', message: /in the past/ }] })
    t.match((await get({ public_id: 'a', expires_at: String(Date.now() + 60_000) })).json(), { status: 400, errors: [{ pointer: '/expires_at', message: /looks like milliseconds/ }] })
    t.match((await get({ public_id: 'a', expire_at: '1' })).json(), { status: 400, errors: [{ pointer: '/expire_at', message: /did you mean "expires_at"/ }] })
    t.match((await post({})).json(), { status: 400, errors: [{ pointer: '/public_id', message: 'is required' }] })
  })
})

t.test('403 for a link that would live longer than the policy allows; its own links are shorter', async (t) => {
  const policy =
    `callers: { short: { keys: ['sha256:${digestOf('short').toString('hex')}'], signed_urls: { validity_seconds: 60 } } }`
  const { app } = await startGateway(t, {
    auth: { mode: 'keys', policyFile: `${t.testdir({ 'policy.yaml': policy })}/policy.yaml` }
  })
  const ask = async (asked: object) => (await app.inject({
    method: 'POST',
    url: '/signed-url',
    headers: { authorization: 'Bearer short' },
    payload: { public_id: 'a', ...asked }
  })).json()
  const before = now()
  const { expires_at: expiresAt } = await ask({})
  t.ok(expiresAt >= before + 60 && expiresAt <= now() + 60)
  t.match(await ask({ expires_at: before + 30 }), { expires_at: before + 30 })
  for (const late of [3600, 1_000_000_000]) {
    t.match(await ask({ expires_at: now() + late }), {
      status: 403,
      code: 'forbidden',
      errors: [{ pointer: '/expires_at', message: /live for at most 60 seconds/ }]
    })
  }
})

t.test('a link that must die dies, also when its expiry is hidden in the parameter before it', async (t) => {
  const key = `keys: ['sha256:${digestOf('short').toString('hex')}']`
  let aheadMs = 0
  const policyFile =
    `${t.testdir({ 'policy.yaml': `callers: { short: { ${key}, signed_urls: { validity_seconds: 60 } } }` })}/policy.yaml`
  const { app, sandbox } = await startGateway(t, { auth: { mode: 'keys', policyFile } }, {
    clock: () => Date.now() + aheadMs
  })
  await sandbox.add('secret/tom', { type: 'private' })
  const payload = { public_id: 'secret/tom', attachment: true, expires_at: now() + 30 }
  const { url } = (await app.inject({
    method: 'POST', url: '/signed-url', headers: { authorization: 'Bearer short' }, payload
  })).json()
  const hidden = new URL(url)
  hidden.searchParams.delete('expires_at')
  hidden.searchParams.set('attachment', `true&expires_at=${payload.expires_at}`)
  t.same(
    [(await fetch(url)).status, (await fetch(hidden)).status], [200, 200], 'a string of version 1 is the same'
  )
  aheadMs = 120_000
  t.same([(await fetch(url)).status, (await fetch(hidden)).status], [400, 400])
})
