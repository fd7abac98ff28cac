import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { post as send } from '../../../src/sandbox/notifications/post.ts'
import { startSandbox, type SandboxOptions } from '../../../src/sandbox/index.ts'

const basic = { authorization: `Basic ${btoa('1234:abcd')}` }

/** A sandbox, and somebody who listens to it and answers with `statuses`, then with 200. */
async function start (t: Test, statuses: number[] = [], options: SandboxOptions = {}) {
  const heard: { type: string, body: Record<string, unknown>, fits: boolean }[] = []
  const listeners = new Set<() => void>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const signed = createHash('sha1').update(`${text}${request.headers['x-cld-timestamp']}abcd`).digest('hex')
      const body = JSON.parse(text) as Record<string, unknown> // what the sandbox sends is an object
      heard.push({ type: String(body.notification_type), body, fits: signed === request.headers['x-cld-signature'] })
      response.writeHead(statuses.shift() ?? 200).end()
      for (const listener of listeners) listener()
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => server.close())
  const sandbox = await startSandbox({ allowPrivateFetch: true, notificationRetryMs: [5, 5, 5], ...options })
  t.teardown(() => sandbox.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` // a TCP server
  const post = async (path: string, body: Record<string, string>) => (await fetch(`${sandbox.url}/v1_1/demo/${path}`, { method: 'POST', headers: basic, body: new URLSearchParams(body) })).json()
  const until = (count: number) => new Promise<void>((resolve) => {
    const check = () => { if (heard.length >= count) resolve() }
    listeners.add(check)
    check()
  })
  return { sandbox, url, heard, post, until }
}

t.test('upload, eager, rename, moderation and delete are told, signed', async (t) => {
  const { sandbox, url, heard, post, until } = await start(t)
  await sandbox.add('a', { notification_url: url, eager: 'c_scale,w_2', eager_async: 'true' })
  await until(2)
  await post('image/rename', { from_public_id: 'a', to_public_id: 'b', notification_url: url })
  await until(3)
  await post('resources/image/upload/b', { moderation_status: 'approved', notification_url: url })
  await until(4)
  await post('image/destroy', { public_id: 'b', notification_url: url })
  await until(5)
  t.ok(heard.every(({ fits }) => fits))
  t.same(heard.slice(0, 2).map(({ type }) => type).sort(), ['eager', 'upload'])
  t.match(heard.find(({ type }) => type === 'upload')?.body, { public_id: 'a', etag: String, timestamp: /\+00:00$/, request_id: /^[0-9a-f]{32}$/ })
  t.match(heard.find(({ type }) => type === 'eager')?.body, { public_id: 'a', eager: [{ transformation: 'c_scale,w_2', width: 2 }], batch_id: String })
  t.match(heard.slice(2).map(({ body }) => body), [
    { notification_type: 'rename', from_public_id: 'a', to_public_id: 'b' },
    { notification_type: 'moderation', public_id: 'b', moderation_status: 'approved' },
    { notification_type: 'delete', resources: [{ public_id: 'b' }] }
  ])
})

t.test('three more tries when the answer is not 200', async (t) => {
  const { sandbox, url, heard, until } = await start(t, [500, 302, 404])
  await sandbox.add('a', { notification_url: url })
  await until(4)
  t.same(new Set(heard.map(({ body }) => body.request_id)).size, 1)
})

t.test('triggers: told about everything of their type, unless the call names an address', async (t) => {
  const { sandbox, url, heard, post, until } = await start(t)
  t.match(await post('triggers', { uri: `${url}/global`, event_type: 'upload' }), { id: String, event_type: 'upload' })
  await sandbox.add('a')
  await until(1)
  t.equal(heard[0]?.body.public_id, 'a')
  await sandbox.add('b', { notification_url: url })
  await until(2)
  t.equal(heard.length, 2, 'only the address of the call')
})

t.test('a private address is not told by default', async (t) => {
  const { url, heard } = await start(t)
  const options = { headers: {}, body: '{}', timeoutMs: 2000, signal: new AbortController().signal }
  await t.rejects(send(url, { ...options, allowPrivate: false }), { message: 'a private address' })
  await t.rejects(send(url.replace('127.0.0.1', 'localhost.'), { ...options, allowPrivate: false }))
  t.equal(heard.length, 0)
  t.equal(await send(url, { ...options, allowPrivate: true }), 200, 'the control case arrives')
})

t.test('400: an address that is no URL, and nothing is stored', async (t) => {
  const { sandbox, post } = await start(t)
  const file = 'data:text/plain;base64,aGVsbG8='
  t.match(await post('raw/upload', { file, public_id: 'x', notification_url: 'nonsense' }), { error: { message: 'Invalid value nonsense for parameter notification_url' } })
  t.match(await (await fetch(`${sandbox.url}/v1_1/demo/resources/raw`, { headers: basic })).json(), { resources: [] })
})
