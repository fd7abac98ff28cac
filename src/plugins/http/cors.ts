import cors from '@fastify/cors'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { GatewayError } from '../../errors.ts'
import { originMatcher } from '../../net/origins.ts'

export interface CorsOptions {
  /** `https://www.example.com`, or `https://*.example.com`. None: no CORS headers at all. */
  readonly origins: readonly string[]
  /** Let browsers send cookies. The gateway wants none. */
  readonly credentials?: boolean
}

/** How long a browser may remember the answer to a preflight. */
const MAX_AGE_SECONDS = 600
const MAX_ORIGIN_TOLD = 120
const ANSWER_HEADERS = [
  'Date',
  'Idempotent-Replayed',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-FeatureRateLimit-Limit',
  'X-FeatureRateLimit-Remaining',
  'X-FeatureRateLimit-Reset',
  'X-Request-Id',
  'X-Upload-Attempts',
  'X-Upload-Integrity'
]

/**
 * What to say to a preflight that nobody answered: `cors` answers those of listed origins, so its origin is what is
 * wrong, and not its method. Undefined for a request that is no preflight. Source: Fetch, "CORS-preflight request".
 */
export function preflightFailure ({ method, headers }: Pick<FastifyRequest, 'method' | 'headers'>): GatewayError | undefined {
  const { origin, 'access-control-request-method': wanted } = headers
  if (method !== 'OPTIONS' || origin === undefined || wanted === undefined) return undefined
  return new GatewayError('origin_not_allowed', `Pages of ${JSON.stringify(origin.slice(0, MAX_ORIGIN_TOLD))} may not call this gateway.`)
}

/**
 * Lets pages of some origins call, on every route and every error, with whatever headers their libraries add:
 * the answer to a preflight allows the names that it asks for, and varies by them. Off without origins. An
 * origin that is not listed gets the answer without CORS headers, which its browser then keeps from the page;
 * `error-handler` refuses its preflights. Register this plugin after that one.
 */
export default fp<CorsOptions>(async (app, { origins, credentials = false }) => {
  if (origins.length === 0) return
  const isAllowed = originMatcher(origins)
  await app.register(cors, {
    origin: (origin, callback) => { callback(null, origin !== undefined && isAllowed(origin) ? origin : false) },
    credentials,
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    exposedHeaders: ANSWER_HEADERS,
    maxAge: MAX_AGE_SECONDS,
    strictPreflight: true
  })
}, { name: 'cors', dependencies: ['error-handler'] })
