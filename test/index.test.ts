import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { buildApp, ConfigError, loadConfig, type Gateway } from '../src/index.ts'
import { startSandbox } from '../src/sandbox/index.ts'
import { blocksOf, PAGES } from './support/pages.ts'

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
  t.match(await (await fetch(`${base}/resources?resource_type=raw&prefix=${prefix}`)).json(), {
    resources: [{}, {}]
  })
  const refused = await fetch(`${base}/upload`, {
    method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' }
  })
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

t.test('the programs of docs/embedding.md do what the page says', async (t) => {
  const page = PAGES.find(({ path }) => path === 'docs/embedding.md')
  const blocks = page === undefined ? [] : blocksOf(page).filter(({ language }) => language === 'ts')
  t.equal(blocks.length, 2)
  const folder = t.testdir()
  const variables = { CLOUDINARY_URL: sandbox.cloudinaryUrl(), PORT: '0', LOG_LEVEL: 'silent' }
  const before = { ...process.env }
  Object.assign(process.env, variables)
  t.teardown(() => { process.env = before })
  const [own, behind] = await Promise.all(blocks.map(async ({ text }, index) => {
    const file = join(folder, `${index}.ts`)
    const program = text.replace("'cloudinary-gateway'", `'${import.meta.resolve('../src/index.ts')}'`)
      .replace('listen(3000)', "listen(0, '127.0.0.1')")
    writeFileSync(
      file, `${program}\nexport { app }\nexport const listener = ${index === 0 ? 'app.server' : 'server'}\n`
    )
    const { app, listener } = await import(pathToFileURL(file).href) as {
      app: Gateway, listener: Server
    } // as written
    t.teardown(async () => {
      listener.close()
      await app.close()
    })
    if (!listener.listening) await once(listener, 'listening')
    return {
      app, listener, base: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
    } // it listens on a port
  }))
  if (!own || !behind) return
  await useAt(t, own.base, 'page-own')
  await useAt(t, `${behind.base}/media`, 'page-behind')
  t.equal(await (await fetch(behind.base)).text(), 'a page of my own')
  // The table names settings of the server: they are the gateway's own.
  for (const name of ['requestTimeout', 'headersTimeout', 'keepAliveTimeout'] as const) {
    t.equal(behind.listener[name], own.listener[name], name)
  }
  own.app.drain()
  t.equal((await fetch(`${own.base}/readyz`)).status, 503)
  t.match(await behind.app.proveCredentials(), [{ verified: true }])
})

t.test('bad variables are a ConfigError', async (t) => {
  t.throws(() => loadConfig({ CLOUDINARY_URL: 'x' }), ConfigError)
})
