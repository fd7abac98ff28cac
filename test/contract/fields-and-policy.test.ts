import t from 'tap'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { HELD_IN_UPDATES } from '../../src/auth/policy/signing-rules.ts'
import { startGateway } from '../support/gateway.ts'

// Each field that a route has beside the one that had it first is held to the same rule: the table names both.

const FILE = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const key = (name: string): string => `keys: ['sha256:${digestOf(name).toString('hex')}']`
const POLICY = `
callers:
  hooks: { ${key('hooks')}, sign: { notification_hosts: [hooks.example.com] } }
  jailed: { ${key('jailed')}, folder: users/1 }
  tags: { ${key('tags')}, sign: { allow: [tags, public_id] } }
  forced: { ${key('forced')}, sign: { force: { auto_tagging: 0.5 } } }
  brand: { ${key('brand')}, delete: { protected: ['brand/**'] } }
`

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'
type Request = readonly [method: Method, url: string, payload?: object]

/** A caller, the answer to all of these, and requests: the first is that of the twin. */
const ROWS: ReadonlyArray<readonly [caller: string, refusal: { code: string, pointer: string }, requests: readonly Request[]]> = [
  ['hooks', { code: 'url_not_allowed', pointer: '/notification_url' }, ['https://elsewhere.example.com/', 'poll://jobs'].flatMap((hook): Request[] => [
    ['PATCH', '/resources/a', { notification_url: hook }],
    ['DELETE', `/resources/a?notification_url=${hook}`],
    ['DELETE', '/resources/a', { notification_url: hook }],
    ['DELETE', `/assets/ID?notification_url=${hook}`],
    ['DELETE', '/assets/ID', { notification_url: hook }],
    ['PATCH', '/assets/ID', { notification_url: hook }]
  ])],
  ['hooks', { code: 'param_not_allowed', pointer: '/notification_url' }, ['https://elsewhere.example.com/', 'poll://jobs'].flatMap((hook): Request[] => [
    ['POST', '/upload', { file: FILE, notification_url: hook }],
    ['POST', '/signature', { notification_url: hook }]
  ])],
  ['jailed', { code: 'forbidden', pointer: '/transformation' }, [
    ['POST', '/url', { public_id: 'users/1/a', transformation: { raw_transformation: 'l_users:2:a' } }],
    ['GET', '/url?public_id=users/1/a&overlay=users:2:a'],
    ['GET', '/url?public_id=users/1/a&underlay=private:users:2:a'],
    ['GET', '/url?public_id=users/1/a&default_image=users:2:a.png'],
    ['GET', '/url?public_id=users/1/a&overlay=fetch:https://example.com/a.png'],
    ['POST', '/url', { public_id: 'users/1/a', transformation: [{ width: 1 }, { overlay: 'users:2:a' }] }],
    ['POST', '/url', { public_id: 'users/1/a', transformation: { default_image: 'a.png' } }],
    ['POST', '/url', { public_id: 'users/1/a', transformation: { overlay: { public_id: 'users/2/a', type: 'private' } } }],
    ['POST', '/url', { public_id: 'users/1/a', transformation: { overlay: { url: 'https://example.com/a.png' } } }],
    ['GET', `/url?public_id=users/1/a&underlay=${encodeURIComponent('{"public_id":"users/2/a"}')}`],
    ['GET', '/signed-url?public_id=users/1/a&transformation=l_users:2:a'],
    ['POST', '/signed-url', { public_id: 'users/1/a', transformation: { underlay: 'users:2:a' } }],
    ['POST', '/signed-url', { public_id: 'users/1/a', transformation: 'w_10/site_b' }],
    ['POST', '/upload', { file: FILE, transformation: { overlay: 'users:2:a' } }],
    ['POST', '/signature', { transformation: { default_image: 'users:2:a.png' } }]
  ]],
  ['jailed', { code: 'forbidden', pointer: '/eager' }, [
    ['POST', '/signature', { eager: ['l_users:2:a'] }],
    ['POST', '/signature', { eager: { overlay: 'users:2:a' } }],
    ['POST', '/upload', { file: FILE, eager: { underlay: 'users:2:a' } }]
  ]],
  ['jailed', { code: 'forbidden', pointer: '/responsive_breakpoints' }, [
    ['POST', '/signature', { responsive_breakpoints: [{ create_derived: true, transformation: 'l_users:2:a' }] }],
    ['POST', '/signature', { responsive_breakpoints: { create_derived: true, transformation: { overlay: 'users:2:a' } } }]
  ]],
  ['jailed', { code: 'forbidden', pointer: '/public_id' }, [
    ['GET', '/signed-url?public_id=users/1/a%2520b'],
    ['GET', '/url?public_id=users/1/a%2520b'],
    ['GET', '/url?public_id=users/1/%25252e%25252e/2/a'],
    ['POST', '/url', { public_id: 'users%2F2%2Fa' }]
  ]],
  ...HELD_IN_UPDATES.map((name): (typeof ROWS)[number] => {
    const value = { access_control: { access_type: 'anonymous' }, auto_tagging: 0.5, auto_transcription: { translate: ['fr'] }, visual_search: true }[name as string] ?? 'x'
    return ['tags', { code: 'param_not_allowed', pointer: `/${name}` }, [
      ['POST', '/upload', { file: FILE, [name]: value }],
      ['POST', '/signature', { [name]: value }],
      ['PATCH', '/resources/a', { [name]: value }],
      ['PATCH', '/assets/ID', { [name]: value }]
    ]]
  }),
  ['hooks', { code: 'param_not_allowed', pointer: '/headers' }, [
    ['POST', '/upload', { file: FILE, headers: 'X-Robots-Tag: none' }],
    ['PATCH', '/resources/a', { headers: 'X-Robots-Tag: none' }]
  ]],
  ['tags', { code: 'param_not_allowed', pointer: '/batch_id' }, [['POST', '/upload', { file: FILE, batch_id: 'b' }], ['POST', '/signature', { batch_id: 'b' }]]],
  ['forced', { code: 'param_not_allowed', pointer: '/auto_tagging' }, [
    ['POST', '/upload', { file: FILE, auto_tagging: 0.1 }],
    ['PATCH', '/resources/a', { auto_tagging: 0.1 }],
    ['PATCH', '/assets/ID', { auto_tagging: '0.1' }]
  ]]
]

t.test('every new field is refused where its twin is, and nothing reaches Cloudinary', async (t) => {
  const { app, sandbox } = await startGateway(t, { auth: { mode: 'keys', policyFile: `${t.testdir({ 'policy.yaml': POLICY })}/policy.yaml` } })
  await sandbox.add('a')
  await app.inject('/readyz')
  const before = sandbox.requests.length
  for (const [caller, { code, pointer }, requests] of ROWS) {
    for (const [method, url, payload] of requests) {
      const answer = await app.inject({ method, url: url.replace('ID', '0'.repeat(32)), headers: { authorization: `Bearer ${caller}` }, ...(payload && { payload }) })
      t.match(answer.json(), { code, errors: [{ pointer }] }, `${caller}: ${method} ${url} ${JSON.stringify(payload)}`)
    }
  }
  t.same(sandbox.requests.slice(before).map(({ path }) => path), [])
})

t.test('what the rules allow goes through', async (t) => {
  const { app, sandbox } = await startGateway(t, { auth: { mode: 'keys', policyFile: `${t.testdir({ 'policy.yaml': POLICY })}/policy.yaml` } })
  const call = async (caller: string, method: Method, url: string, payload?: object) =>
    (await app.inject({ method, url, headers: { authorization: `Bearer ${caller}` }, ...(payload && { payload }) })).json()
  for (const id of ['a', 'users/1/a', 'users/1/logo']) await sandbox.add(id)
  t.match(await call('forced', 'PATCH', '/resources/a', { auto_tagging: 0.5 }), { public_id: 'a' })
  t.match(await call('hooks', 'PATCH', '/resources/a', { access_control: { access_type: 'token' } }), { public_id: 'a' }, 'a rule that says nothing of it')
  t.match(await call('brand', 'PATCH', '/resources/a', { headers: 'X-Robots-Tag: none' }), { public_id: 'a' }, 'a caller without rules about uploads')
  t.match(await call('jailed', 'GET', '/url?public_id=users/1/a&overlay=users:1:logo'), { transformation: 'l_users:1:logo' })
  t.match(await call('jailed', 'POST', '/url', { public_id: 'users/1/a', transformation: { overlay: { text: 'a, b/c|d', font_family: 'Arial', font_size: 20 }, underlay: { public_id: 'users/1/logo' } } }),
    { transformation: 'l_text:Arial_20:a%252C%20b%252Fc%257Cd,u_users:1:logo' })
  t.match(await call('jailed', 'POST', '/signed-url', { public_id: 'users/1/a', type: 'upload', transformation: { overlay: 'text:Arial_20:Hi' } }), { url: /transformation=l_text/ })
  t.match(await call('hooks', 'DELETE', '/resources/a', { notification_url: 'https://hooks.example.com/' }), { result: 'ok' })
})

t.test('a caller with a folder: lists by tag, moderation and folder show what lies in it, and nothing tells of the rest', async (t) => {
  const { app, sandbox, url } = await startGateway(t, { auth: { mode: 'keys', policyFile: `${t.testdir({ 'policy.yaml': POLICY })}/policy.yaml` } })
  for (const id of ['users/1/a', 'users/1/b', 'users/10/a', 'users/2/secret']) await sandbox.add(id, { tags: ['cat'], asset_folder: 'shared', moderation: 'manual' })
  const headers = { authorization: 'Bearer jailed' }
  for (const query of ['tag=cat', 'asset_folder=shared', 'moderation_kind=manual&moderation_status=pending', 'tag=cat&fields=tags']) {
    const answer = await app.inject({ url: `/resources?${query}`, headers })
    t.same(answer.json().resources.map(({ public_id: id }: { public_id: string }) => id).sort(), ['users/1/a', 'users/1/b'], query)
    t.notMatch(answer.body, /secret|users\/10|total_count/, query)
    const lines = await (await fetch(`${url}/resources?${query}&max_results=1`, { headers: { ...headers, accept: 'application/x-ndjson' } })).text()
    t.equal(lines.trimEnd().split('\n').length, 2, `${query}, as lines`)
    t.notMatch(lines, /secret|users\/10/)
  }
  for (const query of ['tag=cat&prefix=users/2/', 'tag=cat&start_at=2020-01-01', 'tag=cat&public_ids=users/2/secret', 'moderation_status=pending']) t.equal((await app.inject({ url: `/resources?${query}`, headers })).statusCode, 400, query)
})

t.test('assets by their ID: outside the folder as if absent, protected ones stay, and hints name nothing outside', async (t) => {
  const { app, sandbox } = await startGateway(t, { auth: { mode: 'keys', policyFile: `${t.testdir({ 'policy.yaml': POLICY })}/policy.yaml` } })
  const idOf = async (publicId: string): Promise<string> => (await sandbox.add(publicId)).asset_id
  const [mine, foreign, logo] = [await idOf('users/1/a'), await idOf('users/2/secret'), await idOf('brand/logo')] as const
  const nobody = '0'.repeat(32)
  const call = async (caller: string, method: Method, url: string, payload?: object) =>
    app.inject({ method, url, headers: { authorization: `Bearer ${caller}` }, ...(payload && { payload }) })
  /** What differs from request to request anyway. */
  const plain = (body: string, id: string): object => {
    const { request_id: _id, instance: _path, ...rest } = JSON.parse(body.replaceAll(id, 'ID')) as Record<string, unknown>
    return rest
  }
  for (const [method, payload] of [['GET', undefined], ['PATCH', { tags: ['x'] }], ['DELETE', undefined]] as const) {
    const [hidden, absent] = [await call('jailed', method, `/assets/${foreign}`, payload), await call('jailed', method, `/assets/${nobody}`, payload)]
    t.equal(hidden.statusCode, 404, method)
    t.same(plain(hidden.body, foreign), plain(absent.body, nobody), `${method}: told alike`)
  }
  t.match((await call('brand', 'GET', '/resources/users/2/secret?tags=true')).statusCode, 400)
  t.notOk((await call('brand', 'GET', `/assets/${foreign}`)).json().tags?.length, 'and nothing was changed')
  t.match((await call('jailed', 'GET', `/assets/${mine}`)).json(), { public_id: 'users/1/a' })
  t.match((await call('jailed', 'PATCH', `/assets/${mine}`, { tags: ['x'] })).json(), { tags: ['x'] })
  t.match((await call('jailed', 'PATCH', `/assets/${mine}`, { asset_folder: 'users/2' })).json(), { status: 403, errors: [{ pointer: '/asset_folder' }] })
  t.match((await call('brand', 'DELETE', `/assets/${logo}`)).json(), { status: 403, errors: [{ pointer: '/public_id', message: /protected/ }] })
  t.match((await call('brand', 'PATCH', `/assets/${logo}`, { tags: ['x'] })).json(), { public_id: 'brand/logo' })

  for (const pasted of ['v1/users/2/secret', 'https:/res.cloudinary.com/demo/image/upload/users/2/secret.jpg', foreign]) {
    t.equal((await call('jailed', 'GET', `/resources/${encodeURIComponent(pasted)}`)).statusCode, 403, pasted)
  }
  const before = sandbox.requests.length
  t.match((await call('jailed', 'GET', '/resources/users/1/a.jpg')).json(), { status: 404, did_you_mean: { public_id: 'users/1/a' } })
  t.notOk(sandbox.requests.slice(before).some(({ path }) => path.includes('secret')))
  t.match((await call('jailed', 'DELETE', `/assets/${mine}`)).json(), { result: 'ok', public_id: 'users/1/a' })
})
