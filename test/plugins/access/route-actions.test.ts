import fastify, { type RouteOptions } from 'fastify'
import t from 'tap'
import routeActions from '../../../src/plugins/access/route-actions.ts'

/** Starts an app whose guarded scope, below a prefix, holds this route. */
async function start (route: Pick<RouteOptions, 'method' | 'url' | 'config'>): Promise<void> {
  const app = fastify()
  t.teardown(() => app.close())
  app.get('/open', async () => 'not guarded')
  app.register(async (guarded) => {
    await guarded.register(routeActions)
    guarded.register(async (scope) => { scope.route({ ...route, handler: async () => 'x' }) })
  }, { prefix: '/api' })
  await app.ready()
}

t.test('a guarded route that names its action is taken, and so is what is for every caller', async (t) => {
  await t.resolves(start({ method: 'GET', url: '/url', config: { action: 'getUrl' } }))
  await t.resolves(start({ method: 'POST', url: '/url', config: { action: 'getUrl' } }), 'a second route of the same action')
  await t.resolves(start({ method: 'GET', url: '/environments' }))
})

t.test('the start fails for one that does not, and the fault names it', async (t) => {
  await t.rejects(start({ method: 'POST', url: '/url' }), /POST \/api\/url does not say which action/)
  await t.rejects(start({ method: 'GET', url: '/url', config: { action: 'getUrlFromJson' as never } }), /GET \/api\/url/)
  await t.rejects(start({ method: 'POST', url: '/environments' }), /POST \/api\/environments/)
})
