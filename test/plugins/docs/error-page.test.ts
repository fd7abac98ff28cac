import { runInNewContext } from 'node:vm'
import fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { ERRORS } from '../../../src/errors.ts'
import { errorPage } from '../../../src/plugins/docs/error-page.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'

async function start (t: Test, prefix = ''): Promise<FastifyInstance> {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: `${prefix}/docs/errors` })
  await app.register(errorPage, { prefix })
  return app
}

t.test('/docs/errors lists every code under its old anchor and links to its page', async (t) => {
  const page = await (await start(t)).inject('/docs/errors')
  t.match(page.headers['content-type'], 'text/html')
  for (const [code, { status }] of Object.entries(ERRORS)) {
    t.match(
      page.body, `<li id="${code}"><a href="/docs/errors/${code}"><span class="status">${status}</span>`, code
    )
  }
})

t.test('a page for every code: meaning, reasons, advice, an example', async (t) => {
  const app = await start(t)
  for (const [code, { status, title }] of Object.entries(ERRORS)) {
    const { statusCode, headers, body } = await app.inject(`/docs/errors/${code}`)
    t.match({ statusCode, type: headers['content-type'] }, {
      statusCode: 200, type: 'text/html; charset=utf-8'
    })
    t.match(body, `<h1>${title}</h1>`)
    t.match(body, `<span class="tag">${status}</span> <code>${code}</code>`)
    for (const part of ['What it means', 'Why it happens', 'What to do', 'Example']) {
      t.match(
        body, `<h2>${part}</h2>`
      )
    }
    t.match(body, `"code": "${code}"`)
  }
  t.match((await app.inject('/docs/errors/unauthorized')).body, '<code>Authorization: Bearer &lt;key></code>')
  t.match((await app.inject('/docs/errors/overloaded')).body, 'The same request may succeed later.')
  t.notMatch((await app.inject('/docs/errors/not_found')).body, 'The same request may succeed later.')
})

t.test('links carry the prefix', async (t) => {
  const app = await start(t, '/media')
  t.match((await app.inject('/media/docs/errors')).body, 'href="/media/docs/errors/not_found"')
  t.match((await app.inject('/media/docs/errors/not_found')).body, '"type": "/media/docs/errors/not_found"')
})

t.test('404 for a code that does not exist; the folder itself is the list', async (t) => {
  const app = await start(t)
  for (const code of ['not-found', 'toString', 'NOT_FOUND']) {
    t.match((await app.inject(`/docs/errors/${code}`)).json(), {
      status: 404,
      code: 'route_not_found',
      detail: `There is no error code "${code}".`,
      advice: 'See `/docs/errors` for all codes.'
    }, code)
  }
  t.match(await app.inject('/docs/errors/'), { statusCode: 302, headers: { location: '/docs/errors' } })
})

t.test('/docs/errors.js leads old links to the page of their code', async (t) => {
  const { headers, body } = await (await start(t)).inject('/docs/errors.js')
  t.match(headers['content-type'], 'text/javascript')
  const lead = (hash: string, pathname: string): string | undefined => {
    let led: string | undefined
    const location = { hash, pathname, replace: (path: string) => { led = path } }
    const document = { getElementById: (id: string) => id in ERRORS ? {} : null }
    runInNewContext(body, { location, document })
    return led
  }
  t.equal(lead('#not_found', '/media/docs/errors'), '/media/docs/errors/not_found')
  t.equal(lead('', '/docs/errors'), undefined)
  t.equal(lead('#elsewhere', '/docs/errors'), undefined)
})
