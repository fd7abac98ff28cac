import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { testConfig } from '../support/gateway.ts'
import { officialClient } from '../support/official-client.ts'

// One CLOUDINARY_URL for both: the official client reads it when it is loaded, the gateway from its configuration.
const sandbox = await startSandbox()
t.teardown(() => sandbox.close())
const cloudinary = await officialClient(t, sandbox)
const { api, uploader } = cloudinary
/** The package has these; its types do not, or less of them. */
const { resource_by_asset_id: byAssetId } = api as unknown as { resource_by_asset_id (id: string, options: object): Promise<object> }
const utils = cloudinary.utils as unknown as {
  api_sign_request (fields: object, secret: string): string
  private_download_url (publicId: string, format: string, options: object): string
  verify_api_response_signature (publicId: string, version: number, signature: string): boolean
}

const app = await buildApp({ config: testConfig(loadConfig({ CLOUDINARY_URL: sandbox.cloudinaryUrl() }).environments) })
t.teardown(() => app.close())
const gateway = await app.listen({ host: '127.0.0.1', port: 0 })

const fixture = new URL('../fixtures/landscape.jpg', import.meta.url)
const picture = readFileSync(fixture)
const etag = createHash('md5').update(picture).digest('hex')

type Members = Record<string, unknown>

async function ask (path: string, init: RequestInit & { json?: object } = {}): Promise<{ status: number, body: Members }> {
  const { json, ...rest } = init
  const answer = await fetch(gateway + path, json ? { ...rest, body: JSON.stringify(json), headers: { 'content-type': 'application/json' } } : rest)
  return { status: answer.status, body: await answer.json() as Members } // every answer here is a JSON object
}

function form (fields: Record<string, string>): FormData {
  const data = new FormData()
  for (const [name, value] of Object.entries(fields)) data.append(name, value)
  data.append('file', new Blob([picture]), 'landscape.jpg')
  return data
}

/** The answer without what differs from call to call: the rates the client adds, and the order of members. */
const plain = (answer: object): Members => {
  const { rate_limit_allowed: _a, rate_limit_reset_at: _b, rate_limit_remaining: _c, ...rest } = answer as Members
  return JSON.parse(JSON.stringify(rest)) as Members
}

t.test('what the gateway stored: the official client lists, gets, updates and deletes it', async (t) => {
  const fields = { public_id: 'from gateway/ä', tags: 'a,b', context: 'alt=x\\|y' }
  const { body: uploaded } = await ask('/upload', { method: 'POST', body: form(fields) })
  t.match(uploaded, { public_id: 'from gateway/ä', etag, tags: ['a', 'b'], context: { custom: { alt: 'x|y' } } })
  t.ok(utils.verify_api_response_signature(String(uploaded['public_id']), Number(uploaded['version']), String(uploaded['signature'])), 'its client accepts the answer')

  const found = await api.resource('from gateway/ä')
  t.strictSame((await ask('/resources/from%20gateway%2F%C3%A4')).body, plain(found), 'both get the very same')
  const listed = await api.resources({ type: 'upload', prefix: 'from gateway/', tags: true, context: true })
  t.strictSame((await ask('/resources?prefix=from%20gateway/&tags=true&context=true')).body, plain(listed))

  await api.update('from gateway/ä', { tags: 'c', context: { alt: 'a=b' } })
  t.match((await ask('/resources/from%20gateway%2F%C3%A4')).body, { tags: ['c'], context: { custom: { alt: 'a=b' } } })
  t.match(await uploader.destroy('from gateway/ä'), { result: 'ok' })
  t.match(await ask('/resources/from%20gateway%2F%C3%A4'), { status: 404, body: { code: 'not_found' } })
})

t.test('lists by tag, moderation and folder, and assets by their ID: both get the very same', async (t) => {
  const { asset_id: id } = await uploader.upload(fixture.pathname, { public_id: 'filtered/a', tags: ['rare one'], moderation: 'manual', asset_folder: 'shown' })
  await uploader.upload(fixture.pathname, { public_id: 'filtered/b', tags: ['rare one'] })
  t.strictSame((await ask('/resources?tag=rare%20one&tags=true')).body, plain(await api.resources_by_tag('rare one', { tags: true })))
  t.strictSame((await ask('/resources?tag=rare%20one&fields=tags&fields=bytes')).body, plain(await api.resources_by_tag('rare one', { fields: 'tags,bytes' } as never))) // its types know less
  t.strictSame((await ask('/resources?moderation_kind=manual&moderation_status=pending')).body, plain(await api.resources_by_moderation('manual', 'pending')))
  t.strictSame((await ask('/resources?asset_folder=shown')).body, plain(await api.resources_by_asset_folder('shown')))
  t.strictSame((await ask(`/assets/${String(id)}?image_metadata=true`)).body, plain(await byAssetId(String(id), { image_metadata: true })))
  const changes = { headers: 'X-Robots-Tag: none', access_control: { access_type: 'token' }, auto_transcription: { translate: ['fr'] }, custom_coordinates: [1, 2, 3, 4] }
  await api.update('filtered/a', changes as never) // as above
  const theirs = sandbox.requests.at(-1)?.fields
  await ask(`/assets/${String(id)}`, { method: 'PATCH', json: changes })
  t.strictSame(sandbox.requests.at(-1)?.fields, theirs)
  for (const name of ['a', 'b']) await uploader.destroy(`filtered/${name}`)
})

t.test('what the official client stored: the gateway lists, gets, updates and deletes it', async (t) => {
  const uploaded = await uploader.upload(fixture.pathname, { public_id: 'from client', type: 'private', tags: ['a', 'b'], moderation: 'manual' })
  t.match(uploaded, { etag })
  const listed = (await ask('/resources?type=private&tags=true&moderations=true')).body
  t.match(listed, { resources: [{ public_id: 'from client', tags: ['a', 'b'] }] })
  t.match((await ask('/resources/from%20client?type=private')).body, { asset_id: uploaded.asset_id, bytes: picture.length })
  t.match((await ask('/resources/from%20client?type=private', { method: 'PATCH', json: { tags: ['c'], moderation_status: 'approved' } })).status, 200)
  t.match(await api.resource('from client', { type: 'private' }), { tags: ['c'], moderation: [{ status: 'approved' }] })
  t.match((await ask('/resources/from%20client?type=private', { method: 'DELETE' })).body, { result: 'ok' })
  t.match(await uploader.destroy('from client', { type: 'private' }), { result: 'not found' })
})

t.test('POST /signature: api_sign_request agrees, and its fields, posted straight to upload_url, make an upload', async (t) => {
  const wanted = { public_id: 'signed/one', tags: ['a', 'b'], context: { alt: 'x=y|z & ü' }, eager: [{ width: 20, crop: 'scale' }, 'c_fill,h_10,w_10'], overwrite: true, notification_url: 'https://example.com/?a=1&b=2', moderation: 'manual' }
  const { body } = await ask('/signature', { method: 'POST', json: wanted })
  const { signature, upload_url: uploadUrl } = body
  const fields = body['fields'] as Record<string, string> // as its schema says
  const { signature: _, api_key: apiKey, ...signed } = fields
  t.equal(signature, utils.api_sign_request(signed, 'abcd'))
  t.equal(apiKey, cloudinary.config().api_key)
  t.equal(uploadUrl, cloudinary.utils.api_url('upload', { resource_type: 'auto' }))
  const { notification_url: _url, ...quiet } = wanted
  const second = (await ask('/signature', { method: 'POST', json: quiet })).body
  const answer = await fetch(String(second['upload_url']), { method: 'POST', body: form(second['fields'] as Record<string, string>) }) // as above
  t.match(await answer.json(), { public_id: 'signed/one', etag, tags: ['a', 'b'], context: { custom: { alt: 'x=y|z & ü' } }, eager: [{ width: 20 }, { width: 10, height: 10 }], moderation: [{ kind: 'manual' }] })
})

t.test('the widget form: the official package signs the same', async (t) => {
  const paramsToSign = { timestamp: Math.floor(Date.now() / 1000), source: 'uw', folder: 'widget', tags: 'a,b', custom_coordinates: '1,2,3,4' }
  t.equal((await ask('/signature', { method: 'POST', json: { paramsToSign } })).body['signature'], utils.api_sign_request(paramsToSign, 'abcd'))
})

t.test('what the official client signed goes through POST /direct-upload', async (t) => {
  const fields = { public_id: 'direct/one', timestamp: String(Math.floor(Date.now() / 1000)), tags: 'a,b' }
  const body = form({ ...fields, signature: utils.api_sign_request(fields, 'abcd'), api_key: '1234' })
  t.match(await ask('/direct-upload', { method: 'POST', body }), { status: 200, body: { public_id: 'direct/one', etag, tags: ['a', 'b'] } })
})

t.test('GET and POST /url: url() of the official client says the same, and what it names is delivered', async (t) => {
  await uploader.upload(fixture.pathname, { public_id: 'urls/ä b', type: 'authenticated' })
  await uploader.upload(fixture.pathname, { public_id: 'plain' })
  const cases: Array<[string, Members, Members]> = [
    ['plain', {}, {}],
    ['plain', { format: 'png', version: 1234567890 }, {}],
    ['plain', { resource_type: 'raw' }, {}],
    ['urls/ä b', { type: 'authenticated', format: 'jpg' }, { sign_url: true }],
    ['plain', { transformation: [{ width: 100, height: 80, crop: 'fill', gravity: 'auto' }, { angle: 10 }], format: 'webp' }, {}],
    ['plain', { transformation: { width: 50, crop: 'scale', quality: 'auto', fetch_format: 'jpg', effect: 'sepia:50' }, sign_url: true }, {}],
    ['plain', { transformation: { named: 'thumb' } }, {}]
  ]
  for (const [id, options, implied] of cases) {
    const expected = cloudinary.url(id, sdkOptions({ ...options, ...implied }))
    t.equal((await ask('/url', { method: 'POST', json: { public_id: id, ...options } })).body['url'], expected)
    const query = Object.entries({ public_id: id, ...options }).map(([name, value]): [string, string] => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)])
    t.equal((await ask(`/url?${new URLSearchParams(query)}`)).body['url'], expected)
  }
  for (const [id, options, implied] of [cases[0], cases[3], cases[5]] as typeof cases) {
    t.equal((await fetch(cloudinary.url(id, sdkOptions({ ...options, ...implied })))).status, 200, id)
  }
})

/**
 * The client takes `secure` from the call alone, never from CLOUDINARY_URL; it writes `named` as a name in
 * `transformation`, and adds a suffix of its own for analytics unless told not to.
 */
function sdkOptions (options: Members): object {
  const { transformation } = options
  const named = typeof transformation === 'object' && transformation !== null && 'named' in transformation ? transformation.named : undefined
  // It empties the objects that it is given.
  return structuredClone({ ...options, secure: false, urlAnalytics: false, ...named !== undefined && { transformation: [named] } })
}

t.test('GET /signed-url: private_download_url says the same, and what it names is delivered', async (t) => {
  await uploader.upload(fixture.pathname, { public_id: 'secret/é', type: 'private' })
  for (const options of [{}, { attachment: true }, { expires_at: Math.floor(Date.now() / 1000) + 60 }]) {
    const query = new URLSearchParams(Object.entries({ public_id: 'secret/é', format: 'jpg', ...options }).map(([name, value]): [string, string] => [name, String(value)]))
    const { body } = await ask(`/signed-url?${query}`)
    const timestamp = new URL(String(body['url'])).searchParams.get('timestamp')
    t.equal(body['url'], utils.private_download_url('secret/é', 'jpg', { type: 'private', expires_at: body['expires_at'], timestamp, ...options }))
    const delivered = await fetch(String(body['url']))
    t.equal(createHash('md5').update(Buffer.from(await delivered.arrayBuffer())).digest('hex'), etag)
    t.equal(/^attachment/.test(delivered.headers.get('content-disposition') ?? ''), 'attachment' in options)
  }
})
