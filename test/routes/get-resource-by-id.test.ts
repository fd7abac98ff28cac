import t from 'tap'
import { startGateway } from '../support/gateway.ts'

t.test('GET /resources/{public_id}', async (t) => {
  const { app, sandbox } = await startGateway(t)
  await sandbox.add('cats/tom')
  await sandbox.add('cats/hidden', { type: 'private' })

  t.test('200: slashes raw or as %2F, the answer is Cloudinary\'s own', async (t) => {
    for (const path of ['/resources/cats/tom', '/resources/cats%2Ftom']) {
      const answer = await app.inject(path)
      t.match(answer, { statusCode: 200, headers: { 'content-type': /^application\/json/ } })
      t.match(answer.json(), { public_id: 'cats/tom', resource_type: 'image', type: 'upload', derived: [] })
    }
  })

  t.test('200: any character that Cloudinary takes', async (t) => {
    for (const id of ['my pic', 'écran/日本', 'a=b,c;d@e', "it's(1)!*~", '[a]{b}"^`|$', '.hidden', 'x'.repeat(255)]) {
      await sandbox.add(id)
      t.match((await app.inject(`/resources/${encodeURIComponent(id)}`)).json(), { public_id: id }, id)
    }
  })

  t.test('200: detail flags reach Cloudinary, and only those given', async (t) => {
    t.match((await app.inject('/resources/cats/tom?colors=true&max_results=3')).json(), { colors: Array })
    t.notOk('colors' in (await app.inject('/resources/cats/tom')).json())
  })

  t.test('200: auto finds the kind', async (t) => {
    await sandbox.add('notes.txt', { resource_type: 'raw' })
    t.match((await app.inject('/resources/notes.txt?resource_type=auto')).json(), { public_id: 'notes.txt', resource_type: 'raw' })
  })

  t.test('404: tells where it does exist', async (t) => {
    t.match((await app.inject('/resources/cats/hidden')).json(), { status: 404, code: 'not_found', found_under: [{ resource_type: 'image', type: 'private' }] })
    t.match((await app.inject('/resources/cats/hidden?diagnose=true')).json(), { found_under: [{ type: 'private' }] })
    const nowhere = (await app.inject('/resources/nowhere')).json()
    t.match(nowhere, { status: 404, code: 'not_found', detail: /nowhere/ })
  })

  t.test('400: every fault in the path and the query, with a pointer', async (t) => {
    const cases: Array<[string, object[]]> = [
      ['/resources/', [{ pointer: '/public_id', message: 'must not be empty' }]],
      [`/resources/${'x'.repeat(256)}`, [{ pointer: '/public_id', message: 'must have at most 255 characters, has 256' }]],
      ['/resources/cats/', [{ pointer: '/public_id', message: /blank or a slash/ }]],
      ['/resources/%20cats', [{ pointer: '/public_id', message: /blank or a slash/ }]],
      ['/resources/a%2F..%2Fb', [{ pointer: '/public_id', message: /segment/ }]],
      ['/resources/cats/tom?color=true', [{ pointer: '/color', message: 'is not a field of this action; did you mean "colors"?' }]],
      ['/resources/cats/tom?type=uploaded&resource_type=picture', [{ pointer: '/resource_type' }, { pointer: '/type', message: /did you mean "upload"/ }]]
    ]
    for (const [url, errors] of cases) {
      const problem = (await app.inject(url)).json()
      t.match(problem, { status: 400, code: 'invalid_request' }, url)
      t.match([...problem.errors].sort((a, b) => a.pointer < b.pointer ? -1 : 1).slice(0, errors.length), errors, url)
    }
    t.match((await app.inject('/resources/100%')).json(), { status: 400, code: 'invalid_request', detail: /%25/ })
  })

  t.test('502 and 429: what Cloudinary does wrong is told as that', async (t) => {
    await sandbox.faults.add({ kind: 'html', status: 502, times: 9, match: { path: '/resources/' } })
    t.match((await app.inject('/resources/cats/tom')).json(), { status: 502, code: 'upstream_failed' })
    await sandbox.faults.clear()
    await sandbox.faults.add({ kind: 'status', status: 420, headers: { 'retry-after': '600' }, times: 9, match: { path: '/resources/' } })
    const limited = await app.inject('/resources/cats/tom')
    t.match(limited.json(), { status: 429, code: 'quota_exhausted', retryable: true })
    t.match(limited.headers, { 'retry-after': '600' })
  })
})

t.test('504: an upstream that never answers, within the timeout', async (t) => {
  const { app, sandbox } = await startGateway(t, { upstream: { headersTimeoutMs: 300 } })
  await sandbox.faults.add({ kind: 'stall', times: 9, match: { path: '/resources/' } })
  t.match((await app.inject('/resources/cats/tom')).json(), { status: 504, code: 'upstream_timeout' })
})

t.test('502: wrong credentials are ours to correct, and the environment is named', async (t) => {
  const { app } = await startGateway(t, {}, { clouds: [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'another' }] })
  t.match((await app.inject('/resources/cats/tom')).json(), { status: 502, code: 'credentials_rejected', detail: /production/ })
})

t.test('404 and 400: what was pasted in place of a public ID is answered with the ID that exists', async (t) => {
  const { app, sandbox } = await startGateway(t)
  const { asset_id: id } = await sandbox.add('cats/tom')
  const tom = { public_id: 'cats/tom', resource_type: 'image', type: 'upload' }
  for (const pasted of ['cats/tom.jpg', 'v1700000000/cats/tom', 'v1/cats/tom.png', id, 'https:/res.cloudinary.com/demo/image/upload/v1/cats/tom.jpg', 'image/upload/cats/tom']) {
    const before = sandbox.requests.length
    t.match((await app.inject(`/resources/${encodeURIComponent(pasted)}`)).json(), { status: 404, code: 'not_found', did_you_mean: tom, detail: /looks like .*"cats\/tom" \(image\/upload\)/ }, pasted)
    t.ok(sandbox.requests.slice(before).filter(({ path }) => !path.includes(encodeURIComponent(pasted))).length <= 2, 'at most two calls to confirm it')
  }
  const absent = (await app.inject('/resources/cats/rex.jpg')).json()
  t.match(absent, { status: 404, detail: /looks like a public ID with a file extension\.$/ })
  t.equal(absent.did_you_mean, undefined)

  for (const url of ['/resources/https%3A%2F%2Fres.cloudinary.com%2Fdemo%2Fvideo%2Fprivate%2Fs--abcdefgh--%2Fv1%2Fcats%2Ftom.mp4', '/url?public_id=https://res.cloudinary.com/demo/video/private/v1/cats/tom.mp4']) {
    t.match((await app.inject(url)).json(), { status: 400, errors: [{ pointer: '/public_id', message: 'looks like a delivery URL: send the public ID alone, "cats/tom", with resource_type "video" and type "private"' }] })
  }
  t.match((await app.inject('/resources/https%3A%2F%2Fres.cloudinary.com%2Fdemo%2Fimage%2Fupload%2Ftom.mp4')).json(), { status: 400, errors: [{ message: 'looks like a delivery URL: send the public ID alone, "tom"' }] })
})

t.test('GET /assets/{asset_id}', async (t) => {
  const { app, sandbox } = await startGateway(t)
  await sandbox.add('cats/tom', { type: 'private', tags: ['a'] })
  const whole = (await app.inject('/resources/cats/tom?type=private')).json()
  const before = sandbox.requests.length
  t.same((await app.inject(`/assets/${whole.asset_id}?image_metadata=true&exif=true`)).json().public_id, 'cats/tom')
  t.match(sandbox.requests.slice(before), [{ path: `/v1_1/demo/resources/${whole.asset_id}?image_metadata=true&exif=true` }])
  t.equal(sandbox.requests.length, before + 1, 'one call')
  t.strictSame((await app.inject(`/assets/${whole.asset_id}`)).json(), whole, 'the very same as by its public ID')
  t.match((await app.inject(`/assets/${'0'.repeat(32)}`)).json(), { status: 404, code: 'not_found' })
  t.match((await app.inject(`/assets/${whole.asset_id}?type=private`)).json(), { status: 400, errors: [{ pointer: '/type' }] })
  t.match((await app.inject('/assets/cats')).json(), { status: 400, errors: [{ pointer: '/asset_id' }] })
})
