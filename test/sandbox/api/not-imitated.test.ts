import { createRequire } from 'node:module'
import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const BASIC = { authorization: `Basic ${btoa('1234:abcd')}` }
const FORM = { ...BASIC, 'content-type': 'application/x-www-form-urlencoded' }
const sandbox = await startSandbox()
t.teardown(() => sandbox.close())
await sandbox.add('present')

async function ask (call: string, body?: string) {
  const [method = '', path = ''] = call.split(' ')
  const headers = body === undefined ? BASIC : FORM
  const answer = await fetch(sandbox.url + path, { method, headers, ...body !== undefined && { body } })
  const text = await answer.text()
  return {
    status: answer.status,
    name: answer.headers.get('x-sandbox-not-imitated'),
    reason: answer.headers.get('x-cld-error'),
    message: text.startsWith('{') ? (JSON.parse(text) as { error?: { message: string } }).error?.message : text // the API's form
  }
}

t.test('400: whatever the vendor has and the sandbox has not, on every path, named in a header', async (t) => {
  const named: Readonly<Record<string, string>> = {
    'GET /v2/demo/analysis/tasks/1': 'GET /v2/demo/analysis/tasks/1',
    'POST /v2/demo/analysis/analyze/captioning': 'POST /v2/demo/analysis/analyze/captioning',
    'POST /v2/notifications/demo/messages': 'POST /v2/notifications/demo/messages',
    'POST /v2/generate/demo/text_to_image': 'POST /v2/generate/demo/text_to_image',
    'GET /v1_1/provisioning/accounts/x/sub_accounts': 'GET /v1_1/provisioning/accounts/x/sub_accounts',
    'POST /v1_1/provisioning/clouds': 'POST /v1_1/provisioning/clouds',
    'GET /v1_1/demo/resources/backup': 'backups',
    'GET /v1_1/demo/resources/backup/0123': 'backups',
    'DELETE /v1_1/demo/resources/backup/0123': 'backups',
    'GET /v1_1/demo/resources/get_resource': 'GET /v1_1/{cloud}/resources/get_resource',
    'PUT /v1_1/demo/resources/update': 'PUT /v1_1/{cloud}/resources/update',
    'GET /v1_1/demo/resources/by_container_id/1': 'GET /v1_1/{cloud}/resources/by_container_id/1',
    'GET /v1_1/demo/folders/descendants': 'lists of all folders below another',
    'GET /v1_1/demo/folders/by_path': 'folders by their paths',
    'GET /v1_1/demo/people': 'GET /v1_1/{cloud}/people',
    'POST /v1_1/demo/video/concat': 'POST /v1_1/{cloud}/video/concat',
    'POST /v1_1/demo/eval': 'POST /v1_1/{cloud}/eval',
    'POST /v1_1/demo/derived_resources/invalidate_by_urls': 'POST /v1_1/{cloud}/derived_resources/invalidate_by_urls',
    'PATCH /v1_1/demo/resources/image/upload/present': 'PATCH /v1_1/{cloud}/resources/image/upload/present',
    'DELETE /v1_1/demo/resources/image': 'DELETE /v1_1/{cloud}/resources/image',
    'GET /v1_1/demo/image/upload': 'GET /v1_1/{cloud}/image/upload',
    'PUT /v1_1/demo/image/upload': 'PUT /v1_1/{cloud}/image/upload',
    'GET /demo/sprite/logo.png': 'GET /demo/sprite/logo.png',
    'POST /demo/image/upload/present.png': 'POST /demo/image/upload/present.png',
    'GET /robots.txt': 'GET /robots.txt'
  }
  for (const [call, name] of Object.entries(named)) {
    const message = `The sandbox does not imitate ${name}`
    t.same(await ask(call), { status: 400, name, reason: message, message }, call)
  }
  t.match(await ask('HEAD /v1_1/demo/no/such/thing'), { status: 400, name: 'HEAD /v1_1/{cloud}/no/such/thing' })
})

t.test('400: delivery types other than those of stored assets, in every call that takes one', async (t) => {
  for (const type of ['facebook', 'twitter_name', 'fetch', 'gravatar', 'sprite', 'text']) {
    const expected = { status: 400, name: `the delivery type ${type}` }
    const id = `public_id=present&type=${type}`
    t.match(await ask(`GET /v1_1/demo/resources/image/${type}`), expected, 'list')
    t.match(await ask(`GET /v1_1/demo/resources/image/${type}/present`), expected, 'details')
    t.match(await ask(`POST /v1_1/demo/resources/image/${type}/present`, 'tags=a'), expected, 'update')
    t.match(await ask(`DELETE /v1_1/demo/resources/image/${type}`, 'public_ids[]=present'), expected, 'delete')
    t.match(await ask(`POST /v1_1/demo/resources/image/${type}/update_access_mode`, 'access_mode=public&prefix=p'), expected, 'access mode')
    t.match(await ask('POST /v1_1/demo/image/destroy', id), expected, 'destroy')
    t.match(await ask('POST /v1_1/demo/image/explicit', id), expected, 'explicit')
    t.match(await ask('POST /v1_1/demo/image/rename', `from_public_id=present&to_public_id=p&type=${type}`), expected, 'rename')
    t.match(await ask('POST /v1_1/demo/image/tags', `tag=a&public_ids[]=present&type=${type}`), expected, 'tags')
    t.match(await ask('POST /v1_1/demo/image/context', `context=a=b&public_ids[]=present&type=${type}`), expected, 'context')
    t.match(await ask('POST /v1_1/demo/image/upload', `file=data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7&type=${type}`), expected, 'upload')
    t.match(await ask(`GET /v1_1/demo/image/download?${id}`), expected, 'download')
    t.match(await ask(`GET /demo/image/${type}/present.png`), { ...expected, reason: `The sandbox does not imitate the delivery type ${type}` }, 'delivery')
  }
  t.match(await ask('GET /v1_1/demo/resources/image/upload/present'), { status: 200, name: null }, 'nothing has happened to it')
})

t.test('400: what is refused while something is made says it in the same header', async (t) => {
  const upload = (fields: string) => ask('POST /v1_1/demo/image/upload', `file=data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7&${fields}`)
  t.match(await upload('eager=e_oil_paint'), { status: 400, name: 'the effect oil_paint' })
  t.match(await upload('eager=/psd'), { status: 400, name: 'conversion to psd' }, 'found in the renderer')
  t.match(await upload('manifest_json=[]'), { status: 400, name: 'the upload parameter manifest_json' })
  t.match(await ask('GET /demo/image/upload/e_cartoonify/present.png'), { status: 400, name: 'the effect cartoonify' })
  t.match(await ask('GET /demo/image/upload/present.psd'), { status: 400, name: 'conversion to psd' })
  t.match(await ask('POST /v1_1/demo/image/upload', 'file=ftp://example.com/a.png'), { status: 400, name: /^uploads from ftp/ })
})

t.test('404: an asset that is absent, an ID that nobody has, and paths of the sandbox itself', async (t) => {
  for (const path of ['resources/image/upload/absent', `resources/${'0'.repeat(32)}`, 'resources/noSuchId', 'folders/absent']) {
    t.match(await ask(`GET /v1_1/demo/${path}`), { status: 404, name: null }, path)
  }
  t.match(await ask('GET /demo/image/upload/absent.png'), { status: 404, name: null })
  t.match(await ask('GET /_sandbox/absent'), { status: 404, name: null })
})

t.test('the official Node client shows its user why', async (t) => {
  process.env['CLOUDINARY_URL'] = sandbox.cloudinaryUrl()
  // It reads the address when it is loaded.
  const { v2: cloudinary } = createRequire(import.meta.url)('cloudinary') as typeof import('cloudinary')
  const { api, uploader } = cloudinary
  const refused = async (asked: Promise<unknown>) => asked.then(() => 'not refused', (reason: { error?: unknown }) => reason.error ?? reason)
  t.match(await refused(api.restore(['present'])), { message: 'The sandbox does not imitate restoring from backups' })
  t.match(await refused(api.resource('present', { type: 'facebook' })), { message: 'The sandbox does not imitate the delivery type facebook' })
  t.match(await refused(uploader.create_zip({ tags: 'x' })), { message: 'The sandbox does not imitate archives' })
})
