import t from 'tap'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import { startFaultUpstream } from '../../support/fault-upstream.ts'
import { startGatewayAt } from '../../support/gateway.ts'

const key = (name: string): string => `keys: ['sha256:${digestOf(name).toString('hex')}']`
const POLICY = `callers: { jailed: { ${key('jailed')}, folder: users/1 }, all: { ${key('all')} } }`

t.test('what Cloudinary sends of assets outside the folder is not shown', async (t) => {
  const upstream = await startFaultUpstream(t)
  const { app, url } = await startGatewayAt(t, upstream.url, {
    auth: { mode: 'keys', policyFile: `${t.testdir({ 'policy.yaml': POLICY })}/policy.yaml` }
  })
  await app.inject('/readyz')
  const call = (method: 'GET' | 'PATCH', path: string, caller = 'jailed') =>
    app.inject({
      method,
      url: path,
      headers: { authorization: `Bearer ${caller}` },
      ...(method === 'PATCH' && { payload: { tags: ['a'] } })
    })
  const answers = (body: unknown, times = 1): void => {
    upstream.script(...Array.from({ length: times }, () => ({ body: JSON.stringify(body) })))
  }
  const asset = (publicId: string) => ({ public_id: publicId, resource_type: 'image', type: 'upload' })
  const byAssetId = `/assets/${'0'.repeat(32)}`

  t.test('502 for an answer about another asset, no more than the name of one that was changed, 404 where an asset_id leads to one; the rest is relayed as it came', async (t) => {
    for (const [method, path] of [
      ['GET', '/resources/users/1/a'], ['PATCH', '/resources/users/1/a']
    ] as const) {
      for (const body of [asset('users/2/secret'), asset('users/10/secret')]) {
        answers(body)
        const answer = await call(method, path)
        if (method === 'GET') {
          t.match(answer.json(), {
            status: 502, code: 'upstream_failed'
          }, JSON.stringify(body))
        } else t.same(answer.json(), asset('users/1/a'), JSON.stringify(body))
        t.notMatch(answer.body, 'secret')
        answers(body)
        t.same((await call(method, path, 'all')).json(), body, 'a caller without a folder sees all')
      }
      upstream.script({ body: '{ "public_id": "users/1/a", "n": 1.50 }' })
      t.equal((await call(method, path)).body, '{ "public_id": "users/1/a", "n": 1.50 }')
    }
    answers(asset('users/2/secret'))
    t.match((await call('GET', byAssetId)).json(), { status: 404 })
    upstream.script({ body: JSON.stringify(asset('users/1/a')) }, {
      body: JSON.stringify(asset('users/2/secret'))
    })
    t.same(
      (await call('PATCH', byAssetId)).json(), asset('users/1/a'),
      'the change was answered with another asset'
    )
    upstream.script({ body: '{"public_id":"users/1/a", broken}' })
    t.match((await call('GET', '/resources/users/1/a')).json(), { status: 502 })
  })

  t.test('200: related assets of others are left out, in both of their forms', async (t) => {
    const related = [
      asset('users/1/b'), asset('users/2/secret'), 'image/upload/users/1/c', 'image/upload/users/2/secret',
      'secret', null, { asset: 'secret' }
    ]
    for (const path of ['/resources/users/1/a?related=true', `${byAssetId}?related=true`]) {
      answers({ ...asset('users/1/a'), related_assets: related })
      const answer = await call('GET', path)
      t.same(answer.json(), {
        ...asset('users/1/a'), related_assets: [asset('users/1/b'), 'image/upload/users/1/c']
      })
    }
  })

  t.test('200: a list, as JSON and as lines, holds what lies in the folder and nothing else', async (t) => {
    const page = {
      resources: [
        asset('users/1/a'), asset('users/10/secret'), asset('users/1/../2/secret'), asset('users/1/b')
      ]
    }
    answers(page, 2)
    t.same((await call('GET', '/resources')).json(), { resources: [asset('users/1/a'), asset('users/1/b')] })
    const lines = await (await fetch(`${url}/resources`, {
      headers: { authorization: 'Bearer jailed', accept: 'application/x-ndjson' }
    })).text()
    t.same(lines.trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown), [asset('users/1/a'), asset('users/1/b')])
  })
})
