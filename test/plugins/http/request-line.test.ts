import fastify from 'fastify'
import t from 'tap'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import requestLine, { originForm } from '../../../src/plugins/http/request-line.ts'
import { startGateway } from '../../support/gateway.ts'
import { talk } from '../../support/talk.ts'

t.test('the request line and Host, at the real border', async (t) => {
  const { url, sandbox } = await startGateway(t)
  await sandbox.add('cats/tom')
  const { host } = new URL(url)
  const send = (line: string, ...headers: string[]): Promise<string> =>
    talk(url, [line, ...headers, 'Connection: close', '', ''].join('\r\n'))

  t.test('421 to a URL of another host; one of the same is served', async (t) => {
    const before = sandbox.requests.length
    for (const target of [
      'http://evil.example/resources', 'http://evil.example', 'http://evil.example?a=b', 'http://127.0.0.1.evil.example/resources', 'https://evil.example/healthz',
      'http://127.0.0.1:1/resources', 'HTTP://EVIL.example/resources/cats/tom', 'http://localhost/resources', 'http://127.0.0.1/resources', `https://${host}/upload`.replace(host, '127.0.0.1:443')
    ]) {
      t.match(
        await send(`GET ${target} HTTP/1.1`, `Host: ${host}`),
        /^HTTP\/1\.1 421 [^]*"code":"misdirected_request"/, target
      )
    }
    t.match(await send('DELETE http://evil.example/resources/cats/tom HTTP/1.1', `Host: ${host}`), /^HTTP\/1\.1 421 /)
    t.match(await send('GET http://evil.example/healthz HTTP/1.0'), /^HTTP\/1\.[01] 421 /, 'without a Host there is none that it could be')
    t.equal(sandbox.requests.length, before, 'nothing was asked of Cloudinary')
    for (const target of [`http://${host}/healthz`, `HTTP://${host}/healthz?a=b`, `https://${host}/healthz`]) t.match(await send(`GET ${target} HTTP/1.1`, `Host: ${host}`), /^HTTP\/1\.1 200 /, target)
    for (const [target, named] of [['http://LOCALHOST/healthz', 'localhost:80'], ['http://localhost:80/healthz', 'localhost'], ['http://localhost:/healthz', 'localhost'], ['https://localhost:443/healthz', 'LOCALHOST'], ['http://[::1]/healthz', '[::1]']]) {
      t.match(
        await send(`GET ${target} HTTP/1.1`, `Host: ${named}`), /^HTTP\/1\.1 200 /, `${target} ${named}`
      )
    }
    t.match(await send(`GET http://${host} HTTP/1.1`, `Host: ${host}`), /^HTTP\/1\.1 302 [^]*location: \/docs\/\r\n/i, 'no path is the root')
    t.match(await send(`GET http://${host}/resources/cats/tom?colors=true HTTP/1.1`, `Host: ${host}`), /^HTTP\/1\.1 200 [^]*"public_id":"cats\/tom"/)
  })

  t.test('400 to a target that is neither a path nor an http URL', async (t) => {
    for (const target of ['*', '*/resources', 'ftp://127.0.0.1/a', 'http:///healthz', `http://user@${host}/healthz`, `http://${host}@evil.example/`, 'http://a:b/', `http://${host}\\@evil.example/`]) {
      for (const method of ['GET', 'POST', 'DELETE', 'HEAD']) {
        t.match(
          await send(`${method} ${target} HTTP/1.1`, `Host: ${host}`), /^HTTP\/1\.1 400 /,
          `${method} ${target}`
        )
      }
    }
    t.match(
      await send('OPTIONS * HTTP/1.1', `Host: ${host}`), /^HTTP\/1\.1 404 /,
      'which is a question about the server'
    )
  })

  t.test('505 to another version of HTTP than 1.0 and 1.1', async (t) => {
    for (const version of ['HTTP/2.0', 'HTTP/0.9', 'HTTP/3.0', 'HTTP/1.2', 'HTTP/9.9']) {
      t.match(
        await send(`GET /healthz ${version}`, `Host: ${host}`),
        /^HTTP\/1\.1 505 [^]*"code":"http_version_unsupported"/, version
      )
    }
    t.match(await send('GET /healthz HTTP/1.0', `Host: ${host}`), /^HTTP\/1\.[01] 200 /)
  })

  t.test('400 to a Host that is empty, absent, given twice or no host', async (t) => {
    for (const named of ['', ' ', 'a b', 'a/b', 'user@a', 'http://a', 'a,b', 'a:b', 'a:123456', '[::1', 'a%0d%0ab', 'a?b', 'a#b', '::1', '"a"', '\\a', 'a:80:80']) {
      t.match(
        await send('GET /healthz HTTP/1.1', `Host: ${named}`), /^HTTP\/1\.1 400 [^]*"pointer":"\/Host"/,
        JSON.stringify(named)
      )
    }
    t.match(await send('GET /healthz HTTP/1.0', 'Host:'), /^HTTP\/1\.[01] 400 /)
    t.match(
      await send('GET /healthz HTTP/1.1', 'Host: a', 'HOST: b'),
      /^HTTP\/1\.1 400 [^]*"message":"must be given once"/
    )
    t.match(await send('GET /healthz HTTP/1.1'), /^HTTP\/1\.1 400 [^]*"message":"is required"/)
    t.match(await send('GET /healthz HTTP/1.0'), /^HTTP\/1\.[01] 200 /)
    for (const named of [
      'a', 'my_gateway:8080', 'gateway.example.', 'xn--mller-kva.example', '127.0.0.1:', '[::1]:8080',
      '[::ffff:127.0.0.1]'
    ]) {
      t.match(await send('GET /healthz HTTP/1.1', `Host: ${named}`), /^HTTP\/1\.1 200 /, named)
    }
  })

  t.test('no host of a caller\'s in an answer', async (t) => {
    for (const target of ['//evil.example/x', '///evil.example/x', '/\\evil.example/x', '\\\\evil.example/x', '//evil.example', 'http://evil.example/x']) {
      const answer = await send(`GET ${target} HTTP/1.1`, `Host: ${host}`)
      const [, instance = '/'] = /"instance":"([^"]*)"/.exec(answer) ?? []
      t.equal(new URL(JSON.parse(`"${instance}"`) as string, 'http://own.example/').host, 'own.example', `${target} ${instance}`)
    }
    for (let number = 0; number < 3; number++) await sandbox.add(`dogs/${number}`)
    const page = await send(`GET http://${host}/resources?max_results=1 HTTP/1.1`, `Host: ${host}`, 'X-Forwarded-Host: evil.example')
    t.match(page, /\r\nlink: <\/resources\?max_results=1&next_cursor=[^>]+>; rel="next"\r\n/i)
    t.notMatch(page.slice(0, page.indexOf('\r\n\r\n')), host)
  })
})

t.test('a target is the path of what it names', async (t) => {
  for (const [target, path] of [
    ['/a?b', '/a?b'], ['//a/b', '//a/b'], ['http://a/b?c', '/b?c'], ['https://a', '/'], ['http://a?b', '/?b'], ['http://a#b', '/#b'], ['*', '*'], ['ftp://a/b', 'ftp://a/b'], ['', '']
  ] as const) t.equal(originForm(target), path, target)
})

t.test('requests that no socket carried are judged, too', async (t) => {
  const app = fastify({ http: { requireHostHeader: false }, rewriteUrl: ({ url = '/' }) => originForm(url) })
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  await app.register(requestLine)
  app.get('/', async ({ url }) => url)
  t.match(await app.inject({ url: '/', headers: { host: 'a b' } }), { statusCode: 400 })
  t.match(await app.inject('/?a=1'), { statusCode: 200, body: '/?a=1' })
})
