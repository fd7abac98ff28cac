import { pathToFileURL } from 'node:url'
import fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import type { Config } from '../../../src/config/types.ts'
import { browserModules } from '../../../src/plugins/docs/browser-modules.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import { bundleForBrowsers } from '../../support/browser-modules.ts'
import { environmentAt, testConfig } from '../../support/gateway.ts'

const OPEN = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }
const PAGE = 'https://app.example.com'

async function start (t: Test, changes: Partial<Config>): Promise<FastifyInstance> {
  const app = await buildApp({ config: testConfig([environmentAt('http://127.0.0.1:9')], changes) })
  t.teardown(() => app.close())
  return app
}

t.test('/client.js', async (t) => {
  await bundleForBrowsers()
  const keys = [{ caller: 'web', digest: digestOf('a-key') }]
  for (const corsOrigins of [[], [PAGE], ['https://other.example.com']]) {
    t.test(`any origin may import it, with keys on and CORS_ORIGINS=${corsOrigins.join()}`, async (t) => {
      const app = await start(t, {
        corsOrigins, routePrefix: '/media', auth: { mode: 'keys', keys } as never
      })
      for (const headers of [{}, { origin: PAGE }, { origin: 'null' }, { authorization: 'Bearer wrong' }]) {
        const answer = await app.inject({ url: '/media/client.js', headers })
        t.match(answer, {
          statusCode: 200,
          headers: {
            ...OPEN, 'content-type': 'text/javascript; charset=utf-8', 'x-content-type-options': 'nosniff'
          }
        })
        t.equal(answer.headers['access-control-allow-credentials'], undefined)
        t.match(answer.body, /\bexport\s*\{.*\bcreateUploader\b/s)
      }
      t.equal((await app.inject('/client.js')).statusCode, 404, 'the prefix stands before it')
    })
  }
  t.test('304 when it is known already, and HEAD tells the same', async (t) => {
    const app = await start(t, {})
    const { headers: { etag, 'content-length': length } } = await app.inject('/client.js')
    t.match(etag, /^"[\w-]{16}"$/, 'a strong tag')
    for (const known of [etag, `"other", ${String(etag)}`, `W/${String(etag)}`, '*'].map(String)) {
      const again = await app.inject({ url: '/client.js', headers: { 'if-none-match': known } })
      t.match(again, { statusCode: 304, body: '', headers: { ...OPEN, etag } }, known)
    }
    const other = await app.inject({ url: '/client.js', headers: { 'if-none-match': '"other"' } })
    t.equal(other.statusCode, 200)
    t.match(await app.inject({ method: 'HEAD', url: '/client.js' }), {
      statusCode: 200, body: '', headers: { ...OPEN, etag, 'content-length': length }
    })
  })
  t.test('the upload element and its languages stand beside it, as modules that any origin may import', async (t) => {
    const app = await start(t, { routePrefix: '/media' })
    const element = await app.inject('/media/upload-element.js')
    t.match(element, { statusCode: 200, headers: OPEN, body: /from\s*"\.\/client\.js"/ })
    for (const [, name] of element.body.matchAll(/import\("\.\/([\w.-]+)"\)/g)) {
      t.match(await app.inject(`/media/${name}`), { statusCode: 200, headers: OPEN, body: /\bexport\s*\{.*\btexts\b/s }, String(name)
      )
    }
    t.equal([...element.body.matchAll(/import\(/g)].length, 2)
  })
  t.test('what it serves cannot be made to be anything else', async (t) => {
    const app = await start(t, {})
    for (const url of ['/client.js/', '/client.js%00', '/client.ts', '/tokens.js', '/bundle.js']) {
      t.equal((await app.inject(url)).statusCode, 404, url)
    }
  })
})

t.test('404 that says what to do, while nothing has been built; later it is there', async (t) => {
  const folder = t.testdir({ empty: {}, built: { 'client.js': 'export {}' } })
  const folders = ['empty', 'built'].map((name) => pathToFileURL(`${folder}/${name}/`))
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  await app.register(browserModules, { folders })
  const absent = await app.inject('/upload-element.js')
  t.match(absent.json(), {
    status: 404,
    detail: 'upload-element.js has not been built.',
    advice: 'Run `npm run build`, then reload the page.'
  })
  t.equal(absent.headers['access-control-allow-origin'], '*', 'so that pages of other origins see the 404')
  t.match(await app.inject('/client.js'), { statusCode: 200, body: 'export {}' }, 'the second folder')
})
