import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastify from 'fastify'
import t from 'tap'
import { docsPage } from '../../../src/plugins/docs/docs-page.ts'

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../src/plugins/docs/ui')
const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'))

t.test('/docs', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(docsPage, { prefix: '/media' })

  t.test('leads to a page whose addresses are relative, so that any path may stand before it', async (t) => {
    t.match(await app.inject('/media/docs'), { statusCode: 302, headers: { location: 'docs/' } })
    const page = await app.inject('/media/docs/')
    t.match(page, { statusCode: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
    const addresses = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address)
    const own = addresses.filter((address) => !address.startsWith('data:') && !address.startsWith('..'))
    t.same(own, ['page.css', 'static/page.js'])
    for (const address of own) t.equal((await app.inject(`/media/docs/${address}`)).statusCode, 200, address)
  })
  t.test('304 when the style sheet is known already', async (t) => {
    const sheet = await app.inject('/media/docs/page.css')
    t.match(sheet, {
      statusCode: 200, headers: { 'content-type': 'text/css; charset=utf-8', etag: /^"[\w-]{16}"$/ }
    })
    const again = await app.inject({
      url: '/media/docs/page.css', headers: { 'if-none-match': sheet.headers.etag }
    })
    t.match(again, { statusCode: 304, body: '' })
  })
  t.test('every script imports scripts that are served, and nothing of another host', async (t) => {
    for (const name of scripts) {
      const { statusCode, headers, body } = await app.inject(`/media/docs/static/${name}`)
      t.equal(statusCode, 200, name)
      t.match(headers['content-type'], /javascript/, name)
      t.equal(body, readFileSync(join(folder, name), 'utf8'), name)
      for (const [, path = ''] of body.matchAll(/^(?:import .*|\} )from '(.+)'$/gm)) {
        t.ok(scripts.includes(posix.normalize(path)), `${name} imports ${path}`)
      }
      t.same([...body.matchAll(/https?:\/\/(?!www\.w3\.org)\S+/g)].map(([url]) => url), [], name)
    }
  })
  t.test('404 for anything but scripts', async (t) => {
    for (
      const name of [
        'tsconfig.json', '', '../docs-page.ts', '%2e%2e/docs-page.ts', 'page.js.map', 'nothing.js'
      ]
    ) {
      t.equal((await app.inject(`/media/docs/static/${name}`)).statusCode, 404, name)
    }
  })
})
