import sharp from 'sharp'
import t from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { officialClient } from '../support/official-client.ts'

const sandbox = await startSandbox({ clouds: [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd', strictTransformations: true }], adminRateLimit: 1000 })
const cloudinary = await officialClient(t, sandbox)
const { api } = cloudinary
t.teardown(() => sandbox.close())

const photo = await sharp({ create: { width: 100, height: 60, channels: 3, background: '#336699' } }).jpeg().toBuffer()
await sandbox.add('photo', { file: photo, eager: 'c_scale,w_100' })

const refusal = (call: Promise<unknown>): Promise<unknown> => call.then(() => 'not refused', (reason: { error: unknown }) => reason.error)
async function status (path: string): Promise<number> {
  const answer = await fetch(`${sandbox.url}/demo/image/upload/${path}`)
  await answer.arrayBuffer()
  return answer.status
}

t.test('a new named transformation is allowed in strict mode, unless it is said not to be', async (t) => {
  await api.create_transformation('small', { width: 10, crop: 'scale' })
  t.match(await api.transformation('small'), { name: 't_small', named: true, allowed_for_strict: true, used: false, info: [{ crop: 'scale', width: 10 }] })
  t.equal(await status('t_small/photo.jpg'), 200)
  t.equal(await status('t_small/photo.webp'), 200)
  t.match(await api.transformation('small'), { used: true })
  await api.create_transformation('closed', 'c_scale,w_11')
  await api.update_transformation('closed', { allowed_for_strict: false })
  t.match(await api.transformation('closed'), { allowed_for_strict: false })
  t.equal(await status('t_closed/photo.jpg'), 401)
  t.equal(await status('t_small.closed/photo.jpg'), 401, 'of two names both are to be allowed')
  t.equal(await status('t_small/c_scale,w_5/photo.jpg'), 401, 'what stands beside a name is not')
  t.equal(await status('t_small,e_sepia/photo.jpg'), 401)
  await api.update_transformation('closed', { allowed_for_strict: true })
  t.equal(await status('t_closed/photo.jpg'), 200)
  t.equal(await status('t_small/t_closed/photo.jpg'), 200)
  t.equal(await status('photo.webp'), 401, 'another format is a transformation like others')
})

t.test('a chain without a name can be allowed once it was used, and made known before', async (t) => {
  t.match(await api.transformation('c_scale,w_100'), { name: 'c_scale,w_100', named: false, used: true, allowed_for_strict: false })
  await api.update_transformation('c_scale,w_100', { allowed_for_strict: true })
  t.match(await api.transformation({ width: 100, crop: 'scale' }), { named: false, allowed_for_strict: true })
  await sandbox.add('other', { file: photo })
  t.equal(await status('w_100,c_scale/other.jpg'), 200)
  t.equal(await status('c_scale,w_100/other.png'), 401, 'in another format it is another one')
  await api.update_transformation('c_scale,w_100', { allowed_for_strict: false })
  t.match(await api.transformation('c_scale,w_100'), { allowed_for_strict: false })
  t.match(await refusal(api.update_transformation('c_scale,w_999', { allowed_for_strict: true })), { http_code: 404 })
  t.match(await refusal(api.update_transformation('c_scale,w_100', { unsafe_update: { width: 5 } })), { http_code: 400 })

  await api.create_transformation('c_fill,h_7,w_8', 'c_fill,h_7,w_8')
  t.match(await api.transformation('c_fill,h_7,w_8'), { name: 'c_fill,h_7,w_8', named: false, used: false, allowed_for_strict: true, info: [{ crop: 'fill', height: 7, width: 8 }] })
  t.equal(await status('c_fill,h_7,w_8/other.jpg'), 200)
  t.match(await refusal(api.create_transformation('c_fill,h_7,w_8', 'w_8,c_fill,h_7')), { http_code: 409 })
  t.match(await refusal(api.create_transformation('a,b', 'w_8')), { http_code: 400 })
  const names = ((await api.transformations({ named: false, max_results: 500 })).transformations as { name: string }[]).map(({ name }) => name)
  t.same(names.filter((name) => !name.startsWith('t_')), ['c_fill,h_7,w_8', 'c_scale,w_100'])
  t.match(await api.delete_transformation('c_fill,h_7,w_8'), { message: 'deleted' })
  t.match(await refusal(api.transformation('c_fill,h_7,w_8')), { http_code: 404 })
  t.equal(await status('c_fill,h_7,w_8/other.jpg'), 401)
})

t.test('what a transformation made comes in pages', async (t) => {
  await api.create_transformation('many', { width: 3, crop: 'scale' })
  for (const id of ['p1', 'p2', 'p3']) {
    await sandbox.add(id, { file: photo })
    t.equal(await status(`t_many/${id}.jpg`), 200)
  }
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const answer = await api.transformation('many', { max_results: 2, ...cursor !== undefined && { next_cursor: cursor } }) as { derived: { public_id: string }[], next_cursor?: string } // as documented
    ids.push(...answer.derived.map(({ public_id: id }) => id))
    t.ok(answer.derived.length <= 2)
    cursor = answer.next_cursor
  } while (cursor !== undefined)
  t.same(ids.sort(), ['p1', 'p2', 'p3'])
})
