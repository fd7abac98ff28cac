import type { lookup } from 'node:dns'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { Secret } from '../../../src/secret.ts'
import { startNameProxy } from '../../support/name-proxy.ts'
import { fetchKeySet } from '../../../src/auth/callers/key-set-fetch.ts'

async function serve (t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys` // a TCP server has an address with a port
}

/** Resolves every name to these addresses. */
const resolver = (...addresses: string[]) => ((_name: string, _options: object, callback: (error: Error | null, found?: object[]) => void) => {
  if (addresses.length === 0) callback(new Error('ENOTFOUND'))
  else callback(null, addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
}) as unknown as typeof lookup // the one form of it that is used

t.test('a key set is fetched whole', async (t) => {
  const url = await serve(t, (request, response) => { response.end(JSON.stringify({ keys: [], accept: request.headers.accept })) })
  t.match(JSON.parse(await fetchKeySet(url)), { keys: [], accept: /jwk-set/ })
  t.match(await fetchKeySet(url.replace('127.0.0.1', 'localhost'), { resolve: resolver('127.0.0.1') }), /keys/, 'by name')
  t.match(await fetchKeySet(url.replace('127.0.0.1', 'localhost'), { resolve: resolver('10.0.0.1', '::ffff:127.0.0.1', '127.0.0.1') }), /keys/, 'the fitting addresses alone are tried')
})

t.test('a redirect is not followed', async (t) => {
  let asked = 0
  const target = await serve(t, (_request, response) => {
    asked++
    response.end('{}')
  })
  const url = await serve(t, (_request, response) => { response.writeHead(302, { location: target }).end() })
  await t.rejects(fetchKeySet(url), { message: /answered 302/ })
  t.equal(asked, 0, 'nobody connected to the target')
})

t.test('other answers, endless ones, slow ones and cut ones are refused', async (t) => {
  await t.rejects(fetchKeySet(await serve(t, (_request, response) => { response.writeHead(500).end('{}') })), { message: /answered 500/ })
  await t.rejects(fetchKeySet(await serve(t, (_request, response) => {
    const write = () => { while (response.write('x'.repeat(65_536))); }
    response.on('drain', write)
    write()
  })), { message: /longer than 262144/ })
  await t.rejects(fetchKeySet(await serve(t, () => {}), { timeoutMs: 30 }), { name: /Abort|Timeout/ })
  await t.rejects(fetchKeySet(await serve(t, (_request, response) => { response.write('{') }), { timeoutMs: 30 }), Error)
  await t.rejects(fetchKeySet(await serve(t, (_request, response) => {
    const dripping = setInterval(() => { response.write(' ') }, 5)
    response.once('close', () => { clearInterval(dripping) })
  }), { timeoutMs: 60 }), { name: /Abort|Timeout/ }, 'a drop at a time')
  await t.rejects(fetchKeySet(await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('{', () => response.destroy())
  })), Error)
})

t.test('addresses that no provider has are not connected to', async (t) => {
  let asked = 0
  const url = await serve(t, () => { asked++ })
  for (const address of ['http://10.0.0.1/keys', 'https://169.254.169.254/keys', 'https://[fe80::1]/keys', 'https://0.0.0.0/keys', 'ftp://127.0.0.1/keys']) await t.rejects(fetchKeySet(address), Error, address)
  await t.rejects(fetchKeySet(url.replace('127.0.0.1', 'localhost'), { resolve: resolver('10.0.0.1') }), { message: /not fetched from/ }, 'plain http would leave this machine')
  await t.rejects(fetchKeySet('https://idp.example.com/keys', { resolve: resolver('169.254.169.254', '::1%x') }), Error, 'a name that resolves to the metadata service')
  await t.rejects(fetchKeySet('https://idp.example.com/keys', { resolve: resolver() }), { message: /ENOTFOUND/ })
  t.equal(asked, 0)
})

t.test('through a proxy, which resolves the name; addresses in the URL are judged all the same', async (t) => {
  const proxy = await startNameProxy(t, { refuse: () => 407 })
  const proxied = { address: `127.0.0.1:${proxy.port}`, url: new Secret(proxy.url) }
  const nobody = resolver()
  await t.rejects(fetchKeySet('https://id.example/keys', { proxy: proxied, resolve: nobody }), { message: /proxy .* answered 407/ })
  t.same(proxy.asked, ['CONNECT id.example:443'])
  for (const url of ['https://169.254.169.254/keys', 'https://[::ffff:169.254.169.254]/', 'http://id.example/keys']) {
    await t.rejects(fetchKeySet(url, { proxy: proxied, resolve: nobody }), /not fetched from this address|must be https/, url)
  }
  t.equal(proxy.asked.length, 1)
})
