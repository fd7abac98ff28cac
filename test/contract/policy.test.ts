import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { Secret } from '../../src/secret.ts'
import { environmentAt, startGateway, testConfig } from '../support/gateway.ts'
import { rounds } from '../support/rounds.ts'

const GIF = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const digest = (key: string) => `'sha256:${digestOf(key).toString('hex')}'`
const policyFile = (t: Test, text: string) => join(t.testdir({ 'policy.yaml': text }), 'policy.yaml')
const keysOnly = { mode: 'keys', keys: [], jwksUrl: undefined, jwtPublicKey: undefined, issuer: undefined, audience: undefined } as const

/** A body like curl's: fields, the file, nothing else. */
function form (fields: Readonly<Record<string, string>>, bytes: number): FormData {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.append(name, value)
  body.append('file', new Blob([new Uint8Array(bytes)]), 'large.bin')
  return body
}

t.test('a policy holds for a file in chunks too', async (t) => {
  const { url, sandbox } = await startGateway(t, {
    auth: {
      ...keysOnly,
      policyFile: policyFile(t, `
callers:
  jailed: { keys: [${digest('jailed')}], folder: users/1 }
  marked: { keys: [${digest('marked')}], sign: { force: { tags: member } } }
`)
    },
    upload: { singleRequestMaxBytes: 1_000_000, chunkBytes: 5 * 1024 ** 2 }
  })
  const upload = async (key: string, fields: Readonly<Record<string, string>>): Promise<unknown> => {
    const answer = await fetch(`${url}/upload?resource_type=raw`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: form(fields, 7_000_000) })
    return answer.json()
  }
  t.match(await upload('jailed', {}), { public_id: /^users\/1\//, bytes: 7_000_000 })
  t.match(await upload('marked', {}), { tags: ['member'], bytes: 7_000_000 })
  const before = sandbox.requests.length
  t.match(await upload('jailed', { public_id: 'users/2/a' }), { status: 403, errors: [{ pointer: '/public_id' }] })
  t.equal(sandbox.requests.length, before, 'not one chunk was sent for it')
})

t.test('a policy holds from the request to what Cloudinary sees', async (t) => {
  const { app, sandbox } = await startGateway(t, {
    auth: {
      ...keysOnly,
      policyFile: policyFile(t, `
callers:
  members: { keys: [${digest('member')}], folder: users/1, sign: { allow: [public_id, tags, context], force: { tags: member }, formats: [gif], validity_seconds: 120, max_bytes: 1000 } }
  all: { keys: [${digest('all')}] }
`)
    }
  })
  const call = (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object, key = 'member') => app.inject({ method, url, headers: { authorization: `Bearer ${key}` }, ...(payload && { payload }) })

  t.test('200: what is signed is what the policy wants, and Cloudinary takes it', async (t) => {
    const answer = (await call('POST', '/signature', { public_id: 'users/1/a', context: { alt: 'x' } })).json()
    t.match(answer.fields, { tags: 'member', allowed_formats: 'gif', public_id: 'users/1/a' })
    t.equal(answer.expires_at, answer.timestamp + 3600)
    t.ok(answer.expires_at * 1000 - Date.now() <= 121_000)
    const response = await fetch(answer.upload_url, { method: 'POST', body: new URLSearchParams({ ...answer.fields, file: GIF }) })
    t.match(await response.json(), { public_id: 'users/1/a', tags: ['member'] })
  })
  t.test('200: an upload through the gateway gets the same', async (t) => {
    t.match((await call('POST', '/upload', { file: GIF, context: { alt: 'y' } })).json(), { public_id: /^users\/1\//, tags: ['member'] })
  })
  t.test('200: fields that stand after the file count too', async (t) => {
    const form = new FormData()
    form.append('file', new Blob([Buffer.from(GIF.slice(22), 'base64')]), 'a.gif')
    form.append('public_id', 'users/1/late')
    t.match((await app.inject({ method: 'POST', url: '/upload', headers: { authorization: 'Bearer member' }, payload: form })).json(), { public_id: 'users/1/late', tags: ['member'] })
    form.set('public_id', 'users/2/late')
    t.match((await app.inject({ method: 'POST', url: '/upload', headers: { authorization: 'Bearer member' }, payload: form })).json(), { status: 403, errors: [{ pointer: '/public_id' }] })
  })
  t.test('403, 413, 422: nothing reaches Cloudinary', async (t) => {
    const before = sandbox.requests.length
    for (const url of ['/signature', '/upload']) {
      const file = url === '/upload' ? { file: GIF } : {}
      t.match((await call('POST', url, { ...file, public_id: 'users/2/a' })).json(), { status: 403, code: 'forbidden', errors: [{ pointer: '/public_id' }] })
      t.match((await call('POST', url, { ...file, eval: 'x', eager: ['w_1'] })).json(), { status: 403 })
      t.match((await call('POST', url, { ...file, eager: ['w_1'], invalidate: true })).json(), { status: 422, code: 'param_not_allowed', errors: [{ pointer: '/eager' }, { pointer: '/invalidate' }] })
    }
    t.match((await app.inject({ method: 'POST', url: '/upload', headers: { authorization: 'Bearer member', 'content-type': 'image/gif' }, payload: Buffer.alloc(1001) })).json(), { status: 413 })
    for (const id of ['users/2/a', 'users/10/a']) t.equal((await call('DELETE', `/resources/${id}`)).statusCode, 403)
    t.match((await call('GET', '/resources')).json(), { resources: [{ public_id: /^users\/1\// }] })
    t.notOk(sandbox.requests.slice(before).some(({ path }) => /users(?:%2F|\/)(?:2|10)/.test(path)))
  })
})

t.test('422: rules about places hold for the name under which an asset is stored', async (t) => {
  const { app, sandbox } = await startGateway(t, {
    auth: { ...keysOnly, policyFile: policyFile(t, `callers: { both: { keys: [${digest('both')}], sign: { folder: [users/1], public_id: ['*'] } }, folders: { keys: [${digest('folders')}], sign: { folder: [users/1], formats: [gif] } } }`) }
  })
  const post = (key: string, url: string, fields: object) => app.inject({ method: 'POST', url, headers: { authorization: `Bearer ${key}` }, payload: url === '/upload' ? { file: GIF, ...fields } : fields })
  for (const url of ['/signature', '/upload']) {
    t.match((await post('both', url, { public_id: 'x', public_id_prefix: 'users/2' })).json(), { status: 422, errors: [{ pointer: '/public_id_prefix' }] })
    t.match((await post('both', url, { public_id: 'x', asset_folder: 'users/2', use_asset_folder_as_public_id_prefix: true })).json(), { status: 422, errors: [{ pointer: '/use_asset_folder_as_public_id_prefix' }] })
    t.match((await post('folders', url, { public_id: 'users/2/x' })).json(), { status: 422, errors: [{ pointer: '/public_id' }] })
    t.match((await post('folders', url, { public_id: 'x' })).json(), { status: 422, errors: [{ pointer: '/folder', message: /must be given/ }] })
  }
  t.match((await post('folders', '/signature', { paramsToSign: { timestamp: Math.floor(Date.now() / 1000), folder: 'users/1', allowed_formats: ',' } })).json(), { status: 400, errors: [{ pointer: '/paramsToSign/allowed_formats/0' }, {}] })
  t.equal(sandbox.requests.length, 0)
  t.match((await post('folders', '/upload', { folder: 'users/1', public_id: 'x' })).json(), { public_id: 'users/1/x' })
})

t.test('two environments of one cloud never cross while the policy reloads: each request carries its own key', async (t) => {
  const sandbox = await startSandbox({ clouds: [{ cloudName: 'demo', apiKey: '1111', apiSecret: 'one' }, { cloudName: 'other', apiKey: '2222', apiSecret: 'two' }] as never })
  t.teardown(() => sandbox.close())
  const path = policyFile(t, `callers: { all: { keys: [${digest('all')}] } }`)
  const one = environmentAt(sandbox.url, { name: 'one', apiKey: '1111', apiSecret: new Secret('one') })
  const two = environmentAt(sandbox.url, { name: 'two', cloudName: 'other', apiKey: '2222', apiSecret: new Secret('two') })
  const app = await buildApp({ config: testConfig([one, two], { auth: { ...keysOnly, policyFile: path } }) })
  t.teardown(() => app.close())
  const answers = await Promise.all(Array.from({ length: rounds(1_000) }, async (_, index) => {
    if (index % 100 === 0) {
      await writeFile(path, `callers: { all: { keys: [${digest('all')}] }, c${index}: { keys: [${digest(`c${index}`)}] } }`)
      await app.reloadPolicy()
    }
    const name = index % 2 ? 'one' : 'two'
    const { api_key: apiKey } = (await app.inject({ method: 'POST', url: '/signature', headers: { authorization: 'Bearer all', 'x-environment': name }, payload: { folder: 'a' } })).json()
    return { name, apiKey }
  }))
  t.equal(answers.filter(({ name, apiKey }) => apiKey !== (name === 'one' ? '1111' : '2222')).length, 0)
})
