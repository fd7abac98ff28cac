import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

async function start (t: Test, data = ':memory:') {
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'warn' }, { write: (line) => { lines.push(JSON.parse(line)) } })
  const sandbox = await startSandbox({ logger, data })
  t.teardown(() => sandbox.close())
  return { sandbox, lines }
}

/** Sends the beginning of a request, and hangs up once it has been read. */
async function hangUp (sandbox: Awaited<ReturnType<typeof start>>['sandbox'], { type, body }: { type: string, body: string }) {
  const socket = connect(Number(new URL(sandbox.url).port), '127.0.0.1')
  socket.write('POST /v1_1/demo/raw/upload HTTP/1.1\r\nhost: sandbox\r\nauthorization: Basic MTIzNDphYmNk\r\n' +
    `content-type: ${type}\r\ncontent-length: 100000\r\n\r\n${body}`)
  while ((sandbox.requests.at(-1)?.bytes ?? 0) < body.length) await turn()
  socket.destroy()
  while (sandbox.requests.at(-1)?.state !== 'aborted') await turn()
}

t.test('a client that hangs up in the middle of a body is no error in the log', async (t) => {
  const { sandbox, lines } = await start(t)
  const part = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.bin"\r\n\r\nhalf of'
  await hangUp(sandbox, { type: 'multipart/form-data; boundary=x', body: part })
  await hangUp(sandbox, { type: 'application/x-www-form-urlencoded', body: 'file=data:text' })
  await hangUp(sandbox, { type: 'application/json', body: '{"file":' })
  // What was still to be said of them has been said when another request is answered.
  t.match(await sandbox.add('after'), { public_id: 'after' })
  await sandbox.close()
  t.same(lines, [])
})

t.test('a client that hangs up in the middle of an answer is no error either', async (t) => {
  // From a file, so that the answer is not over before the client is gone.
  const { sandbox, lines } = await start(t, t.testdir())
  await sandbox.add('large', { resource_type: 'raw', file: Buffer.alloc(30_000_000) })
  for (const path of ['/demo/raw/upload/large', '/v1_1/demo/raw/download?public_id=large']) {
    const socket = connect(Number(new URL(sandbox.url).port), '127.0.0.1')
    socket.write(`GET ${path} HTTP/1.1\r\nhost: sandbox\r\nauthorization: Basic MTIzNDphYmNk\r\n\r\n`)
    const [head] = await once(socket, 'data') as [Buffer]
    t.match(head.toString('latin1', 0, 15), 'HTTP/1.1 200 OK')
    socket.destroy()
    while (sandbox.requests.at(-1)?.state === 'open') await turn()
  }
  t.match(await sandbox.add('after'), { public_id: 'after' })
  await sandbox.close()
  t.same(lines, [])
})

t.test('the control case: what breaks inside is an error in the log', async (t) => {
  const { sandbox, lines } = await start(t)
  // Bytes that nobody can read: what a broken disk would be.
  const { MemoryBlobs } = await import('../../../src/sandbox/store/blobs-memory.ts')
  t.intercept(MemoryBlobs.prototype, 'write', { value: async () => { throw new Error('no room') } })
  const body = new FormData()
  body.set('file', new Blob(['x']), 'x.txt')
  const headers = { authorization: `Basic ${btoa('1234:abcd')}` }
  const answer = await fetch(`${sandbox.url}/v1_1/demo/raw/upload`, { method: 'POST', headers, body })
  t.equal(answer.status, 500)
  t.match(lines, [{ level: 50, err: { message: 'no room' } }])
})
