import fp from 'fastify-plugin'
import { budgetOf } from '../../cloudinary/upload/budget.ts'
import type { UploadLimits } from '../../config/types.ts'
import { closedStatus } from '../http/request-life.ts'
import { createMeters, type Meters } from './meters.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined when nobody wants metrics. */
    metrics: Meters | undefined
  }
}

export interface MetricsOptions {
  readonly wanted: boolean
  /** The limits that the clients were built from: they know the uploads that run. */
  readonly upload: UploadLimits
  readonly version: string
  /** Names of those known at start. */
  readonly environments: readonly string[]
}

/** Label of requests that no route takes: callers choose their paths. Node's parser knows few methods. */
const NO_ROUTE = 'none'

type Count = ReturnType<Meters['answers']>

/** The counter of each route and method, made when it is first needed. */
class Counters {
  readonly #meters: Meters
  readonly #byRoute = new Map<string, Map<string, Count>>()
  constructor (meters: Meters) { this.#meters = meters }

  of (method: string, route: string): Count {
    let byMethod = this.#byRoute.get(route)
    if (!byMethod) this.#byRoute.set(route, byMethod = new Map())
    let count = byMethod.get(method)
    if (!count) byMethod.set(method, count = this.#meters.answers(method, route))
    return count
  }
}

/**
 * Counts every request by the pattern of its route, those that are refused or given up included. What is counted is
 * served elsewhere, on an address of its own: see the command `serve`. To be registered before whatever refuses.
 */
export default fp<MetricsOptions>(async (app, { wanted, upload, version, environments }) => {
  if (!wanted) {
    app.decorate('metrics', undefined)
    return
  }
  const meters = await createMeters({ uploads: budgetOf(upload), version, environments })
  app.decorate('metrics', meters)
  const counters = new Counters(meters)
  app.addHook('onRequest', (request, reply, done) => {
    // No hook of Fastify's runs for a caller that leaves.
    request.whenOver(() => {
      counters.of(request.method, request.routeOptions.url ?? NO_ROUTE)(closedStatus(reply), reply.elapsedTime)
    })
    done()
  })
}, { name: 'metrics', dependencies: ['request-life'] })
