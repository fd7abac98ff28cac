import sharp from 'sharp'
import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const sandbox = await startSandbox()
t.teardown(() => sandbox.close())
const PNG = await sharp({ create: { width: 6, height: 4, channels: 3, background: '#0a0' } }).png().toBuffer()
const URI = `data:image/png;base64,${PNG.toString('base64')}`

async function upload (type: string, file: string | Buffer, { name = 'photo.txt', headers = {} }: { name?: string, headers?: Record<string, string> } = {}): Promise<Record<string, unknown>> {
  const body = new FormData()
  body.set('public_id', 'x')
  body.set('file', new Blob([file]), name)
  const answer = await fetch(`${sandbox.url}/v1_1/demo/${type}/upload`, { method: 'POST', headers: { authorization: `Basic ${btoa('1234:abcd')}`, ...headers }, body })
  return { http: answer.status, ...await answer.json() as object } // as everywhere in this API
}

t.test('a data URI in a part with a file name is decoded, and has no file name', async (t) => {
  for (const type of ['image', 'auto']) {
    const answer = await upload(type, URI)
    t.match(answer, { http: 200, format: 'png', width: 6, height: 4, bytes: PNG.length }, type)
    t.notOk('original_filename' in answer)
  }
  t.match(await upload('raw', `DATA:text/plain;charset=utf-8;base64,${Buffer.from('hello').toString('base64')}`), { http: 200, bytes: 5 })
})

t.test('what only begins like one is bytes', async (t) => {
  for (const text of ['data:image/png;base64,not base64!', 'data:,hello', 'database;base64,aGk=', `${URI}\n<end>`]) {
    t.match(await upload('raw', text), { http: 200, bytes: text.length, original_filename: 'photo' }, text.slice(0, 30))
  }
  const range = { 'content-range': `bytes 0-${URI.length - 1}/${URI.length}`, 'x-unique-upload-id': 'one' }
  t.match(await upload('raw', URI, { headers: range }), { http: 200, bytes: URI.length }, 'a piece of a file')
})

t.test('400: a data URI that is too long, in the vendor\'s words', async (t) => {
  const body = new URLSearchParams({ file: `data:image/png;base64,${'A'.repeat(62_910_000)}` })
  const answer = await fetch(`${sandbox.url}/v1_1/demo/image/upload`, { method: 'POST', headers: { authorization: `Basic ${btoa('1234:abcd')}` }, body })
  t.match(await answer.json(), { error: { message: 'Invalid URI. URI byte size should not be > 62910000. Given 62910022' } })
})

t.test('the same bytes under the same name keep what was made of them; other bytes do not', async (t) => {
  const headers = { authorization: `Basic ${btoa('1234:abcd')}` }
  const derived = async () => {
    const answer = await fetch(`${sandbox.url}/v1_1/demo/resources/image/upload/kept`, { headers })
    return (await answer.json() as { derived: { transformation: string, secure_url: string }[] }).derived // an asset's details
  }
  const first = await sandbox.add('kept', { file: PNG, eager: 'c_scale,w_2' })
  await fetch(`${sandbox.url}/demo/image/upload/c_scale,w_3/v1/kept.png`)
  t.same((await derived()).map(({ transformation }) => transformation).sort(), ['c_scale,w_2', 'c_scale,w_3'])
  t.match(await sandbox.add('kept', { file: PNG, eager: 'c_scale,w_2' }), { overwritten: true, asset_id: first.asset_id })
  const kept = await derived()
  t.same(kept.map(({ transformation }) => transformation).sort(), ['c_scale,w_2', 'c_scale,w_3'], 'each of them once')
  for (const { secure_url: url } of kept) t.equal((await fetch(url)).status, 200, 'their bytes are kept, too')
  await sandbox.add('kept', { file: await sharp(PNG).negate().png().toBuffer() })
  t.same(await derived(), [])
})
