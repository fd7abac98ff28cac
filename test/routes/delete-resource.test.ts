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

  t.test('404 with found_under: the wrong kind deletes nothing', async (t) => {
    await sandbox.add('clip', { resource_type: 'raw' })
    t.match((await remove('clip')).json(), { status: 404, found_under: [{ resource_type: 'raw', type: 'upload' }] })
    t.match((await app.inject('/resources/clip?resource_type=raw')).json(), { public_id: 'clip' })
  })

  t.test('200: auto finds the kind; invalidate reaches Cloudinary', async (t) => {
    t.match((await remove('clip?resource_type=auto&invalidate=true')).json(), { result: 'ok', resource_type: 'raw' })
    t.match(sandbox.requests.at(-1), { method: 'POST', fields: { invalidate: 'true' } })
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
