import t from 'tap'
import { startSandbox, type Sandbox } from '../../../src/sandbox/index.ts'
import { talk } from '../../support/talk.ts'

const basic = `Basic ${btoa('1234:abcd')}`

/** Sends a request with these hosts, and returns the answer as it comes. */
async function send (
  { url }: Pick<Sandbox, 'url'>, target: string, hosts: readonly string[], method = 'GET'
): Promise<{ status: number, answer: string }> {
  const lines = [
    `${method} ${target} HTTP/1.1`, ...hosts.map((host) => `Host: ${host}`), `Authorization: ${basic}`,
    'Connection: close', 'Content-Length: 0'
  ]
  const answer = await talk(url, `${lines.join('\r\n')}\r\n\r\n`)
  return { status: Number(answer.split(' ')[1]), answer }
}

t.test('a name that anybody could have turned to this machine is 403 everywhere, and nothing is done', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  await sandbox.add('kept')
  sandbox.faults.add({ kind: 'status', status: 503 })
  const calls = [
    ['GET', '/'], ['GET', '/v1_1/demo/ping'], ['GET', '/v1_1/demo/resources/image'], [
      'DELETE', '/v1_1/demo/resources/image/upload?all=true'
    ],
    [
      'POST', '/v1_1/demo/image/destroy?public_id=kept'
    ], ['POST', '/_sandbox/reset'], ['GET', '/_sandbox/requests'], ['DELETE', '/_sandbox/faults'],
    ['GET', '/demo/image/upload/kept.png'], ['OPTIONS', '/v1_1/demo/image/upload'], ['GET', '/%zz']
  ] as const
  for (const [method, path] of calls) {
    const { status, answer } = await send(sandbox, path, ['rebound.example:8081'], method)
    t.equal(status, 403, `${method} ${path}`)
    t.match(
      answer, /"message":"This sandbox answers as localhost or by its address, not as rebound\.example:8081\./
    )
    t.notMatch(answer, /access-control/i)
  }
  t.same(sandbox.requests, [], 'none of them counts')
  t.match(sandbox.faults.list(), [{ struck: 0 }], 'nor takes a fault that was ordered for others')
  sandbox.faults.clear()
  t.equal(
    (await send(sandbox, '/v1_1/demo/resources/image/upload/kept', ['localhost'])).status, 200,
    'the asset is still there'
  )
})

t.test('200 as localhost, by any address, by a name of one label, and under the name that its links have', async (t) => {
  const own = await startSandbox({ publicUrl: 'https://Sandbox.Example' })
  const plain = await startSandbox()
  t.teardown(() => Promise.all([own.close(), plain.close()]))
  for (const host of [
    'localhost', 'LOCALHOST:1', 'app.localhost', '127.0.0.1:80', '[::1]:8081', '10.1.2.3', 'sandbox:8081'
  ]) {
    t.equal((await send(plain, '/v1_1/demo/ping', [host])).status, 200, host)
  }
  t.equal((await send(own, '/v1_1/demo/ping', ['sandbox.example'])).status, 200)
  t.equal((await send(plain, '/v1_1/demo/ping', ['sandbox.example'])).status, 403)
})

t.test('whoever opens it to the network may give it any name', async (t) => {
  const sandbox = await startSandbox({ host: '0.0.0.0' })
  t.teardown(() => sandbox.close())
  t.equal((await send(sandbox, '/v1_1/demo/ping', ['sandbox.team.example'])).status, 200)
})

t.test('400 without one Host, 421 for the target of another; an absolute target of its own is a path', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  for (const hosts of [[], [''], ['localhost', 'localhost'], ['localhost', 'other.example']]) {
    t.equal((await send(sandbox, '/v1_1/demo/ping', hosts)).status, 400, JSON.stringify(hosts))
  }
  t.equal((await send(sandbox, 'http://other.example/v1_1/demo/ping', ['localhost'])).status, 421)
  t.equal((await send(sandbox, 'http://localhost/v1_1/demo/ping?x=1', ['localhost'])).status, 200)
  t.equal((await send(sandbox, 'http://localhost', ['localhost'])).status, 200)
})

t.test('400 to a target that names no path, 505 to another version of HTTP', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  for (const target of ['*', '*/v1_1/demo/ping', 'ftp://localhost/v1_1/demo/ping']) {
    t.match(
      (await send(sandbox, target, ['localhost'])).answer, /^HTTP\/1\.1 400 [^]*The request target must be/,
      target
    )
  }
  for (const version of ['2.0', '0.9']) {
    t.match(
      await talk(sandbox.url, `GET / HTTP/${version}\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
      /^HTTP\/1\.1 505 /, version
    )
  }
  t.match(
    (await send(sandbox, '*', ['localhost'], 'OPTIONS')).answer, /The sandbox does not imitate OPTIONS \*/
  )
})
