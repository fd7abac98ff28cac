import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startGatewayAt } from '../../support/gateway.ts'
import { startSinkProcess } from '../../support/sink-process.ts'

const KIB = 1024
const MOST = 512 * KIB
const BODY_BYTES = 100 * KIB
/** Each has an address of its own where it says so. */
const HEAD = 'Host: localhost\r\nContent-Type: application/json\r\n'

const bodyOf = (bytes: number): string => `{"public_id":"a","tags":["${'t'.repeat(bytes - 29)}"]}`
const chunked = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`

async function start (t: Test) {
  const { url: upstream } = await startSinkProcess(t)
  const { app, url } = await startGatewayAt(t, upstream, {
    trustProxy: ['127.0.0.1'], memory: { bodiesBytes: MOST }
  })
  const open = async (address: string, path: string, head: string, text: string): Promise<Socket> => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    socket.write(`POST ${path} HTTP/1.1\r\n${HEAD}X-Forwarded-For: ${address}\r\n${head}\r\n${text}`)
    return socket
  }
  const held = async (bytes: number): Promise<void> => {
    while (app.heldBodies.waitingBytes !== bytes) await sleep(5)
  }
  return { app, open, held, url }
}

async function answerOf (socket: Socket): Promise<string> {
  const [answer] = await once(socket, 'data') as [Buffer]
  return answer.toString()
}

const OVERLOADED = /^HTTP\/1\.1 503 [^]*retry-after: 5[^]*"code":"overloaded"/i

for (const path of ['/signature', '/signature/explain', '/url', '/upload/remote', '/upload']) {
  t.test(`${path}: large bodies that never end fill a half for one address, and the whole for all`, async (t) => {
    const { app, open, held } = await start(t)
    const length = `Content-Length: ${BODY_BYTES}\r\n`
    const begun = bodyOf(BODY_BYTES).slice(0, -1)
    const slow = [await open('192.0.2.1', path, length, begun), await open('192.0.2.1', path, length, begun)]
    await held(2 * BODY_BYTES)
    t.match(await answerOf(await open('192.0.2.1', path, length, begun)), OVERLOADED, 'the third of one address')
    slow.push(await open('192.0.2.2', path, length, begun), await open('192.0.2.2', path, length, begun))
    await held(4 * BODY_BYTES)
    slow.push(await open('192.0.2.3', path, length, begun))
    await held(5 * BODY_BYTES)
    t.match(await answerOf(await open('192.0.2.4', path, length, begun)), OVERLOADED, 'there is no room at all')
    const small = '{"public_id":"a"}'
    t.match(
      await answerOf(await open('192.0.2.1', '/signature', `Content-Length: ${small.length}\r\n`, small)),
      /^HTTP\/1\.1 200 /, 'small bodies are served'
    )
    for (const socket of slow) socket.destroy()
    await held(0)
    t.equal(app.heldBodies.owners, 0)
    const last = await open('192.0.2.4', '/signature', length, bodyOf(BODY_BYTES))
    t.match(await answerOf(last), /^HTTP\/1\.1 (200|400) /, 'the next body has room again')
    await held(0)
  })
}

t.test('a body of unknown length is counted while it comes, and refused once it has no room', async (t) => {
  const { open, held } = await start(t)
  const coding = 'Transfer-Encoding: chunked\r\n'
  const slow = await open('192.0.2.1', '/signature', coding, chunked(bodyOf(BODY_BYTES).slice(0, -1)))
  await held(BODY_BYTES - 1)
  const greedy = await open('192.0.2.1', '/signature', coding, chunked(bodyOf(2 * BODY_BYTES).slice(0, -1)))
  t.match(await answerOf(greedy), OVERLOADED)
  slow.write(`${chunked('}')}0\r\n\r\n`)
  t.match(await answerOf(slow), /^HTTP\/1\.1 (200|400) /, 'the one that was there first is answered')
  await held(0)
})

t.test('a body is served, however large, while no other is held', async (t) => {
  const { url } = await start(t)
  const answer = await fetch(`${url}/signature`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: bodyOf(900 * KIB)
  })
  t.not(answer.status, 503)
})
