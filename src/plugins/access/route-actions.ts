import type { RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { isAction, type Action } from '../../auth/policy/actions.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the caller must be allowed to do here. One action may have several routes, so it does not follow from a route's name. */
    action?: Action
  }
}

/** Guarded routes that are for every caller, whatever its policy says. */
const FOR_EVERY_CALLER: ReadonlySet<string> = new Set(['GET /environments', 'HEAD /environments'])

function requireNamed ({ method, url, routePath, config }: RouteOptions & { routePath: string }): void {
  if (isAction(config?.action) || FOR_EVERY_CALLER.has(`${String(method)} ${routePath}`)) return
  throw new Error(`The route ${String(method)} ${url} does not say which action it does: without config.action no policy would hold for it.`)
}

/** Lets no route into the scope that registers it unless the route names its action: the start fails, not the guard. */
export default fp(async (scope) => {
  scope.addHook('onRoute', requireNamed)
}, { name: 'route-actions' })
