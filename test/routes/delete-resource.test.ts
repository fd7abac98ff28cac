import t from 'tap'
import { startGateway } from '../support/gateway.ts'

t.test('DELETE /resources/{public_id}', async (t) => {
  const { app, sandbox } = await startGateway(t)
  const remove = (path: string) => app.inject({ method: 'DELETE', url: `/resources/${path}` })

  t.test('200, then 404: a second delete says that nothing was there', async (t) => {
    await sandbox.add('cats/tom')
    t.same((await remove('cats%2Ftom')).json(), { result: 'ok', public_id: 'cats/tom', resource_type: 'image', type: 'upload' })
    t.match((await remove('cats/tom')).json(), { status: 404, code: 'not_found', detail: /cats\/tom/ })
    t.match((await app.inject('/resources/cats/tom')).json(), { code: 'not_found' })
  })

  t.test('200: a client that calls everything JSON is not in the way', async (t) => {
    await sandbox.add('plain')
    t.match((await app.inject({ method: 'DELETE', url: '/resources/plain', headers: { 'content-type': 'application/json' } })).json(), { result: 'ok' })
  })

  t.test('404: the wrong kind deletes nothing, and no call is spent on a look elsewhere', async (t) => {
    await sandbox.add('clip', { resource_type: 'raw' })
    const before = sandbox.requests.length
    const absent = (await remove('clip')).json()
    t.match(absent, { status: 404, code: 'not_found' })
    t.equal(absent.found_under, undefined)
    t.equal(sandbox.requests.length, before + 1)
    t.match((await remove('clip?diagnose=true')).json(), { status: 400, errors: [{ pointer: '/diagnose' }] })
    t.match((await app.inject('/resources/clip?resource_type=raw')).json(), { public_id: 'clip' })
  })

  t.test('200: auto finds the kind; invalidate reaches Cloudinary', async (t) => {
    t.match((await remove('clip?resource_type=auto&invalidate=true')).json(), { result: 'ok', resource_type: 'raw' })
    t.match(sandbox.requests.at(-1), { method: 'POST', fields: { invalidate: 'true' } })
  })

  t.test('200: a notification reaches Cloudinary, from the query or the body', async (t) => {
    for (const [query, payload] of [['?notification_url=https://example.com/hook', undefined], ['', { notification_url: 'poll://jobs' }]] as const) {
      await sandbox.add('told')
      t.match((await app.inject({ method: 'DELETE', url: `/resources/told${query}`, ...(payload && { payload }) })).json(), { result: 'ok' })
      t.equal(sandbox.requests.at(-1)?.fields['notification_url'], payload?.notification_url ?? 'https://example.com/hook')
    }
    t.match((await remove('told?notification_url=ftp://example.com')).json(), { status: 400, errors: [{ pointer: '/notification_url' }] })
    t.match((await app.inject({ method: 'DELETE', url: '/resources/told', payload: { notification_url: 'https://127.0.0.1:1' } })).statusCode, 404, 'the sandbox reaches what this machine reaches')
  })

  t.test('404: a pasted ID is told by its spelling; deleting asks for nothing that it would not ask for otherwise', async (t) => {
    await sandbox.add('kept/tom')
    const calls = async (path: string): Promise<[string, string[]]> => {
      const before = sandbox.requests.length
      const { detail } = (await remove(path)).json() as { detail: string }
      return [detail, sandbox.requests.slice(before).map(({ method, path }) => `${method} ${path}`).filter((line) => line.includes('tom') && !line.includes('tom.jpg'))]
    }
    const [detail, asked] = await calls('kept/tom.jpg')
    t.match(detail, /looks like a public ID with a file extension: if it is one, send "kept\/tom" \(image\/upload\)/)
    t.same(asked, [])
    t.match((await app.inject('/resources/kept/tom')).json(), { public_id: 'kept/tom' })
  })

  t.test('400: unknown fields and empty IDs', async (t) => {
    t.match((await remove('')).json(), { status: 400, errors: [{ pointer: '/public_id', message: 'must not be empty' }] })
    t.match((await remove('x?purge=true')).json(), { status: 400, errors: [{ pointer: '/purge' }] })
  })

  t.test('200: fields may stand in a JSON body, which deletes what it names and nothing else', async (t) => {
    const send = (url: string, payload?: object | string, type = 'application/json') =>
      app.inject({ method: 'DELETE', url: `/resources/${url}`, ...(payload !== undefined && { payload, headers: { 'content-type': type } }) })
    const left = async (query: string): Promise<boolean> => (await app.inject(`/resources/a/b${query}`)).statusCode === 200
    await sandbox.add('a/b')
    await sandbox.add('a/b', { type: 'private' })

    const refused: Array<[string, object | string, object]> = [
      ['a/b?type=upload', { type: 'private' }, { pointer: '/type', message: 'is "private" in the body and "upload" in the query' }],
      ['a/b?invalidate=true', { invalidate: false }, { pointer: '/invalidate' }],
      ['a/b', { typ: 'private' }, { pointer: '/typ', message: 'is not a field of this action; did you mean "type"?' }],
      ['a/b', { public_id: 'c' }, { pointer: '/public_id', message: 'belongs in the path' }],
      ['a/b', { type: 'secret' }, { pointer: '/type' }],
      ['a/b', { type: null }, { pointer: '/type' }],
      ['a/b', { type: ['private', 'upload'] }, { pointer: '/type' }],
      ['a/b?type=private&type=upload', '', { pointer: '/type', message: 'must be one value, not a list of 2' }],
      ['a/b', '[]', { pointer: '' }],
      ['a/b', '"private"', { pointer: '' }]
    ]
    for (const [url, payload, fault] of refused) t.match((await send(url, payload)).json(), { status: 400, errors: [fault] }, JSON.stringify([url, payload]))
    t.match((await send('a/b', '{"type":')).json(), { status: 400, detail: /not valid JSON/ })
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=b', 'application/octet-stream']) {
      t.match((await send('a/b', 'type=private', type)).json(), { status: 415, detail: /takes application\/json/ }, type)
    }
    t.ok(await left(''), 'nothing was deleted')
    t.ok(await left('?type=private'))

    t.match((await send('a/b', { type: 'private', invalidate: true })).json(), { result: 'ok', type: 'private' })
    t.match(sandbox.requests.at(-1), { fields: { type: 'private', invalidate: 'true' } })
    t.ok(await left(''), 'the public one is still there')
    t.notOk(await left('?type=private'))
    t.match((await send('a/b?type=upload', { type: 'upload' })).json(), { result: 'ok', type: 'upload' }, 'the same in both')
    await sandbox.add('doc', { resource_type: 'raw' })
    t.match((await send('doc', { resource_type: 'auto' })).json(), { result: 'ok', resource_type: 'raw' })
    await sandbox.add('doc')
    t.match((await send('doc', {})).json(), { result: 'ok', resource_type: 'image' })
  })

  t.test('502: an answer that is not Cloudinary\'s', async (t) => {
    await sandbox.add('kept')
    await sandbox.faults.add({ kind: 'html', status: 502, times: 9, match: { path: '/destroy' } })
    t.match((await remove('kept')).json(), { status: 502, code: 'upstream_failed' })
    await sandbox.faults.clear()
    t.match((await app.inject('/resources/kept')).json(), { public_id: 'kept' })
  })
})

t.test('DELETE /assets/{asset_id}', async (t) => {
  const { app, sandbox } = await startGateway(t)
  const remove = (id: string, payload?: object) => app.inject({ method: 'DELETE', url: `/assets/${id}`, ...(payload && { payload }) })

  t.test('200: deletes what the ID resolves to, wherever it is, with two calls; then 404', async (t) => {
    const { asset_id: id } = await sandbox.add('clips/a', { resource_type: 'raw', type: 'private' })
    const before = sandbox.requests.length
    t.same((await remove(id, { invalidate: true })).json(), { result: 'ok', public_id: 'clips/a', resource_type: 'raw', type: 'private' })
    t.match(sandbox.requests.slice(before), [
      { method: 'GET', path: `/v1_1/demo/resources/${id}` }, { method: 'POST', path: '/v1_1/demo/raw/destroy', fields: { public_id: 'clips/a', type: 'private', invalidate: 'true' } }
    ])
    t.equal(sandbox.requests.length, before + 2)
    t.match((await remove(id)).json(), { status: 404, code: 'not_found', detail: `There is no asset with the asset_id "${id}".` })
  })

  t.test('400: what is no asset_id, and places, which the ID has by itself', async (t) => {
    t.match((await remove('clips')).json(), { status: 400, errors: [{ pointer: '/asset_id', message: /32 hexadecimal digits.*\/resources/ }] })
    t.match((await remove('0'.repeat(32), { type: 'private' })).json(), { status: 400, errors: [{ pointer: '/type' }] })
    t.equal((await remove('0'.repeat(32), { invalidate: true })).statusCode, 404)
  })
})
