import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { isPublicAddress, publicLookup, refusedUrl } from '../../../src/sandbox/remote/guard.ts'
import { fetchFile } from '../../../src/sandbox/remote/fetch-file.ts'
import { startSandbox } from '../../../src/sandbox/index.ts'

t.test('addresses of the public internet, and those beside them', async (t) => {
  for (const address of ['8.8.8.8', '9.255.255.255', '11.0.0.0', '172.15.255.255', '172.32.0.0', '192.167.255.255', '100.63.255.255', '100.128.0.0', '2606:4700::1111']) t.ok(isPublicAddress(address), address)
  for (const address of ['127.0.0.1', '10.0.0.0', '10.255.255.255', '172.16.0.0', '172.31.255.255', '192.168.0.1', '169.254.169.254', '100.64.0.0', '100.127.255.255', '0.0.0.0', '255.255.255.255',
    '224.0.0.1', '192.0.0.1', '198.18.0.1', '198.19.255.255', '::', '::1', '[::1]', 'fc00::1', 'fd12::1', 'fe80::1', 'fe80::1%eth0', 'ff02::1', '2001:db8::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8',
    '::127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', '2001::1', 'nonsense', '']) t.notOk(isPublicAddress(address), address)
})

t.test('URLs that are refused before anything is resolved', async (t) => {
  for (const url of ['http://127.0.0.1/', 'http://2130706433/', 'http://0x7f.1/', 'http://[::1]/', 'http://[::ffff:7f00:1]/', 'http://localhost/', 'http://a.localhost/', 'http://metadata.google.internal/',
    'http://user:pass@example.com/', 'http://example.com:22/', 'http://example.com:6379/', 'ftp://example.com/', 'file:///etc/passwd', 'gopher://example.com/']) t.ok(refusedUrl(new URL(url)), url)
  for (const url of ['http://example.com/', 'https://example.com:8443/x', 'http://8.8.8.8/']) t.equal(refusedUrl(new URL(url)), undefined, url)
})

t.test('a name is judged by the addresses it leads to, at the moment of connecting', async (t) => {
  const lead = (name: string) => new Promise((resolve) => { publicLookup(name, { all: true }, (error, addresses) => { resolve(error?.code ?? addresses) }) })
  t.equal(await lead('localhost'), 'ERR_ADDRESS_REFUSED')
})

t.test('400: nothing private is connected to, however it is written', async (t) => {
  let connections = 0
  const canary = createServer((_request, response) => { response.end('secret') }).on('connection', () => { connections++ })
  await new Promise<void>((resolve) => { canary.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => canary.close())
  const { port } = canary.address() as AddressInfo // a TCP server
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const upload = async (file: string) => {
    const answer = await fetch(`${sandbox.url}/v1_1/demo/raw/upload`, { method: 'POST', headers: { authorization: `Basic ${btoa('1234:abcd')}` }, body: new URLSearchParams({ file }) })
    return { status: answer.status, hint: answer.headers.get('x-sandbox-hint'), ...await answer.json() as object } // an error document
  }
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433', '0.0.0.0', '127.0.0.1.']) {
    t.match(await upload(`http://${host}:${port}/x`), { status: 400, error: { message: /^Error in loading http:\/\// } }, host)
  }
  t.match(await upload(`http://127.0.0.1:${port}/x`), { hint: /allowPrivateFetch/, error: { message: `Error in loading http://127.0.0.1:${port}/x - ERR_DNS_FAIL 0` } })
  for (const file of ['http:/127.0.0.1/', 'http://exa mple.com/', 'http:\\\\127.0.0.1\\', 'ftp://127.0.0.1/x', 's3://bucket/key', '/etc/passwd', 'file:///etc/passwd']) t.notMatch(await upload(file), { status: 200 }, file)
  t.equal(connections, 0)
  t.match(await fetchFile(`http://127.0.0.1:${port}/x`, { allowPrivate: true, timeoutMs: 2000 }), { filename: 'x' }, 'the control case gets through')
  t.equal(connections, 1)
})

t.test('redirects are followed up to five times', async (t) => {
  const server = createServer((request, response) => {
    const hops = Number(request.url?.slice(1))
    response.writeHead(hops > 0 ? 302 : 200, hops > 0 ? { location: `/${hops - 1}` } : {}).end('x')
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo // a TCP server
  const get = (hops: number) => fetchFile(`http://127.0.0.1:${port}/${hops}`, { allowPrivate: true, timeoutMs: 2000 })
  t.ok(await get(5))
  await t.rejects(get(6), { status: 400, message: /too many redirects$/ })
})
