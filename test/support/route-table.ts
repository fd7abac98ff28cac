import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, RouteOptions } from 'fastify'

/** A route as it was registered; one of each method. */
export interface TableRow { method: string, options: RouteOptions }

/** Builds an app, and gives its router table as the routes themselves filled it: nothing that is served is missing. */
export async function withRouteTable (build: () => Promise<FastifyInstance>): Promise<{ app: FastifyInstance, table: TableRow[] }> {
  const table: TableRow[] = []
  const onInitialization = (message: unknown): void => {
    const { fastify } = message as { fastify: FastifyInstance } // Fastify's own channel
    fastify.addHook('onRoute', (options: RouteOptions) => {
      for (const method of [options.method].flat()) table.push({ method, options })
    })
  }
  subscribe('fastify.initialization', onInitialization)
  const app = await build().finally(() => unsubscribe('fastify.initialization', onInitialization))
  return { app, table }
}

/** A path that a pattern matches. */
export const samplePath = (url: string): string => url.replace('/*', '/cats/tom').replace(':asset_id', 'b5e6d2b39ba3e0869d67141ba7dba6cf')
