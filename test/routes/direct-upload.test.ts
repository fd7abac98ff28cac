import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { Secret } from '../../src/secret.ts'
import { environmentAt, startGateway, startGatewayAt } from '../support/gateway.ts'
import { startRuledGateway } from '../support/ruled-gateway.ts'

const MB = 1024 * 1024
const picture = readFileSync(new URL('../fixtures/landscape.jpg', import.meta.url))
const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex')
const seconds = (): number => Math.floor(Date.now() / 1000)

/** Signed by the rules on Cloudinary's page, with nothing of ours. */
function signed (fields: Record<string, string>, secret = 'abcd', algorithm = 'sha1'): Record<string, string> {
  const text = Object.keys(fields).sort().map((name) => `${name}=${fields[name]}`).join('&')
  return { ...fields, signature: createHash(algorithm).update(text + secret).digest('hex') }
}

function form (fields: Record<string, string>, file: Buffer | string = picture, position: 'first' | 'last' = 'last', extra: Array<[string, string]> = []): FormData {
  const data = new FormData()
  const addFile = (): void => { if (typeof file === 'string') data.append('file', file); else data.append('file', new Blob([file]), 'x.jpg') }
  if (position === 'first') addFile()
  for (const [name, value] of [...Object.entries(fields), ...extra]) data.append(name, value)
  if (position === 'last') addFile()
  return data
}

interface Answer { status: number, headers: Headers, body: Record<string, unknown> }

async function post (url: string, body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', body, headers, ...(body instanceof ReadableStream && { duplex: 'half' }) } as RequestInit) // duplex is missing in its type
  return { status: response.status, headers: response.headers, body: await response.json() as Record<string, unknown> } // all answers are JSON objects
}

const JSON_HEADERS = { 'content-type': 'application/json' }

interface Signed { signature: string, timestamp: number, fields: Record<string, string> }

async function sign (gateway: string, settings: object, headers: Record<string, string> = {}): Promise<Signed> {
  const { status, body } = await post(`${gateway}/signature`, JSON.stringify(settings), { ...JSON_HEADERS, ...headers })
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  return body as unknown as Signed // the documented answer
}

/** The settings as a page has them: text as it is, everything else as JSON. */
const asJson = (settings: object): Array<[string, string]> =>
  Object.entries(settings).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])

const proofOf = ({ signature, timestamp }: Signed): Record<string, string> => ({ signature, timestamp: String(timestamp) })

/** Sets of settings as pages sign them. */
const USUAL_SETS: readonly object[] = [
  {},
  { public_id: 'flow/a' },
  { folder: 'flow' },
  { tags: ['a', 'b'] },
  { public_id: 'flow/b', overwrite: true },
  { public_id: 'flow/c', tags: ['a'], context: { alt: 'a=b|c' } },
  { context: { alt: 'One\nTwo' } },
  { eager: [{ width: 10, crop: 'scale' }, 'w_5/png'], folder: 'flow' },
  { transformation: [{ width: 20 }, { angle: 90 }], public_id: 'flow/d' },
  { asset_folder: 'flow', display_name: 'Shown' },
  { public_id: 'flow/e', colors: true, faces: true },
  { custom_coordinates: [[1, 2, 3, 4]], allowed_formats: ['jpg', 'png'] },
  { notification_url: 'http://127.0.0.1:9/?a=1&b=2', tags: ['x & y'], async: false },
  { use_filename: true, unique_filename: false },
  { type: 'private', public_id: 'flow/f', invalidate: true, access_control: [{ access_type: 'token' }] }
]

t.test('POST /direct-upload, with the settings that were signed', async (t) => {
  const { url: gateway, sandbox } = await startGateway(t)
  const url = `${gateway}/direct-upload`

  t.test('200: the settings, the signature and the timestamp; what goes to Cloudinary is the signed form', async (t) => {
    for (const settings of USUAL_SETS) {
      const answer = await sign(gateway, settings)
      const { fields } = answer
      for (const position of ['first', 'last'] as const) {
        // After the file, a signature vouches for all fields together.
        const sent = form(proofOf(answer), picture, position, asJson(settings))
        const { status, body } = await post(url, sent)
        t.equal(status, 200, `${position} ${JSON.stringify(settings)} ${JSON.stringify(body)}`)
        t.strictSame(sandbox.requests.at(-1)?.fields, fields, 'nothing more, and nothing else')
      }
    }
  })

  t.test('200: lists as repeated fields, blanks, and flags as numbers', async (t) => {
    const answer = await sign(gateway, { tags: ['a', 'b'], eager: ['w_10', 'w_5/png'], overwrite: true, public_id: 'flow/spelt' })
    const sent: Array<[string, string]> = [
      ['tags[]', 'a'], ['tags[]', 'b'], ['eager', 'w_10'], ['eager', 'w_5/png'], ['overwrite', '1'], ['folder', ''], ['return_delete_token', ''], ['public_id', 'flow/spelt']
    ]
    t.match(await post(url, form(proofOf(answer), picture, 'last', sent)), { status: 200 })
    t.strictSame(sandbox.requests.at(-1)?.fields, answer.fields)
    const areas = await sign(gateway, { face_coordinates: [[1, 2, 3, 4], [5, 6, 7, 8]], tags: ['new york ', 'x'], overwrite: true })
    const repeated: Array<[string, string]> = [['face_coordinates', '1,2,3,4'], ['face_coordinates', '5,6,7,8'], ['tags', 'new york ,x'], ['overwrite', '1']]
    t.match(await post(url, form(proofOf(areas), picture, 'last', repeated)), { status: 200 })
    t.strictSame(sandbox.requests.at(-1)?.fields, areas.fields)
    t.match(areas.fields, { face_coordinates: '1,2,3,4|5,6,7,8', tags: 'new york ,x' })
    const one = await sign(gateway, { tags: ['a'] })
    t.match(await post(url, form({ ...proofOf(one), 'tags[]': 'a', resource_type: '' })), { status: 200, body: { tags: ['a'] } })
  })

  t.test('a marker after the file: dropped when it is the one that was signed, 400 when it is another; held, streamed and in chunks', async (t) => {
    const answer = await sign(gateway, { public_id: 'flow/late' })
    t.match(answer.fields, { return_delete_token: 'false' })
    const small = await startGateway(t, { upload: { chunkBytes: 5 * MB + 1, singleRequestMaxBytes: 6 * MB } })
    const large = await sign(small.url, { public_id: 'flow/late' })
    const cases = [
      [gateway, answer, picture, sandbox], [small.url, large, randomBytes(2 * MB), small.sandbox], [small.url, large, randomBytes(12 * MB), small.sandbox]
    ] as const
    for (const [base, signed, bytes, cloud] of cases) {
      const send = async (value: string): Promise<Answer> => {
        const data = form({ ...proofOf(signed), public_id: 'flow/late', resource_type: bytes === picture ? 'image' : 'raw' }, bytes)
        data.append('return_delete_token', value)
        return post(`${base}/direct-upload`, data)
      }
      for (const value of ['false', '0', '']) t.match(await send(value), { status: 200, body: { public_id: 'flow/late' } }, value)
      t.strictSame(cloud.requests.at(-1)?.fields, signed.fields)
      const before = cloud.requests.length
      t.match(await send('true'), { status: 400, body: { errors: [{ pointer: '/return_delete_token', message: 'is "true" after the file, but was signed as "false"' }] } })
      const after = cloud.requests.slice(before)
      t.ok(after.every(({ fields }) => fields['return_delete_token'] !== 'true'), 'no other value was sent')
      t.notOk(after.some(({ status, content_range: range = '' }) => status === 200 && !/-(?:5242880|10485761)\//.test(range)), 'nothing was stored: no last chunk came')
    }
  })

  t.test('401: no value is guessed, and nothing is sent; the fields that differ are named, and no marker', async (t) => {
    const answer = await sign(gateway, { public_id: 'flow/a', tags: ['a', 'b'] })
    const before = sandbox.requests.length
    const refused = async (settings: object, pointer: string): Promise<void> => {
      const { status, body } = await post(url, form(proofOf(answer), picture, 'last', asJson(settings)))
      t.match({ status, body }, { status: 401, body: { code: 'signature_mismatch', errors: [{ pointer }] } })
      t.equal((body['errors'] as object[]).length, 1, JSON.stringify(body['errors'])) // it has just been matched
    }
    await refused({ public_id: 'flow/b', tags: ['a', 'b'] }, '/public_id')
    await refused({ public_id: 'flow/a', tags: ['a', 'c'] }, '/tags')
    await refused({ public_id: 'flow/a', tags: ['a', 'b'], folder: 'x' }, '/folder')
    await refused({ public_id: 'flow/a' }, '/tags')
    await refused({ public_id: 'flow/a', tags: ['a', 'b'], return_delete_token: true }, '/return_delete_token')
    await refused({ public_id: 'flow/a', tags: '["a","b"' }, '/tags')
    t.equal(sandbox.requests.length, before)
  })
})

t.test('401 that asks for the whole `fields`, where a policy has added some', async (t) => {
  const key = (name: string): string => `'sha256:${digestOf(name).toString('hex')}'`
  const policy = `
callers:
  jailed: { keys: [${key('jailed')}], folder: users/1 }
  forced: { keys: [${key('forced')}], sign: { force: { tags: member, moderation: manual }, formats: [jpg] } }
`
  const { url, sandbox } = await startGateway(t, {
    auth: { mode: 'keys', keys: [], policyFile: join(t.testdir({ 'policy.yaml': policy }), 'policy.yaml') }
  })
  for (const caller of ['jailed', 'forced']) {
    const answer = await sign(url, { display_name: 'Mine' }, { authorization: `Bearer ${caller}` })
    const literal = await post(`${url}/direct-upload`, form({ ...proofOf(answer), display_name: 'Mine' }))
    t.match(literal, { status: 401, body: { code: 'signature_mismatch', detail: /the form must send the whole `fields`/, advice: /whole `fields`/ } })
    t.equal(sandbox.requests.filter(({ status }) => status === 200).length, caller === 'jailed' ? 0 : 1)
    t.match(await post(`${url}/direct-upload`, form(answer.fields)), { status: 200 })
  }
})

t.test('POST /direct-upload', async (t) => {
  const { url: gateway, sandbox } = await startGateway(t)
  const url = `${gateway}/direct-upload`
  const now = (): string => String(seconds())

  t.test('200: the file before and after the signed fields, SHA-1 and SHA-256', async (t) => {
    for (const position of ['first', 'last'] as const) {
      for (const algorithm of ['sha1', 'sha256']) {
        const fields = signed({ timestamp: now(), public_id: `direct/${position}-${algorithm}`, tags: 'a,b' }, 'abcd', algorithm)
        t.match(await post(url, form(fields, picture, position)), { status: 200, body: { public_id: fields['public_id'], etag: md5(picture), tags: ['a', 'b'] } })
        t.match(sandbox.requests.at(-1)?.fields, { signature: fields['signature'], timestamp: fields['timestamp'] }, 'passed on as they are')
      }
    }
  })

  t.test('200: resource_type, api_key and cloud_name beside the signed fields; a list as repeated fields', async (t) => {
    const beside = { resource_type: 'raw', api_key: '1234', cloud_name: 'demo' }
    t.match(await post(url, form({ ...signed({ timestamp: now() }), ...beside })), { status: 200, body: { resource_type: 'raw' } })
    t.match(await post(`${url}?resource_type=raw`, form(signed({ timestamp: now() }), picture, 'first', [['resource_type', 'raw']])), { status: 200, body: { resource_type: 'raw' } })
    const { tags: _, ...fields } = signed({ tags: 'a,b', timestamp: now() })
    t.match(await post(url, form(fields, picture, 'last', [['tags[]', 'a'], ['tags[]', 'b']])), { status: 200, body: { tags: ['a', 'b'] } })
  })

  t.test('200: the answer of POST /signature is all that is needed', async (t) => {
    const { body } = await post(`${gateway}/signature`, '{"folder":"users/1","tags":["a"]}', { 'content-type': 'application/json' })
    t.match(await post(url, form(body['fields'] as Record<string, string>)), { status: 200, body: { tags: ['a'] } })
  })

  t.test('200: in chunks, all under the caller\'s one signature', async (t) => {
    const small = await startGateway(t, { upload: { chunkBytes: 5 * MB + 1, singleRequestMaxBytes: 6 * MB } })
    const bytes = randomBytes(12 * MB)
    const fields = { ...signed({ timestamp: now() }), resource_type: 'raw' }
    t.match(await post(`${small.url}/direct-upload`, form(fields, bytes)), { status: 200, body: { etag: md5(bytes) } })
    t.same(new Set(small.sandbox.requests.map(({ fields: { signature } }) => signature)).size, 1)
    const before = small.sandbox.requests.length
    t.match(await post(`${small.url}/direct-upload`, form(signed({ timestamp: now() }), bytes, 'first')), { status: 400, body: { errors: [{ pointer: '/signature', message: /before a file/ }] } })
    t.equal(small.sandbox.requests.length, before, 'refused before anything was sent')
  })

  t.test('200: a form of unknown length', async (t) => {
    const { headers, body } = new Response(form(signed({ timestamp: now() })))
    t.match(await post(url, body ?? '', { 'content-type': headers.get('content-type') ?? '' }), { status: 200 })
  })

  t.test('401 that names the field which differs; nothing is stored', async (t) => {
    const before = sandbox.requests.length
    const { body: { fields } } = await post(`${gateway}/signature`, '{"folder":"users/1"}', { 'content-type': 'application/json' })
    for (const position of ['first', 'last'] as const) {
      t.match(await post(url, form({ ...fields as Record<string, string>, folder: 'users/2' }, picture, position)), {
        status: 401, body: { code: 'signature_mismatch', errors: [{ pointer: '/folder', message: /users\/1.*users\/2/ }] }
      })
      t.match(await post(url, form(signed({ timestamp: now() }, 'wrong'), picture, position)), { status: 401, body: { code: 'signature_mismatch' } })
    }
    t.equal(sandbox.requests.slice(before).filter(({ status }) => status === 200).length, 0)
  })

  t.test('401 where Cloudinary refuses what the gateway has signed: not the form is blamed, and the environment is in doubt', async (t) => {
    const { url } = await startGatewayAt(t, sandbox.url, { environments: [environmentAt(sandbox.url, { apiSecret: new Secret('old') })] })
    const { body: { fields } } = await post(`${url}/signature`, '{"public_id":"doubt"}', JSON_HEADERS)
    t.match(await post(`${url}/direct-upload`, form(fields as Record<string, string>)), {
      status: 401, body: { code: 'signature_mismatch', detail: /^The signature fits .* but Cloudinary refuses it/, advice: /\/readyz/ }
    })
    t.match(await (await fetch(`${url}/readyz`)).json(), { status: 'degraded', counts: { rejected: 1 } })
  })

  t.test('401 for a stale timestamp; 400 for one in milliseconds, in the future, or missing', async (t) => {
    t.match(await post(url, form(signed({ timestamp: String(seconds() - 4000) }))), { status: 401, body: { code: 'signature_expired' } })
    t.match(await post(url, form(signed({ timestamp: String(Date.now()) }))), { status: 400, body: { errors: [{ pointer: '/timestamp', message: /looks like milliseconds/ }] } })
    t.match(await post(url, form(signed({ timestamp: String(seconds() + 4000) }))), { status: 400, body: { errors: [{ pointer: '/timestamp', message: /in the future/ }] } })
    t.match(await post(url, form({})), { status: 400, body: { errors: [{ pointer: '/timestamp' }, { pointer: '/signature' }] } })
  })

  t.test('400 for unknown and repeated fields, two kinds, another cloud, no file', async (t) => {
    const fields = signed({ timestamp: now() })
    const bad: Array<[string, FormData, string, RegExp]> = [
      ['', form({ ...fields, fodler: 'x' }), '/fodler', /did you mean "folder"/],
      ['', form({ ...fields, 'a/b~c': 'x' }), '/a~1b~0c', /is not a field/],
      ['', form({ ...fields, environment: 'x' }), '/environment', /^belongs in the query or the X-Environment header$/],
      ['', form({ ...fields, zzzzzzzzzzzz: 'x' }), '/zzzzzzzzzzzz', /is not a field of this action$/],
      ['', form(fields, picture, 'first', [['fodler', 'x']]), '/fodler', /did you mean/],
      ['', form(fields, picture, 'last', [['timestamp', now()]]), '/timestamp', /more than once/],
      ['', form(fields, picture, 'last', [['tags', 'a'], ['tags[]', 'b']]), '/tags', /more than once/],
      ['', form({ ...fields, resource_type: 'movie' }), '/resource_type', /must be one of auto, image, video, raw/],
      ['?resource_type=raw', form({ ...fields, resource_type: 'image' }), '/resource_type', /is "image" in the body and "raw" in the query/],
      ['', form(fields, picture, 'first', [['resource_type', 'raw']]), '/resource_type', /put it before the file/],
      ['', form({ ...fields, cloud_name: 'other' }), '/cloud_name', /is not the cloud/],
      ['?folder=x', form(fields), '/folder', /^belongs in the body$/]
    ]
    for (const [query, body, pointer, message] of bad) t.match(await post(url + query, body), { status: 400, body: { errors: [{ pointer, message }] } }, `${pointer} ${message}`)
    const empty = new FormData()
    empty.append('timestamp', now())
    t.match(await post(url, empty), { status: 400, body: { errors: [{ pointer: '/file' }] } })
  })

  t.test('415 for anything but a form', async (t) => {
    const told = { status: 415, body: { code: 'unsupported_media_type', detail: /takes multipart\/form-data/ } }
    t.match(await post(url, '{}', { 'content-type': 'application/json' }), told)
    t.match(await post(url, new Blob(['x'])), told)
    t.match(await post(url, form({}), { 'content-encoding': 'gzip' }), { status: 415 })
  })

  t.test('a URL for a file, under the same signature', async (t) => {
    t.match(await post(url, form(signed({ timestamp: now() }), 'https://127.0.0.1:1/x.jpg')), { status: 400, body: { code: 'upstream_rejected' } })
  })

  t.test('422 for a bucket, in whatever form it is written and whoever asks: nothing is sent', async (t) => {
    const before = sandbox.requests.length
    for (const bucket of [
      's3://backups/a.zip', 'gs://backups/a.zip', ' S3://backups/a.zip', 'Gs://backups/a.zip'
    ]) {
      for (const position of ['first', 'last'] as const) {
        const answer = await post(url, form(signed({ timestamp: now() }), bucket, position))
        t.match(answer, {
          status: 422,
          body: {
            code: 'url_not_allowed',
            errors: [
              { pointer: '/file', message: /may not read from buckets/ }
            ]
          }
        }, bucket)
      }
    }
    t.equal(sandbox.requests.length, before)
  })

  t.test('400 for a public ID that holds a parameter: Cloudinary would sign it in its answer', async (t) => {
    const before = sandbox.requests.length
    for (const name of ['public_id', 'folder', 'filename_override']) {
      for (const position of ['first', 'last'] as const) {
        const sent = form(signed({ timestamp: now(), [name]: 'victim&tags=a' }), picture, position)
        t.match(await post(url, sent), {
          status: 400,
          body: { code: 'invalid_request', errors: [{ pointer: `/${name}`, message: /"&tags="/ }] }
        }, name)
      }
    }
    t.equal(sandbox.requests.length, before)
  })

  t.test('FilePond: a note about the file stands before its bytes under the same name', async (t) => {
    for (const note of ['', ' ', '{}', '{"crop":{"x":1}}']) {
      const data = new FormData()
      data.append('file', note)
      for (const [name, value] of Object.entries(signed({ timestamp: now() }))) data.append(name, value)
      data.append('file', new Blob([picture]), 'x.jpg')
      t.match(await post(url, data), { status: 200, body: { etag: md5(picture), original_filename: 'x' } }, note)
    }
    for (const text of ['https://example.com/x.jpg', 'data:image/gif;base64,R0lGODlhAQABAAAAACw=', '/etc/passwd', '[]', '{']) {
      const data = form(signed({ timestamp: now() }), text)
      data.append('file', new Blob([picture]), 'x.jpg')
      t.match(await post(url, data), { status: 400, body: { errors: [{ pointer: '/file', message: 'is given twice' }] } }, text)
    }
  })

  t.test('what was stored and differs is told', async (t) => {
    const fields = signed({ timestamp: now(), transformation: 'w_10' })
    const { status, headers } = await post(url, form(fields))
    t.equal(status, 200)
    t.equal(headers.get('x-upload-integrity'), 'differs')
  })
})

t.test('413: the largest file of the caller that a form was made for, or that sends it', async (t) => {
  const callers = { small: { sign: { max_bytes: 100 } }, all: {} }
  const { ask, url, sandbox } = await startRuledGateway(t, callers, {
    upload: { singleRequestMaxBytes: 1000, chunkBytes: 5 * MB }
  })
  const signedFor = async (caller: string): Promise<Record<string, string>> => (
    await ask(caller, 'POST', '/signature', { resource_type: 'raw' })
  ).body.fields
  const send = (
    fields: Record<string, string>, bytes: number, headers = {}, position: 'first' | 'last' = 'last'
  ): Promise<Answer> =>
    post(`${url}/direct-upload?resource_type=raw`, form(fields, randomBytes(bytes), position), headers)
  const small = await signedFor('small')
  t.match(await send(small, 100), { status: 200 })
  const before = sandbox.requests.filter(({ status }) => status === 200).length
  for (const bytes of [101, 2000, 6 * MB]) {
    t.match(
      await send(small, bytes),
      { status: 413, body: { code: 'payload_too_large', detail: /limit is 100\./ } },
      `${bytes}`
    )
  }
  t.match(
    await send(small, 101, {}, 'first'),
    { status: 413, body: { code: 'payload_too_large' } },
    'a form after its file'
  )
  t.equal(sandbox.requests.filter(({ status }) => status === 200).length, before, 'nothing was stored')
  const context = { a: 'a'.repeat(900_000) }
  for (let count = 0; count < 20; count++) {
    t.match(
      await ask('small', 'POST', '/signature', { resource_type: 'raw', context, folder: String(count) }),
      { status: 200 }
    )
  }
  t.match(await send(small, 101), { status: 413 }, 'however much else was signed meanwhile')
  const free = await signedFor('all')
  t.match(await send(free, 101), { status: 200 })
  t.match(
    await send(free, 101, { authorization: 'Bearer small' }), { status: 413 }, 'the limit of who sends it'
  )
})

t.test('an Idempotency-Key', async (t) => {
  const { url, sandbox } = await startGateway(t)
  const key = { 'Idempotency-Key': 'page-1' }
  const send = async (
    settings: object, file = picture, position: 'first' | 'last' = 'last'
  ): Promise<Answer> => {
    const { fields } = await sign(url, settings)
    return await post(`${url}/direct-upload`, form(fields, file, position), key)
  }
  const stored = (): number => sandbox.requests.filter(({ path }) => path.endsWith('/upload')).length

  t.test('stores one asset and repeats its answer, under a new signature too', async (t) => {
    const first = await send({ folder: 'once' })
    t.match(first, { status: 200, body: { bytes: picture.length } })
    for (const position of ['first', 'last'] as const) {
      const again = await send({ folder: 'once' }, picture, position)
      t.same(again.body, first.body, position)
      t.equal(again.headers.get('idempotent-replayed'), 'true')
    }
    t.equal(stored(), 1)
  })
  t.test('422 idempotency_key_reused for other fields or other bytes', async (t) => {
    t.match(await send({ folder: 'twice' }), { status: 422, body: { code: 'idempotency_key_reused' } })
    t.match(await send({ folder: 'once' }, Buffer.from('other')), {
      status: 422, body: { code: 'idempotency_key_reused' }
    })
    t.equal(stored(), 1)
  })
  t.test('401 where the signature does not fit: the key tells nothing, and remembers nothing', async (t) => {
    const wrong = { timestamp: String(seconds()), signature: '0'.repeat(40) }
    t.match(await post(`${url}/direct-upload`, form(wrong), key), { status: 401 })
    const other = { 'Idempotency-Key': 'page-2' }
    t.match(await post(`${url}/direct-upload`, form(wrong), other), { status: 401 })
    const { fields } = await sign(url, {})
    t.match(await post(`${url}/direct-upload`, form(fields), other), { status: 200 })
  })
  t.test('409 outcome_unknown after an answer that was lost', async (t) => {
    const { fields } = await sign(url, {})
    const lost = { 'Idempotency-Key': 'page-3' }
    sandbox.faults.add({ kind: 'lost_answer', times: 9, match: { path: '/upload' } })
    t.match(await post(`${url}/direct-upload`, form(fields), lost), {
      status: 502, body: { outcome: 'unknown' }
    })
    sandbox.faults.clear()
    t.match(await post(`${url}/direct-upload`, form(fields), lost), {
      status: 409, body: { code: 'outcome_unknown' }
    })
  })
  t.test('a sender that shows no signature holds no key', async (t) => {
    const { fields } = await sign(url, { folder: 'held' })
    const begun = '--x\r\nContent-Disposition: form-data; name="file"; filename="x.jpg"\r\n\r\n' +
      `${'x'.repeat(2 * MB)}\r\n--x\r\nContent-Disposition: form-data; name="folder"\r\n\r\nheld`
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    t.teardown(() => { socket.destroy() })
    const before = stored()
    socket.write('POST /direct-upload HTTP/1.1\r\nHost: x\r\nIdempotency-Key: page-5\r\nContent-Length: 3000000\r\n' +
      `Content-Type: multipart/form-data; boundary=x\r\n\r\n${begun}`)
    while (stored() === before) await new Promise((resolve) => { setTimeout(resolve, 5) })
    const own = { 'Idempotency-Key': 'page-5' }
    const first = await post(`${url}/direct-upload`, form(fields), own)
    t.match(first, { status: 200, body: { bytes: picture.length } })
    for (const position of ['first', 'last'] as const) {
      const again = await post(`${url}/direct-upload`, form(fields, picture, position), own)
      t.same(again.body, first.body, position)
    }
    const other = form(fields, Buffer.from('other'), 'first')
    t.match(await post(`${url}/direct-upload`, other, own), {
      status: 422, body: { code: 'idempotency_key_reused' }
    })
  })
  t.test('one asset, where the file stands first and the request comes twice at once', async (t) => {
    const { fields } = await sign(url, { folder: 'at-once' })
    const both = { 'Idempotency-Key': 'page-6' }
    sandbox.faults.add({ kind: 'delay', ms: 100, times: 1, match: { path: '/upload' } })
    const answers = await Promise.all(
      [1, 2].map(() => post(`${url}/direct-upload`, form(fields, picture, 'first'), both))
    )
    t.same(answers.map(({ status }) => status).sort(), [200, 409])
    const again = await post(`${url}/direct-upload`, form(fields, picture, 'first'), both)
    t.same(again.body, answers.find(({ status }) => status === 200)?.body)
  })
  t.test('409 idempotency_in_progress while the first still runs', async (t) => {
    const { fields } = await sign(url, {})
    const running = { 'Idempotency-Key': 'page-4' }
    sandbox.faults.add({ kind: 'delay', ms: 400, match: { path: '/upload' } })
    const before = stored()
    const first = post(`${url}/direct-upload`, form(fields), running)
    while (stored() === before) await new Promise((resolve) => { setTimeout(resolve, 5) })
    t.match(await post(`${url}/direct-upload`, form(fields), running), {
      status: 409, body: { code: 'idempotency_in_progress' }
    })
    t.match(await first, { status: 200 })
  })
})
