import { createHash } from 'node:crypto'
import t from 'tap'
import { decodeBase64 } from '../../src/sandbox/base64.ts'
import { startSandbox } from '../../src/sandbox/index.ts'

const sandbox = await startSandbox()
t.teardown(() => sandbox.close())
const BASIC = `Basic ${btoa('1234:abcd')}`

async function upload (body: RequestInit['body'], headers: Record<string, string> = {}) {
  const answer = await fetch(`${sandbox.url}/v1_1/demo/raw/upload`, { method: 'POST', body: body ?? null, headers: { authorization: BASIC, ...headers } })
  return { status: answer.status, body: await answer.json() as Record<string, unknown> } // as everywhere in this API
}

t.test('decodes what means its bytes exactly, and nothing else', async (t) => {
  for (const [text, bytes] of [['', ''], ['QQ==', 'A'], ['QQ=', 'A'], ['QQ', 'A'], ['QUI=', 'AB'], ['QUI', 'AB'], ['QUJD', 'ABC'], ['QU\r\nJD\n', 'ABC'], ['QR==', 'A']] as const) t.equal(decodeBase64(text)?.toString(), bytes, JSON.stringify(text))
  for (const text of ['QU D', 'QUJD ', 'QU\tJD', 'QUJ-', 'QUJ_', 'QUJD%3D', 'Q', 'QUJDR', 'Q===', 'QUJD=', 'QUI==', 'QQ===', 'QQ==QQ==', '=', 'QUé=']) {
    t.equal(decodeBase64(text), undefined, JSON.stringify(text))
  }
  t.same(decodeBase64('-_-_', { urlSafe: true }), decodeBase64('+/+/'))
  for (const text of ['-_+/', 'Q-A U', 'Q']) t.equal(decodeBase64(text, { urlSafe: true }), undefined, text)
})

t.test('400: a data URI that lost characters is not stored', async (t) => {
  const head = 'data:application/octet-stream;base64,'
  for (const text of ['++ +AP8=', '--__AP8=', '++++A', '++++AP8==', '++=+AP8']) {
    t.match(await upload(new URLSearchParams({ file: head + text, public_id: 'lost' })), { status: 400, body: { error: { message: 'Could not decode base64' } } }, text)
  }
  t.match(await upload(`file=${head}++++AP8=`, { 'content-type': 'application/x-www-form-urlencoded' }), { status: 400, body: { error: { message: 'Could not decode base64' } } })
  for (const uri of ['data:text/plain,hello%20world', 'data:,x']) t.match(await upload(new URLSearchParams({ file: uri })), { status: 400, body: { error: { message: 'Invalid data URI' } } })
  t.equal((await fetch(`${sandbox.url}/v1_1/demo/resources/raw/upload/lost`, { headers: { authorization: BASIC } })).status, 404)
  const { body } = await upload(new URLSearchParams({ file: `${head}++++\nAP8` }))
  t.same(Buffer.from(await (await fetch(String(body['url']))).arrayBuffer()), Buffer.from('fbefbe00ff', 'hex'))
})

t.test('401: credentials with characters that no base64 has are not those without them', async (t) => {
  for (const value of [`${btoa('1234:abcd')}!`, `-${btoa('1234:abcd')}`, 'MTIzNDphYmNkx']) {
    t.match(await upload(new URLSearchParams({ file: 'data:;base64,AA==' }), { authorization: `Basic ${value}` }), { status: 401, body: { error: { message: 'Unknown API key ' } } }, value)
  }
})

t.test('400: a signed search whose query is no base64', async (t) => {
  const search = async (query: string) => fetch(`${sandbox.url}/demo/search/${createHash('sha256').update(`300${query}abcd`).digest('hex')}/300/${query}`)
  t.equal((await search(btoa('{"max_results":1}'))).status, 200)
  t.match(await (await search(`${btoa('{"max_results":1}')}!`)).json(), { error: { message: 'Invalid search query' } })
})

t.test('refused by name: bodies of a type that nobody reads as fields', async (t) => {
  const fields = 'file=data:;base64,AA=='
  for (const type of ['text/plain', 'text/plain;charset=UTF-8', 'application/vnd.api+json', 'application/octet-stream']) {
    t.match(await upload(fields, { 'content-type': type }), { body: { error: { message: /does not imitate bodies of type/ } } }, type)
  }
  t.match(await upload(Buffer.from(fields)), { status: 200 }, 'no type at all: a form, as in the framework of the vendor')
  t.match(await upload(JSON.stringify({ file: 'data:;base64,AA==' }), { 'content-type': 'application/json; charset=utf-8' }), { status: 200 })
})
