import t from 'tap'
import { startGateway } from '../support/gateway.ts'

t.test('PATCH /resources/{public_id}', async (t) => {
  const { app, sandbox } = await startGateway(t)
  const patch = (path: string, payload: object | string, headers = { 'content-type': 'application/json' }) =>
    app.inject({ method: 'PATCH', url: `/resources/${path}`, payload, headers })
  await sandbox.add('cats/tom', { tags: ['old'] })

  t.test('200: tags and context are replaced', async (t) => {
    const answer = await patch('cats/tom', { tags: ['cat', 'grey'], context: { alt: 'a=b|c & d\ne', caption: 'Tom' } })
    t.match(answer.json(), { public_id: 'cats/tom', context: { custom: { alt: 'a=b|c & d\ne', caption: 'Tom' } } })
    t.same([...answer.json().tags].sort(), ['cat', 'grey'])
  })

  t.test('200: lists and maps may be text, as in Cloudinary\'s own form', async (t) => {
    const answer = await patch('cats/tom', { tags: 'x,y', context: 'k=v|k2=v\\|2' })
    t.match(answer.json(), { tags: ['x', 'y'], context: { custom: { k: 'v', k2: 'v|2' } } })
  })

  t.test('200: an empty list takes all tags away', async (t) => {
    t.notOk((await patch('cats/tom', { tags: [] })).json().tags?.length)
  })

  t.test('200: the decision on a moderated asset', async (t) => {
    await sandbox.add('cats/new', { moderation: 'manual' })
    t.match((await patch('cats/new', { moderation_status: 'approved' })).json(), { moderation: [{ kind: 'manual', status: 'approved' }] })
  })

  t.test('200: where it is may stand in the body or in the query', async (t) => {
    await sandbox.add('doc.txt', { resource_type: 'raw', type: 'private' })
    t.match((await patch('doc.txt?resource_type=raw&type=private', { tags: ['a'] })).json(), { resource_type: 'raw', tags: ['a'] })
    t.match((await patch('doc.txt', { resource_type: 'raw', type: 'private', tags: ['b'] })).json(), { type: 'private', tags: ['b'] })
    t.match((await patch('doc.txt?type=upload', { type: 'private', tags: ['b'] })).json(), { status: 400, errors: [{ pointer: '/type', message: /body.*query/ }] })
  })

  t.test('404: tells where it does exist', async (t) => {
    t.match((await patch('doc.txt', { tags: ['a'] })).json(), { status: 404, found_under: [{ resource_type: 'raw', type: 'private' }] })
  })

  t.test('400: every fault at once', async (t) => {
    const problem = (await patch('cats/tom', { tags: ['a,b', '', null], moderation_status: 'maybe', tag: 'x' })).json()
    t.match(problem, { status: 400, code: 'invalid_request' })
    const pointers = problem.errors.map(({ pointer }: { pointer: string }) => pointer)
    for (const pointer of ['/tags/0', '/tags/1', '/tags/2', '/moderation_status', '/tag']) t.ok(pointers.includes(pointer), pointer)
    t.match((await patch('cats/tom', {})).json(), { status: 400, errors: [{ pointer: '', message: /at least one field/ }] })
    t.match((await patch('cats/tom', '{"tags":')).json(), { status: 400, detail: /not valid JSON/ })
    t.match((await patch('cats/tom', '')).json(), { status: 400 })
  })

  t.test('415 and 413: not JSON, too much of it', async (t) => {
    t.match((await patch('cats/tom', 'tags=a', { 'content-type': 'text/plain' })).json(), { status: 415, code: 'unsupported_media_type' })
    t.match((await patch('cats/tom', { context: { a: 'x'.repeat(1_100_000) } })).json(), { status: 413, code: 'payload_too_large' })
  })

  t.test('400: what Cloudinary refuses keeps Cloudinary\'s words', async (t) => {
    t.match((await patch('cats/tom', { metadata: { no_such_field: 'x' } })).json(), { status: 400, code: 'upstream_rejected', upstream: { status: 400, message: /no_such_field/ } })
  })
})
