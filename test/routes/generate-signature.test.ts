import t from 'tap'
import { v2 as cloudinary } from 'cloudinary'
import { buildApp } from '../../src/app.ts'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { environmentAt, startGateway, testConfig } from '../support/gateway.ts'

const now = () => Math.floor(Date.now() / 1000)
const official = (fields: object) => cloudinary.utils.api_sign_request(fields, 'abcd')
const GIF = 'data:image/gif;base64,R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs='

interface Answer { signature: string, timestamp: number, expires_at: number, upload_url: string, fields: Record<string, string> }

t.test('POST /signature', async (t) => {
  const { app, sandbox, url } = await startGateway(t)
  const post = (payload?: object) => app.inject({ method: 'POST', url: '/signature', ...(payload && { payload }) })
  const send = async (url: string, fields: Record<string, string>) => {
    const body = new FormData()
    for (const [name, value] of Object.entries(fields)) body.set(name, value)
    const answer = await fetch(url, { method: 'POST', body })
    return { status: answer.status, body: await answer.json() as Record<string, unknown> } // the sandbox answers objects
  }

  t.test('200: the signature of the official package over the same fields, and nothing secret', async (t) => {
    const answer = await post({ folder: 'users/1', overwrite: true, context: { alt: 'a|b=c' } })
    const { signature, timestamp, expires_at: expiresAt, fields } = answer.json<Answer>()
    t.equal(answer.headers['cache-control'], 'no-store')
    t.strictSame(fields, { folder: 'users/1', overwrite: 'true', context: 'alt=a\\|b\\=c', async: 'false', timestamp: String(timestamp), api_key: '1234', signature })
    t.equal(signature, official({ folder: 'users/1', overwrite: 'true', context: 'alt=a\\|b\\=c', async: false, timestamp }))
    t.ok(Math.abs(timestamp - now()) <= 2)
    t.equal(expiresAt, timestamp + 3600)
    t.match(answer.json(), { api_key: '1234', cloud_name: 'demo', resource_type: 'auto', upload_url: `${sandbox.url}/v1_1/demo/auto/upload` })
    t.notMatch(answer.body, /abcd/)
  })

  t.test('200: two spellings of the same value sign alike', async (t) => {
    const timestamp = now()
    const spellings = [
      { tags: ['a', 'b'], eager: [{ width: 10 }, 'w_5/png'], context: { k: 'v' }, overwrite: true },
      { tags: 'a,b', eager: 'w_10|w_5/png', context: 'k=v', overwrite: 'true' },
      { tags: '["a","b"]', eager: '[{"width":10},"w_5/png"]', context: '{"k":"v"}', overwrite: '1' }
    ]
    const signatures = await Promise.all(spellings.map(async (spelling) => (await post({ ...spelling, timestamp, resource_type: 'image' })).json<Answer>().signature))
    t.equal(new Set(signatures).size, 1)
  })

  t.test('200: the fields, sent as they are beside a file, make an upload', async (t) => {
    const { upload_url: url, fields } = (await post({ public_id: 'cats/tom', tags: ['a', 'b'], context: { alt: 'x|y & z' }, resource_type: 'image' })).json<Answer>()
    const { status, body } = await send(url, { ...fields, file: GIF })
    t.equal(status, 200)
    t.match(body, { public_id: 'cats/tom', tags: ['a', 'b'], context: { custom: { alt: 'x|y & z' } } })
  })

  t.test('200: upload_url is the address that browsers reach', async (t) => {
    const environment = environmentAt(sandbox.url, { publicUploadPrefix: 'http://pc.local:9000' })
    const behindPort = await buildApp({ config: testConfig([environment]) })
    t.teardown(() => behindPort.close())
    const answer = await behindPort.inject({ method: 'POST', url: '/signature', payload: { folder: 'a' } })
    t.match(answer.json(), { upload_url: 'http://pc.local:9000/v1_1/demo/auto/upload' })
  })

  t.test('200 without a body: everything has a default', async (t) => {
    const { fields } = (await post()).json<Answer>()
    t.strictSame(Object.keys(fields).sort(), ['api_key', 'signature', 'timestamp'])
  })

  t.test('200, but no destroy request: a signature over an ID or tags alone covers a parameter of uploads too', async (t) => {
    const signed = (await post({ public_id: 'cats/kept' })).json<Answer>()
    t.equal(signed.fields['return_delete_token'], 'false')
    await sandbox.add('cats/kept')
    const { return_delete_token: _, ...destroy } = signed.fields
    t.match(await send(`${sandbox.url}/v1_1/demo/image/destroy`, destroy), { status: 401 })
    t.equal((await app.inject('/resources/cats/kept')).statusCode, 200)
    t.match(await send(`${sandbox.url}/v1_1/demo/image/upload`, { ...signed.fields, file: GIF }), { status: 200, body: { public_id: 'cats/kept' } }, 'for an upload it changes nothing')

    const marked = async (payload: object) => (await post(payload)).json<Answer>().fields['return_delete_token']
    t.equal(await marked({ tags: ['a'] }), 'false')
    t.equal(await marked({ public_id: 'a', upload_preset: 'p' }), 'false')
    t.equal(await marked({ public_id: 'a', use_filename: true }), 'false', 'a timestamp could swallow use_filename')
    t.equal(await marked({ public_id: 'a', return_delete_token: true }), 'true', 'never overruled')
    t.equal(await marked({ folder: 'a', public_id: 'b' }), undefined)
  })

  t.test('200: the widget form is signed exactly as given', async (t) => {
    const timestamp = now()
    const paramsToSign = { timestamp, source: 'uw', folder: 'a', tags: ['x', 'y'], overwrite: 1, invalidate: true, eager: '', context: null }
    const { signature, fields } = (await post({ paramsToSign })).json<Answer>()
    t.equal(signature, official(paramsToSign))
    t.strictSame(fields, { timestamp: String(timestamp), source: 'uw', folder: 'a', tags: 'x,y', overwrite: '1', invalidate: 'true', api_key: '1234', signature })
  })

  t.test('400 and 422: widget forms that are not signed', async (t) => {
    const timestamp = now()
    const refused = async (payload: object, status: number, ...errors: object[]) => t.match((await post(payload)).json(), { status, errors }, JSON.stringify(payload))
    await refused({ paramsToSign: { timestamp, api_key: '1', folders: 'a' } }, 422,
      { pointer: '/paramsToSign/api_key', message: /not a parameter that is signed/ }, { pointer: '/paramsToSign/folders', message: /did you mean "folder"/ })
    const loud = {
      timestamp,
      source: 'uw',
      use_filename: 'TRUE',
      unique_filename: 'False',
      overwrite: 'true',
      invalidate: '0'
    }
    await refused({ paramsToSign: loud }, 400,
      { pointer: '/paramsToSign/use_filename', message: /lower case/ }, {
        pointer: '/paramsToSign/unique_filename', message: /lower case/
      })
    await refused({ paramsToSign: { timestamp, file: 'x' } }, 422, { pointer: '/paramsToSign/file' })
    await refused({ paramsToSign: { source: 'uw' } }, 400, { pointer: '/paramsToSign/timestamp', message: /Unix time/ })
    await refused({ paramsToSign: { timestamp: 'now' } }, 400, { pointer: '/paramsToSign/timestamp', message: /Unix time/ })
    await refused({ paramsToSign: { timestamp: Date.now() } }, 400, { pointer: '/paramsToSign/timestamp', message: /milliseconds/ })
    await refused({ paramsToSign: { timestamp, public_id: 'a' } }, 422, { pointer: '/paramsToSign/public_id', message: /delete/ })
    t.match((await post({ paramsToSign: { timestamp, tags: 'a' } })).json(), { status: 422, advice: /^The Upload Widget sends `source=uw` by itself; other signers add `source`/ })
    await refused({ paramsToSign: { timestamp, source: 'uw' }, folder: 'a', timestamp }, 400, { pointer: '/folder', message: /inside paramsToSign/ }, { pointer: '/timestamp' })
  })

  t.test('200: values of the widget are read, and their text is what is signed', async (t) => {
    const paramsToSign = {
      timestamp: now(),
      source: 'uw',
      tags: 'a, b',
      context: 'alt=a\\|b|caption=',
      eager: 'c_fill,w_10/png|w_5',
      custom_coordinates: '1,2,3,4',
      face_coordinates: '1,2,3,4|5,6,7,8',
      metadata: 'colour=["red","green"]',
      allowed_formats: ['jpg', 'png'],
      overwrite: '0',
      auto_tagging: 0.5,
      responsive_breakpoints: '[{"create_derived":true,"transformation":"w_10"}]',
      eval: 'x'.repeat(5000)
    }
    const answer = await post({ paramsToSign })
    t.equal(answer.statusCode, 200, answer.body)
    t.equal(answer.json<Answer>().signature, official({ ...paramsToSign, allowed_formats: 'jpg,png' }))
    t.match(answer.json<Answer>().fields, { tags: 'a, b', overwrite: '0', auto_tagging: '0.5' })
  })

  t.test('200: blanks and empty parts of lists, which Cloudinary overlooks, are signed as they are', async (t) => {
    const paramsToSign = { timestamp: now(), source: 'uw', tags: 'a,,b, c,', allowed_formats: 'jpg, PNG,' }
    const answer = await post({ paramsToSign })
    t.equal(answer.statusCode, 200, answer.body)
    t.equal(answer.json<Answer>().signature, official(paramsToSign))
    t.match(answer.json<Answer>().fields, { tags: 'a,,b, c,', allowed_formats: 'jpg, PNG,' })
  })

  t.test('400: values of the widget that no upload would take, all of them named', async (t) => {
    const refused = async (values: object, ...pointers: string[]) => {
      const { status, errors } = (await post({ paramsToSign: { timestamp: now(), source: 'uw', ...values } })).json()
      t.strictSame([status, errors.map(({ pointer }: { pointer: string }) => pointer).sort()], [400, pointers.map((name) => `/paramsToSign/${name}`)], JSON.stringify(values).slice(0, 100))
    }
    await refused({ type: 'fetch', overwrite: 'maybe', eager: 'w_1,h_%zz|../x' }, 'eager/0', 'eager/1', 'overwrite', 'type')
    await refused({ public_id: `${'-'.repeat(60_000)}/` }, 'public_id', 'public_id') // too long, and ending in a slash
    await refused({ public_id: 'a/../b', folder: '/a', public_id_prefix: 'a//b', asset_folder: 'a/' }, 'asset_folder', 'folder', 'public_id', 'public_id_prefix')
    await refused({ moderation: 'x'.repeat(4097), on_success: 'x'.repeat(65_537), upload_preset: 'x'.repeat(256) }, 'moderation', 'on_success', 'upload_preset')
    await refused({ tags: ` ,${'x'.repeat(256)}`, allowed_formats: 'jpg, p/g' }, 'allowed_formats/1', 'tags/0')
    await refused({ tags: ', ,' }, 'tags/0', 'tags/1', 'tags/2')
    await refused({ context: 'no pair', metadata: 'a=1|a=2' }, 'context', 'metadata')
    t.match((await post({ paramsToSign: { timestamp: now(), context: 'no pair' } })).json().detail, /^\/paramsToSign\/context: must be/)
  })

  t.test('200: the widget form as JSON without its type, as Cloudinary\'s own sample and curl send it; 415 to all else', async (t) => {
    const paramsToSign = { timestamp: now(), source: 'uw', folder: 'a' }
    const body = JSON.stringify({ paramsToSign })
    const send = (payload: string, type: string | undefined) => fetch(`${url}/signature`, {
      method: 'POST', body: Buffer.from(payload), headers: type === undefined ? {} : { 'content-type': type }
    })
    const asInTheSample = await fetch(`${url}/signature`, { method: 'POST', body })
    t.match(await asInTheSample.json(), { signature: official(paramsToSign) })
    const untyped = [undefined, 'text/plain', 'Text/Plain; charset=utf-8', 'application/x-www-form-urlencoded', 'application/octet-stream', 'text/json', 'application/vnd.api+json']
    for (const type of untyped) {
      t.match(await (await send(`\n ${body}`, type)).json(), { signature: official(paramsToSign) }, String(type))
      for (const other of ['{"folder":"a"}', '{"context":{"paramsToSign":"a"}}', 'folder=a', '[{"paramsToSign":{}}]', '"paramsToSign"', 'x']) {
        const answer = await send(other, type)
        t.match({ status: answer.status, accept: answer.headers.get('accept') }, { status: 415, accept: 'application/json' }, `${String(type)} ${other}`)
      }
      t.match(await (await send('{"paramsToSign":{"a":1,"a":2}}', type)).json(), { status: 400, errors: [{ pointer: '/paramsToSign/a' }] }, 'read as strictly')
      t.match(await (await send('{"paramsToSign":', type)).json(), { status: 400, detail: 'The body is not valid JSON.' })
      t.match(await (await send('{"paramsToSign":{"timestamp":1}}', type)).json(), { status: 400, errors: [{ pointer: '/paramsToSign/timestamp' }] })
    }
    for (const type of ['image/png', 'text/html', 'multipart/form-data; boundary=b', 'text/plain; charset=utf-16', 'nonsense']) t.equal((await send(body, type)).status, 415, type)
    t.equal((await app.inject({ method: 'POST', url: '/signature', headers: { 'content-type': 'image/png' } })).statusCode, 200, 'no body has no type')
    const foreign = await fetch(`${url}/signature/explain`, { method: 'POST', body })
    t.equal(foreign.status, 415, 'no other route takes it')
  })

  t.test('400: timestamps that Cloudinary would refuse', async (t) => {
    const refused = async (timestamp: unknown, message: RegExp | string) => t.match((await post({ timestamp })).json(), { status: 400, errors: [{ pointer: '/timestamp', message }] })
    await refused(Date.now(), /looks like milliseconds; it must be seconds: \d{10}$/)
    await refused(now() - 3700, /37\d\d seconds old/)
    await refused(now() + 400, /in the future/)
    await refused('yesterday', 'must be integer')
  })

  t.test('400: fields that are never signed, unknown ones, bad values', async (t) => {
    const answer = (await post({ api_key: '1', file: 'x', signature: 'y', foldre: 'z', tags: ['a,b'], context: { k: 'v\\' }, eager: [{ width: -1 }] })).json()
    t.strictSame(answer.errors.map(({ pointer }: { pointer: string }) => pointer).sort(),
      ['/api_key', '/context/k', '/eager/0/width', '/file', '/foldre', '/signature', '/tags/0'])
    t.match(answer.errors.find(({ pointer }: { pointer: string }) => pointer === '/foldre'), { message: /did you mean "folder"/ })
  })
})

t.test('no simple request of a foreign page is signed: its JSON needs no preflight as text/plain', async (t) => {
  const body = JSON.stringify({ paramsToSign: { timestamp: now(), source: 'uw' } })
  const listed = 'https://shop.example'
  const auth = { keys: [], policyFile: undefined, jwksUrl: undefined, jwtPublicKey: undefined, issuer: undefined, audience: undefined }
  for (const mode of ['loopback', 'none', 'keys'] as const) {
    const keys = mode === 'keys' ? [{ caller: 'web', digest: digestOf('web') }] : []
    const { url, app } = await startGateway(t, { auth: { ...auth, keys, mode }, corsOrigins: [listed] })
    const { host } = new URL(url)
    const send = async (type: string | undefined, headers: Record<string, string>) => {
      const answer = await app.inject({ method: 'POST', url: '/signature', payload: Buffer.from(body), headers: { host, ...type !== undefined && { 'content-type': type }, ...headers } })
      return answer.json<{ status?: number, signature?: string }>()
    }
    const refused = mode === 'keys' ? { status: 401, code: 'unauthorized' } : { status: 403, code: 'forbidden' }
    // What a page may send without asking first. Source: Fetch, "CORS-safelisted request-header".
    for (const type of ['text/plain', 'text/plain;charset=UTF-8', 'application/x-www-form-urlencoded', undefined]) {
      for (const from of [{ origin: 'https://evil.com' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }]) {
        const answer = await send(type, from as Record<string, string>)
        t.match(answer, refused, `${mode} ${String(type)} ${JSON.stringify(from)}`)
        t.notOk(answer.signature)
      }
    }
    const own = mode === 'keys' ? { authorization: 'Bearer web' } : {}
    for (const origin of [`http://${host}`, listed]) t.ok((await send('text/plain', { origin, ...own })).signature, `${mode} ${origin}`)
  }
})
