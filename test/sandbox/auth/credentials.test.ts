import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const clouds = [
  { cloudName: 'one', apiKey: '1', apiSecret: 'a', oauthToken: 'tok' },
  { cloudName: 'two', apiKey: '2', apiSecret: 'b' }
]
const sandbox = await startSandbox({ clouds })
t.teardown(() => sandbox.close())

const pixel = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const post = async (path: string, body: Record<string, string>, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${sandbox.url}/v1_1/${path}`, { method: 'POST', body: new URLSearchParams(body), headers })
  return { status: answer.status, header: answer.headers.get('x-cld-error'), ...await answer.json() as { error?: { message: string } } } // the API's only two shapes
}
const basic = (pair: string) => ({ authorization: `Basic ${btoa(pair)}` })

t.test('400 and 401 in the words of the vendor', async (t) => {
  const cases: [string, string, Record<string, string>, Record<string, string>, number, string][] = [
    ['no key, no preset', 'one/image/upload', { file: pixel }, {}, 400, 'Upload preset must be specified when using unsigned upload'],
    ['no key, a preset, an unknown cloud', 'none/image/upload', { file: pixel, upload_preset: 'p' }, {}, 401, 'Unknown API key '],
    ['a key, an unknown cloud', 'none/image/upload', { file: pixel, api_key: '1', timestamp: '1', signature: 'x' }, {}, 401, 'Invalid cloud_name none'],
    ['an unknown key', 'one/image/upload', { file: pixel, api_key: '9', timestamp: '1', signature: 'x' }, {}, 401, 'Unknown API key 9'],
    ['the key of another cloud', 'one/image/upload', { file: pixel, api_key: '2', timestamp: '1', signature: 'x' }, {}, 401, 'cloud_name mismatch'],
    ['no timestamp', 'one/image/upload', { file: pixel, api_key: '1', signature: 'x' }, {}, 400, 'Missing required parameter - timestamp'],
    ['no signature', 'one/image/upload', { file: pixel, api_key: '1', timestamp: '1' }, {}, 400, 'Missing required parameter - signature'],
    ['a wrong signature', 'one/image/upload', { file: pixel, api_key: '1', timestamp: '1', public_id: 'p', signature: 'bad' }, {}, 401, 'Invalid Signature bad. String to sign - \'public_id=p&timestamp=1\'.'],
    ['destroy without a key', 'one/image/destroy', { public_id: 'p' }, {}, 400, 'Missing required parameter - api_key'],
    ['a header with a wrong secret', 'one/image/upload', { file: pixel }, basic('1:z'), 401, 'api_secret mismatch'],
    ['a wrong token', 'one/image/upload', { file: pixel }, { authorization: 'Bearer x' }, 401, 'Invalid token'],
    ['a header and no file', 'one/image/upload', { public_id: 'p' }, basic('1:a'), 400, 'Missing required parameter - file']
  ]
  for (const [title, path, body, headers, status, message] of cases) {
    t.match(await post(path, body, headers), { status, header: message.trim(), error: { message } }, title)
  }
})

t.test('200: Basic and a token need neither timestamp nor signature', async (t) => {
  t.match(await post('one/image/upload', { file: pixel, public_id: 'basic' }, basic('1:a')), { status: 200, public_id: 'basic' })
  t.match(await post('one/image/upload', { file: pixel, public_id: 'bearer' }, { authorization: 'Bearer tok' }), { status: 200, public_id: 'bearer' })
})

t.test('clouds do not see each other', async (t) => {
  const answer = await fetch(`${sandbox.url}/v1_1/two/resources/image/upload/basic`, { headers: basic('2:b') })
  t.equal(answer.status, 404)
})
