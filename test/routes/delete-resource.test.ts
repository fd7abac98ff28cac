import t from 'tap'
import { startGateway } from '../helper.ts'

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

  t.test('502: an answer that is not Cloudinary\'s', async (t) => {
    await sandbox.add('kept')
    await sandbox.faults.add({ kind: 'html', status: 502, times: 9, match: { path: '/destroy' } })
    t.match((await remove('kept')).json(), { status: 502, code: 'upstream_failed' })
    await sandbox.faults.clear()
    t.match((await app.inject('/resources/kept')).json(), { public_id: 'kept' })
  })
})
