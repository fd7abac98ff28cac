import fastify from 'fastify'
import t from 'tap'
import { pageHeaders, pageOrigins, securityHeaders } from '../../../src/plugins/http/security-headers.ts'
import { environmentAt } from '../../support/gateway.ts'

t.test('answers are not kept by anybody where they are an action\'s or an error', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(securityHeaders)
  app.get('/signature', { config: { action: 'generateSignature' } }, async () => ({}))
  app.get('/own', { config: { action: 'getUrl' } }, async (_request, reply) => reply.header('cache-control', 'max-age=5').send({}))
  app.get('/file', async () => 'x')
  app.get('/broken', async () => { throw new Error('bug') })
  const header = async (url: string, name = 'cache-control') => (await app.inject(url)).headers[name]
  t.equal(await header('/signature'), 'no-store')
  t.equal(await header('/own'), 'max-age=5')
  t.equal(await header('/file'), undefined)
  t.equal(await header('/broken'), 'no-store')
  t.equal(await header('/nowhere'), 'no-store')
  for (const url of ['/signature', '/file', '/broken', '/nowhere']) t.equal(await header(url, 'x-content-type-options'), 'nosniff', url)
})

t.test('pages run scripts of their own origin only, and are not framed', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(async (pages) => {
    await pages.register(pageHeaders, { connect: ['http://localhost:8081'], media: ['http://localhost:8081'] })
    pages.get('/page', async (_request, reply) => reply.type('text/html').send('<p>'))
  })
  await app.register(async (plain) => {
    await plain.register(pageHeaders)
    plain.get('/plain', async () => '')
  })
  app.get('/api', async () => ({}))
  const { headers } = await app.inject('/page')
  const policy = String(headers['content-security-policy'])
  t.match(policy, /script-src 'self';/)
  t.match(policy, /frame-ancestors 'none'/)
  t.match(policy, /connect-src 'self' https:\/\/api\.cloudinary\.com .*http:\/\/localhost:8081/)
  t.match(policy, /img-src [^;]*http:\/\/localhost:8081/)
  t.notMatch(policy, /upgrade-insecure-requests/, 'a gateway on localhost speaks http')
  t.match(headers, { 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' })
  t.equal(headers['strict-transport-security'], undefined)
  t.notMatch((await app.inject('/plain')).headers['content-security-policy'], /8081/)
  t.equal((await app.inject('/api')).headers['content-security-policy'], undefined)
})

t.test('pageOrigins names each origin once: public places of uploads, and delivery without https', async (t) => {
  const plain = environmentAt('http://127.0.0.1:9')
  const { cname: _none, ...ofCloudinary } = plain.delivery
  t.same(pageOrigins([
    plain,
    { ...plain, name: 'copy' },
    { ...plain, name: 'inner too', publicUploadPrefix: 'https://media.example.com' },
    { ...plain, name: 'inner', publicUploadPrefix: 'https://media.example.com/api', delivery: { ...plain.delivery, secure: true } },
    { ...plain, name: 'cloudinary', delivery: ofCloudinary }
  ]), { connect: ['https://media.example.com'], media: ['http://127.0.0.1:9'] })
})
