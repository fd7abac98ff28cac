import { gzipSync } from 'node:zlib'
import t from 'tap'
import { startGateway } from '../../support/gateway.ts'
import { announce, talk } from '../../support/talk.ts'

const WITH_BODY = [
  ['POST', '/url'], ['POST', '/signed-url'], ['POST', '/signature'], ['POST', '/signature/explain'], ['POST', '/upload'], ['POST', '/direct-upload'],
  ['PATCH', '/resources/cats/tom'], ['DELETE', '/resources/cats/tom']
] as const

t.test('415 for an encoded body on every route that takes one, before a byte of it is read', async (t) => {
  const { url, sandbox } = await startGateway(t)
  for (const [method, path] of WITH_BODY) {
    for (const type of ['application/json', 'multipart/form-data; boundary=B']) {
      for (const more of [['Content-Length: 300000000'], ['Transfer-Encoding: chunked'], ['Content-Length: 300000000', 'Expect: 100-continue']]) {
        const answer = await announce(url, [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', `Content-Type: ${type}`, 'Content-Encoding: gzip', ...more])
        t.match(answer, /^HTTP\/1\.1 415 [^]*\r\naccept-encoding: identity\r\n/i, `${method} ${path} ${more.join()}`)
        t.match(JSON.parse(answer.split('\r\n\r\n')[1] ?? ''), { code: 'unsupported_media_type', detail: 'Content-Encoding is not understood; send the bytes as they are.' })
      }
    }
  }
  t.equal(sandbox.requests.length, 0)
})

t.test('415 for bytes that are packed on their way: Node would undo the chunks alone, and a file would be stored packed', async (t) => {
  const { url, sandbox } = await startGateway(t)
  const packed = gzipSync('hello').toString('latin1')
  for (const codings of ['gzip, chunked', 'GZIP,Chunked', 'deflate, gzip, chunked', 'x-own, chunked', 'gzip\r\nTransfer-Encoding: chunked']) {
    for (const [method, path] of WITH_BODY) {
      const answer = await talk(url, `${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: ${codings}\r\n\r\n${packed.length.toString(16)}\r\n${packed}\r\n0\r\n\r\n`)
      t.match(answer, /^HTTP\/1\.1 415 [^]*Transfer-Encoding is not understood/, `${method} ${path} ${codings}`)
    }
  }
  t.equal(sandbox.requests.length, 0)
  const plain = await talk(url, 'POST /upload?resource_type=raw HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n')
  t.match(plain, /^HTTP\/1\.1 200 [^]*"bytes":5/)
})

t.test('whatever the encoding is called, and whatever is in the body', async (t) => {
  const { app } = await startGateway(t)
  const send = (encoding: string, payload: string | Buffer = '{}') =>
    app.inject({ method: 'POST', url: '/signature', payload, headers: { 'content-type': 'application/json', 'content-encoding': encoding } })
  t.match((await send('gzip', gzipSync('{"folder":"a"}'))).json(), { status: 415, detail: /Content-Encoding/ }, 'it is not called invalid JSON')
  for (const encoding of ['GZIP', 'br', 'identity, gzip', 'identityx', '*']) t.equal((await send(encoding)).statusCode, 415, encoding)
  t.equal((await app.inject({ method: 'POST', url: '/signature', payload: {} })).statusCode, 200)
  for (const encoding of ['identity', 'Identity', ' identity , identity', '']) t.equal((await send(encoding)).statusCode, 200, encoding)
})

t.test('without a body the header says nothing', async (t) => {
  const { app, sandbox } = await startGateway(t)
  await sandbox.add('cats/tom')
  const headers = { 'content-encoding': 'gzip' }
  t.equal((await app.inject({ url: '/url?public_id=a', headers })).statusCode, 200)
  t.match((await app.inject({ url: '/url?public_id=a', headers, payload: 'x' })).json(), { status: 400, detail: /takes no body/ }, 'the body of a GET is the fault, and not how it is packed')
  t.equal((await app.inject({ method: 'DELETE', url: '/resources/cats/tom', headers })).statusCode, 200)
})
