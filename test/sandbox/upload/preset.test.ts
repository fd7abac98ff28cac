import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const sandbox = await startSandbox()
t.teardown(() => sandbox.close())

/** JSON as an administrator sends it; without a key, as a browser does. */
async function ask (path: string, body: object, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
  return { http: answer.status, ...await answer.json() as object } // as everywhere in this API
}
const manage = (path: string, body: object) => ask(path, body, { authorization: `Basic ${btoa('1234:abcd')}` })
const upload = (preset: string, fields: object) => ask('image/upload', { file: PIXEL, upload_preset: preset, ...fields })

t.test('unsigned: context of the preset and of the request are merged, whatever characters are in them', async (t) => {
  const context = { a: 'b|c=d', 'e=f': '\\', g: '"' }
  await manage('upload_presets', { name: 'hard', unsigned: true, context })
  t.match(await upload('hard', { context: 'q=r\\|s' }), { http: 200, context: { custom: { ...context, q: 'r|s' } } })
  t.same((await upload('hard', { context: { a: 'mine' } })).context, { custom: { ...context, a: 'mine' } }, 'of one name, that of the request')
  t.match(await upload('hard', {}), { context: { custom: context } })
  await manage('upload_presets', { name: 'text', unsigned: true, context: 'a=b\\|c' })
  t.same((await upload('text', { context: 'q=r' })).context, { custom: { a: 'b|c', q: 'r' } })
  t.match(await upload('text', { context: 'no pair' }), { http: 400, error: { message: 'Invalid value no pair for parameter context' } })
})

t.test('unsigned: metadata are merged, lists and quotes in them too', async (t) => {
  await manage('metadata_fields', { external_id: 's', label: 'Set', type: 'set', datasource: { values: [{ external_id: 'r', value: 'red' }, { external_id: 'g', value: 'green' }] } })
  for (const id of ['x', 'y']) await manage('metadata_fields', { external_id: id, label: id, type: 'string' })
  await manage('upload_presets', { name: 'fields', unsigned: true, metadata: { s: ['r', 'g'], x: 'a "b"|c=d\\' } })
  t.match(await upload('fields', { metadata: 'y=z' }), { http: 200, metadata: { s: ['r', 'g'], x: 'a "b"|c=d\\', y: 'z' } })
})

t.test('unsigned: tags are joined; signed: what the request says counts alone', async (t) => {
  await manage('upload_presets', { name: 'both', unsigned: true, tags: ['p', 'q'], context: { a: 'b' } })
  t.match(await upload('both', { tags: 'q,r' }), { tags: ['p', 'q', 'r'] })
  t.same((await manage('image/upload', { file: PIXEL, upload_preset: 'both', context: 'c=d' })).context, { custom: { c: 'd' } })
})
