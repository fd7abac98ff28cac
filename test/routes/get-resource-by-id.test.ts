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
