import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { buildApp, ConfigError, loadConfig } from '../src/index.ts'
import { startSandbox } from '../src/sandbox/index.ts'

const sandbox = await startSandbox()
t.teardown(() => sandbox.close())

/** A gateway as a program embeds it: from variables alone. */
async function embedded (t: Test, variables: Record<string, string> = {}) {
  const config = loadConfig({ CLOUDINARY_URL: sandbox.cloudinaryUrl(), PORT: '0', ...variables })
  const app = await buildApp({ config })
  t.teardown(() => app.close())
  return { app, config }
}

/** A server of the user's own, which passes to the gateway what the listener passes. */
async function ownServer (t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on a port
}

/** Uploads a file as a form and as bytes, and reads one back; answers the public IDs. */
async function useAt (t: Test, base: string, prefix: string): Promise<void> {
  const bytes = Buffer.alloc(300_000, prefix)
  const form = new FormData()
  form.set('public_id', `${prefix}/form.bin`)
  form.set('resource_type', 'raw')
  form.set('file', new Blob([bytes]), 'form.bin')
  const uploaded = await fetch(`${base}/upload`, { method: 'POST', body: form })
  t.equal(uploaded.status, 200)
  const { secure_url: url } = await uploaded.json() as { secure_url: string } // an upload's answer
  t.ok(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(bytes), 'the same bytes')
  const direct = await fetch(`${base}/upload?public_id=${prefix}/bytes.bin&resource_type=raw`, {
    method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body: bytes
  })
  t.match(await direct.json(), { public_id: `${prefix}/bytes.bin`, bytes: bytes.length })
  t.match(await (await fetch(`${base}/resources?resource_type=raw&prefix=${prefix}`)).json(), { resources: [{}, {}] })
  const refused = await fetch(`${base}/upload`, { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } })
  t.match(await refused.json(), { status: 415, code: 'unsupported_media_type' })
}

t.test('on a port of its own, inside another process', async (t) => {
  const { app, config } = await embedded(t)
  const base = await app.listen({ host: config.host, port: config.port })
  await useAt(t, base, 'own')
})

t.test('behind an http.Server by app.routing, on all paths', async (t) => {
  const { app } = await embedded(t)
  await useAt(t, await ownServer(t, (request, response) => { app.routing(request, response) }), 'all')
})

t.test('behind an http.Server by app.routing, on a prefix beside pages of the server', async (t) => {
  const { app } = await embedded(t, { ROUTE_PREFIX: '/media' })
  const base = await ownServer(t, (request, response) => {
    if (request.url?.startsWith('/media/')) app.routing(request, response)
    else response.end('a page of the server')
  })
  await useAt(t, `${base}/media`, 'prefix')
  t.equal(await (await fetch(base)).text(), 'a page of the server')
})

t.test('bad variables are a ConfigError', async (t) => {
  t.throws(() => loadConfig({ CLOUDINARY_URL: 'x' }), ConfigError)
})
