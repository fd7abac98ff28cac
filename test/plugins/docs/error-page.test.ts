import fastify from 'fastify'
import t from 'tap'
import { ERRORS } from '../../../src/errors.ts'
import { errorPage } from '../../../src/plugins/docs/error-page.ts'

t.test('/docs/errors has an anchor, a status and advice for every code', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(errorPage)
  const page = await app.inject('/docs/errors')
  t.match(page.headers['content-type'], 'text/html')
  for (const [code, { status }] of Object.entries(ERRORS)) t.ok(page.body.includes(`<tr id="${code}"><td>${status}<td>`), code)
  t.match(page.body, /<code>Authorization: Bearer &lt;key><\/code>/)
})
