import fastify from 'fastify'
import t from 'tap'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import requestTarget from '../../../src/plugins/actions/request-target.ts'
import { talk } from '../../support/talk.ts'

t.test('400 that names the field, for a query that cannot be decoded', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  await app.register(requestTarget)
  app.get('/', async ({ query }) => query)
  const base = await app.listen({ port: 0, host: '127.0.0.1' })
  const send = (target: string) => talk(base, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  t.match(await send('/?a=%FF'), /^HTTP\/1\.1 400 [^]*"pointer":"\/a","message":"is not UTF-8"/)
  t.match(await send('/?x=1&a=50%25%20off%'), /^HTTP\/1\.1 400 [^]*"pointer":"\/a","message":"has a \\"%\\" that is not/)
  t.match(await send('/?a=%C3%A4+%25&b%5B%5D=1'), /^HTTP\/1\.1 200 [^]*\{"a":"ä %","b\[\]":"1"\}/)
  t.match(await send('/?a=b#c'), /^HTTP\/1\.1 400 [^]*has a \\"#\\" in its URL/)
  t.match(await send('/#?a=b'), /^HTTP\/1\.1 400 /)
  for (const target of ['/', '/?', '/?a=1']) t.match(await send(target), /^HTTP\/1\.1 200 /, target)
})
