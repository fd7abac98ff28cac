import { createServer, type RequestListener } from 'node:http'
import { connect as connectTo, Socket } from 'node:net'
import type { AddressInfo, LookupFunction } from 'node:net'
import t from 'tap'
import { isPublicAddress, publicLookup, refusedUrl } from '../../../src/sandbox/remote/guard.ts'
import { fetchFile, type Network } from '../../../src/sandbox/remote/fetch-file.ts'
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
    return { status: answer.status, ...await answer.json() as object } // an error document
  }
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433', '0.0.0.0', '127.0.0.1.']) {
    t.match(await upload(`http://${host}:${port}/x`), { status: 400, error: { message: /^Error in loading http:\/\// } }, host)
  }
  const reason = 'refused: it leads to this machine or a private network; ' +
    'allow it with --allow-private-fetch, SANDBOX_ALLOW_PRIVATE_FETCH=true or allowPrivateFetch'
  for (const host of ['127.0.0.1', 'localhost']) {
    t.match(await upload(`http://${host}:${port}/x`), { error: { message: `Error in loading http://${host}:${port}/x - ${reason}` } })
  }
  for (const file of ['http:/127.0.0.1/', 'http://exa mple.com/', 'http:\\\\127.0.0.1\\', 'ftp://127.0.0.1/x', 's3://bucket/key', '/etc/passwd', 'file:///etc/passwd']) t.notMatch(await upload(file), { status: 200 }, file)
  t.equal(connections, 0)
  t.match(await fetchFile(`http://127.0.0.1:${port}/x`, { allowPrivate: true, timeoutMs: 30_000 }), { filename: 'x' }, 'the control case gets through')
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
  const get = (hops: number) => fetchFile(`http://127.0.0.1:${port}/${hops}`, { allowPrivate: true, timeoutMs: 30_000 })
  t.ok(await get(5))
  await t.rejects(get(6), { status: 400, message: /too many redirects$/ })
})

/**
 * A small internet: names lead where `zone` says, one answer after the other, the last for good. Every public address is a
 * server of this process; the way to it goes through the guard's own look-up. No TLS: a socket is a socket.
 */
async function smallInternet (t: { teardown (close: () => unknown): void }, zone: Readonly<Record<string, readonly string[]>>, answer: RequestListener) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo // a TCP server
  const questions: string[] = []
  const connections: string[] = []
  const network: Network = {
    resolve: (hostname, _options, callback) => {
      const answers = zone[hostname] ?? []
      const asked = questions.filter((name) => name === hostname).length
      questions.push(hostname)
      callback(null, (answers[Math.min(asked, answers.length - 1)] ?? '').split(',').map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
    },
    connect: (options, done) => {
      // What the guard put there.
      const { host = '', lookup } = options as { host?: string, lookup: LookupFunction }
      lookup(host, {}, (error, address) => {
        if (error) return done?.(error, new Socket())
        connections.push(String(address))
        const socket = connectTo(port, '127.0.0.1')
        socket.once('connect', () => done?.(null, socket))
      })
      return undefined as never // the socket comes by the callback
    }
  }
  return { questions, connections, get: (url: string) => fetchFile(url, { allowPrivate: false, timeoutMs: 5000, network }) }
}

const refusal = { status: 400, message: /^Error in loading \S+ - refused: / }

t.test('redirects from the public internet to private places are not followed, whatever their form', async (t) => {
  const targets = ['http://127.0.0.1/', 'http://10.0.0.1/', 'http://[::1]/', 'http://[::ffff:169.254.169.254]/', 'http://localhost/', 'http://inside.example/', 'http://both.example/', 'http://2130706433/',
    'ftp://public.example/', 'file:///etc/passwd', 'http://public.example:6379/', 'http://u:p@public.example/', '//127.0.0.1/', 'http://']
  const zone = { 'public.example': ['93.184.216.34'], 'inside.example': ['10.0.0.7'], 'both.example': ['93.184.216.34,192.168.0.1'] }
  const { get, connections } = await smallInternet(t, zone, (request, response) => {
    const target = targets[Number(request.url?.slice(1))]
    response.writeHead(target === undefined ? 200 : 302, target === undefined ? {} : { location: target }).end('x')
  })
  t.ok(await get('http://public.example/control'), 'the control case gets through')
  for (const [index, target] of targets.entries()) await t.rejects(get(`http://public.example/${index}`), refusal, target)
  t.same(new Set(connections), new Set(['93.184.216.34']), 'only the public address was ever connected to')
  t.equal(connections.length, targets.length + 1, 'once for each redirect, never for its target')
})

t.test('a name that changes its mind: each hop asks once, and connects to what it judged', async (t) => {
  const { get, connections, questions } = await smallInternet(t, { 'rebinding.example': ['93.184.216.34', '127.0.0.1'] }, (request, response) => {
    response.writeHead(request.url === '/again' ? 302 : 200, { location: '/' }).end('x')
  })
  await t.rejects(get('http://rebinding.example/again'), refusal, 'the second hop asks anew and is refused')
  t.same(questions, ['rebinding.example', 'rebinding.example'])
  t.same(connections, ['93.184.216.34'])
})

t.test('a redirect from https to http is not followed, one the other way is', async (t) => {
  const { get, connections } = await smallInternet(t, { 'public.example': ['93.184.216.34'] }, (request, response) => {
    const target = { '/down': 'http://public.example/', '/up': 'https://public.example/' }[request.url ?? '']
    response.writeHead(target === undefined ? 200 : 302, target === undefined ? {} : { location: target }).end('x')
  })
  await t.rejects(get('https://public.example/down'), { ...refusal, message: /loses https$/ })
  t.equal(connections.length, 1)
  t.ok(await get('http://public.example/up'))
  t.equal(connections.length, 3)
})
