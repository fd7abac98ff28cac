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
    const elsewhere = { status: 404, found_under: [{ resource_type: 'raw', type: 'private' }] }
    t.match((await patch('doc.txt', { tags: ['a'] })).json(), elsewhere)
    t.match((await patch('doc.txt?diagnose=true', { tags: ['a'] })).json(), elsewhere)
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

t.test('fields that official clients send', async (t) => {
  const { app, sandbox } = await startGateway(t)
  await sandbox.add('cats/tom')
  const sent = async (payload: object): Promise<Record<string, string>> => {
    await app.inject({ method: 'PATCH', url: '/resources/cats/tom', payload })
    return sandbox.requests.findLast(({ method }) => method === 'POST')?.fields ?? {}
  }

  t.test('200: they reach Cloudinary as the official client writes them', async (t) => {
    const given = { visual_search: true, auto_tagging: 0.6, headers: 'X-Robots-Tag: noindex', access_control: { access_type: 'token' }, custom_coordinates: [1, 2, 3, 4] }
    t.match(await sent(given), { visual_search: 'true', auto_tagging: '0.6', headers: 'X-Robots-Tag: noindex', access_control: '[{"access_type":"token"}]', custom_coordinates: '1,2,3,4' })
    t.match((await app.inject({ method: 'PATCH', url: '/resources/cats/tom', payload: given })).json(), { public_id: 'cats/tom', access_control: [{ access_type: 'token' }] })
    t.match(await sent({ auto_transcription: { translate: ['fr'] } }), { auto_transcription: '{"translate":["fr"]}' })
    t.match(await sent({ auto_transcription: true }), { auto_transcription: 'true' })
    t.match(await sent({ auto_transcription: '{"translate":["fr"]}' }), { auto_transcription: '{"translate":["fr"]}' })
    for (const areas of [['1', '2', '3', '4'], [['1', '2', '3', '4']], '1,2,3,4', '[1,2,3,4]']) t.match(await sent({ face_coordinates: areas }), { face_coordinates: '1,2,3,4' }, JSON.stringify(areas))
  })

  t.test('403: add-ons are asked for, and refused by an account that has none', async (t) => {
    for (const [name, value] of [['background_removal', 'cloudinary_ai'], ['categorization', 'google_tagging'], ['detection', 'coco'], ['ocr', 'adv_ocr'], ['raw_convert', 'aspose'], ['similarity_search', 'x']] as const) {
      t.match((await app.inject({ method: 'PATCH', url: '/resources/cats/tom', payload: { [name]: value } })).json(), { status: 403, code: 'upstream_forbidden' }, name)
      t.equal(sandbox.requests.at(-1)?.fields[name], value)
    }
  })

  t.test('400: where the fault is in what was sent', async (t) => {
    for (const [payload, pointer] of [[{ access_control: { access_type: 'x' } }, '/access_control/access_type'], [{ access_control: [{ access_type: 'x' }] }, '/access_control/0/access_type'], [{ custom_coordinates: [1, 2] }, '/custom_coordinates']] as const) {
      t.match((await app.inject({ method: 'PATCH', url: '/resources/cats/tom', payload })).json(), { status: 400, errors: [{ pointer }] }, pointer)
    }
  })
})

t.test('404: an ID pasted with its extension is answered with the one that exists', async (t) => {
  const { app, sandbox } = await startGateway(t)
  await sandbox.add('cats/tom')
  const answer = (await app.inject({ method: 'PATCH', url: '/resources/cats/tom.jpg', payload: { tags: ['a'] } })).json()
  t.match(answer, { status: 404, did_you_mean: { public_id: 'cats/tom', resource_type: 'image', type: 'upload' }, detail: /"cats\/tom" \(image\/upload\) exists: send that/ })
})

t.test('PATCH /assets/{asset_id}', async (t) => {
  const { app, sandbox } = await startGateway(t)
  const { asset_id: id } = await sandbox.add('doc.txt', { resource_type: 'raw', type: 'private' })
  const patch = (assetId: string, payload: object) => app.inject({ method: 'PATCH', url: `/assets/${assetId}`, payload })

  t.test('200: changes what the ID resolves to, with two calls', async (t) => {
    const before = sandbox.requests.length
    t.match((await patch(id, { tags: ['a'], context: { k: 'v' } })).json(), { asset_id: id, public_id: 'doc.txt', tags: ['a'] })
    t.same(sandbox.requests.slice(before).map(({ method, path }) => `${method} ${path}`), [`GET /v1_1/demo/resources/${id}`, 'POST /v1_1/demo/resources/raw/private/doc.txt'])
  })

  t.test('404 and 400: nothing there, nothing to change, nowhere to look', async (t) => {
    const before = sandbox.requests.length
    t.match((await patch(id, {})).json(), { status: 400, errors: [{ pointer: '', message: /at least one field/ }] })
    t.match((await patch(id, { tags: ['a'], type: 'upload' })).json(), { status: 400, errors: [{ pointer: '/type' }] })
    t.match((await patch('doc.txt', { tags: ['a'] })).json(), { status: 400, errors: [{ pointer: '/asset_id' }] })
    t.equal(sandbox.requests.length, before)
    t.match((await patch('0'.repeat(32), { tags: ['a'] })).json(), { status: 404, code: 'not_found' })
  })
})
