import t from 'tap'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { startGateway } from '../support/gateway.ts'

const PIXEL = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')
const key = (name: string) => `keys: ['sha256:${digestOf(name).toString('hex')}']`
const POLICY = `callers:
  brand: { ${key('brand')}, delete: { protected: ['brand/**'] } }
  keeper: { ${key('keeper')}, delete: { allow: false } }
  uploader: { ${key('uploader')}, actions: [uploadResource, generateSignature] }
`

t.test('what a caller may not delete', async (t) => {
  const { app, url, sandbox } = await startGateway(t, { auth: { mode: 'keys', policyFile: `${t.testdir({ 'policy.yaml': POLICY })}/policy.yaml` } })
  const bearer = (name: string) => ({ authorization: `Bearer ${name}` })
  const api = async (path: string, fields: object) => fetch(`${sandbox.url}/v1_1/demo/${path}`, {
    method: 'POST', headers: { authorization: `Basic ${btoa('1234:abcd')}`, 'content-type': 'application/json' }, body: JSON.stringify(fields)
  })
  const upload = async (name: string, fields: Record<string, string>, filename: string): Promise<Response> => {
    const form = new FormData()
    for (const [field, value] of Object.entries(fields)) form.append(field, value)
    form.append('file', new Blob([PIXEL]), filename)
    return fetch(`${url}/upload`, { method: 'POST', headers: bearer(name), body: form })
  }
  /** The other way in: a signature, then the form straight to Cloudinary. */
  const signed = async (name: string, fields: Record<string, string>, filename: string): Promise<Response> => {
    const answer = await app.inject({ method: 'POST', url: '/signature', headers: bearer(name), payload: fields })
    if (answer.statusCode !== 200) return new Response(answer.body, { status: answer.statusCode })
    const form = new FormData()
    for (const [field, value] of Object.entries(answer.json<{ fields: Record<string, string> }>().fields)) form.append(field, value)
    form.append('file', new Blob([PIXEL]), filename)
    return fetch(answer.json().upload_url, { method: 'POST', body: form })
  }

  t.test('403: a protected asset stays as it is, however its name is spelt', async (t) => {
    await sandbox.add('brand/logo')
    const etag = async () => (await (await fetch(`${sandbox.url}/v1_1/demo/resources/image/upload/brand/logo`, { headers: { authorization: `Basic ${btoa('1234:abcd')}` } })).json() as { etag: string }).etag
    const before = await etag()
    const spellings: Record<string, string>[] = [
      { public_id: 'brand/logo' }, { folder: 'brand', public_id: 'logo' }, { public_id: 'logo', public_id_prefix: 'brand' }, { public_id: 'logo', folder: 'other', public_id_prefix: 'brand' },
      { public_id: 'logo', asset_folder: 'brand', use_asset_folder_as_public_id_prefix: 'true' }, { folder: 'brand', use_filename: 'true', unique_filename: 'false' }
    ]
    for (const spelling of spellings) {
      for (const send of [upload, signed]) {
        t.equal((await send('brand', spelling, 'logo.png')).status, 403, JSON.stringify(spelling))
        // A signature of version 1 would also fit a form with the `overwrite` hidden in a folder that is not
        // read.
        const hides = send === signed && spelling['folder'] !== undefined &&
          spelling['public_id_prefix'] !== undefined
        t.equal((await send('brand', { ...spelling, overwrite: 'false' }, 'logo.png')).status, hides
          ? 403
          : 200, 'nothing is replaced')
      }
    }
    t.equal(await etag(), before)
    t.equal((await upload('brand', { folder: 'other', use_filename: 'true', unique_filename: 'false' }, 'logo.png')).status, 200, 'another asset of that name')
  })

  t.test('403: no token that deletes in its place', async (t) => {
    for (const name of ['keeper', 'uploader']) {
      for (const send of [upload, signed]) {
        t.equal((await send(name, { public_id: 'kept', return_delete_token: 'true' }, 'a.gif')).status, 403, name)
        const answer = await send(name, { public_id: 'kept' }, 'a.gif')
        t.equal((await answer.json() as { delete_token?: string }).delete_token, undefined)
      }
    }
    t.equal((await upload('brand', { public_id: 'brand/new', overwrite: 'false', return_delete_token: 'true' }, 'a.gif')).status, 403)
    t.type((await (await upload('brand', { public_id: 'own', return_delete_token: 'true' }, 'a.gif')).json() as { delete_token?: string }).delete_token, 'string')
  })

  t.test('200: a preset that asks for a token gets none for such a caller, and the widget is told what to send', async (t) => {
    t.equal((await api('upload_presets', { name: 'tokens', return_delete_token: true })).status, 200)
    for (const send of [upload, signed]) {
      const answer = await send('uploader', { public_id: 'kept', upload_preset: 'tokens' }, 'a.gif')
      t.equal(answer.status, 200)
      t.equal((await answer.json() as { delete_token?: string }).delete_token, undefined)
    }
    const paramsToSign = { timestamp: Math.floor(Date.now() / 1000), source: 'uw', upload_preset: 'tokens' }
    const widget = async (payload: object) => (await app.inject({ method: 'POST', url: '/signature', headers: bearer('uploader'), payload })).json()
    t.match(await widget({ paramsToSign }), { status: 403, errors: [{ pointer: '/paramsToSign/return_delete_token', message: /must be sent as "false"/ }] })
    t.match(await widget({ paramsToSign: { ...paramsToSign, return_delete_token: false } }), { fields: { return_delete_token: 'false' } })
  })
})
