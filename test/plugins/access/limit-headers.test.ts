import fastify from 'fastify'
import t from 'tap'
import { announceLimit } from '../../../src/plugins/access/limit-headers.ts'

t.test('each limit stands once, with its latest state; a window only where it is known', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  app.get('/', async (_request, reply) => {
    announceLimit(reply, 'caller', { requests: 4, perSeconds: 60, remaining: 3, resetSeconds: 15 })
    announceLimit(reply, 'cloudinary', { requests: 500, remaining: 9, resetSeconds: 1200 })
    announceLimit(reply, 'caller', { requests: 4, perSeconds: 60, remaining: 2, resetSeconds: 30 })
    return ''
  })
  t.match((await app.inject('/')).headers, {
    'ratelimit-policy': '"cloudinary";q=500, "caller";q=4;w=60', ratelimit: '"cloudinary";r=9;t=1200, "caller";r=2;t=30'
  })
})
