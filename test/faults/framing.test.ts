import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { startGateway } from '../support/gateway.ts'

const HEAD = 'Host: 127.0.0.1\r\nContent-Type: application/octet-stream\r\n'

async function startRaw (t: Test) {
  const { sandbox, url } = await startGateway(t)
  const { port } = new URL(url)
  /** Sends bytes, ends this side of the connection unless it is to wait for its answer, and gives all that came back. */
  const talk = (bytes: string, { waits = false } = {}): Promise<string> => new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), '127.0.0.1', () => waits ? socket.write(bytes) : socket.end(bytes))
    socket.on('data', (data) => { text += data.toString() }).on('close', () => resolve(text)).on('error', reject)
  })
  const stored = () => sandbox.requests.filter(({ path, state, status }) => path.endsWith('/upload') && state === 'complete' && status === 200)
  return { url, talk, stored }
}

t.test('M6: a body that ends before its Content-Length is no file: nothing is stored, and the gateway lives', async (t) => {
  const { url, talk, stored } = await startRaw(t)
  const answer = await talk(`POST /upload?resource_type=raw HTTP/1.1\r\n${HEAD}Content-Length: 20\r\n\r\n0123456789`)
  t.notMatch(answer, /HTTP\/1\.1 2/)
  t.equal((await fetch(`${url}/healthz`)).status, 200)
  t.same(stored(), [])
})

t.test('M7: bytes after the body are no part of it: what is stored is as long as announced, and the garbage is the end of the connection, once the file has its answer', async (t) => {
  const { url, talk, stored } = await startRaw(t)
  const answer = await talk(`POST /upload?resource_type=raw&public_id=exact HTTP/1.1\r\n${HEAD}Content-Length: 10\r\n\r\n0123456789garbage that is no request\r\n\r\n`, { waits: true })
  const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
  // The parser gives up at the garbage, before the answer is out: then the end of the connection says it all.
  t.equal(statuses[0], '200')
  t.ok(statuses.length === 1 || statuses[1] === '400', statuses.join())
  t.match(answer, /connection: close/i)
  t.same(stored().map(({ file_bytes: bytes }) => bytes), [10])
  t.equal((await fetch(`${url}/healthz`)).status, 200)
})

t.test('S8: names of the prototype, thousands of names and deep nesting are 400, and change no object', async (t) => {
  const { url } = await startRaw(t)
  const post = async (body: string) => fetch(`${url}/signature`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const many = JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`name${index}`, 'x'])))
  const deep = `${'{"context":'.repeat(100)}1${'}'.repeat(100)}`
  for (const body of ['{"__proto__":{"x":1}}', '{"constructor":{"prototype":{"x":1}}}', '{"toString":"x"}', '{"context":{"__proto__":{"x":1}}}', '{"paramsToSign":{"__proto__":{"x":1}}}', many, deep]) {
    const answer = await post(body)
    t.ok(answer.status === 400 || answer.status === 422, `${answer.status}: ${body.slice(0, 40)}`)
    t.match(answer.headers.get('content-type'), 'application/problem+json')
    await answer.arrayBuffer()
  }
  t.notOk('x' in {})
})

t.test('M16: 400 for a part that calls itself base64; a form in a part of its own is stored byte for byte', async (t) => {
  const { url, stored } = await startRaw(t)
  const send = (header: string, content: string): Promise<Response> => {
    const body = `--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n${header}\r\n\r\n${content}\r\n--b--\r\n`
    return fetch(`${url}/upload?resource_type=raw`, { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=b' }, body })
  }
  t.match(await (await send('Content-Transfer-Encoding: base64', 'aGVsbG8=')).json(), { status: 400, code: 'invalid_request', errors: [{ pointer: '/file', message: /"base64"/ }] })
  t.same(stored(), [])
  const content = '--inner\r\n\r\nx\r\n--inner--'
  for (const header of ['Content-Type: multipart/mixed; boundary=inner', 'Content-Transfer-Encoding: Binary', 'Content-Transfer-Encoding: 7bit']) {
    const { url: address } = await (await send(header, content)).json() as { url: string } // the sandbox's answer
    t.equal(await (await fetch(address)).text(), content, header)
  }
})
