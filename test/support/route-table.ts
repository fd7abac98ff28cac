import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, RouteOptions } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { startFaultUpstream } from './fault-upstream.ts'
import { environmentAt, testConfig } from './gateway.ts'

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

/**
 * Starts the gateway before an upstream that only records, with the table of its routes. What proves
 * credentials at start has been sent already.
 */
export async function startWithRoutes (t: Test) {
  const upstream = await startFaultUpstream(t)
  const config = testConfig([environmentAt(upstream.url)])
  const { app, table } = await withRouteTable(() => buildApp({ config }))
  t.teardown(() => app.close())
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  await app.inject('/readyz')
  return { app, base, upstream, table: table.filter(({ method }) => method !== 'OPTIONS') }
}

/** A path that a pattern matches. */
export const samplePath = (url: string): string => url.replace('/*', '/cats/tom').replace(':asset_id', 'b5e6d2b39ba3e0869d67141ba7dba6cf')
