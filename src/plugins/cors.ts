import cors from '@fastify/cors'
import fp from 'fastify-plugin'
import { originMatcher } from '../auth/origins.ts'

export interface CorsOptions {
  /** `https://www.example.com`, `https://*.example.com`, or `*`. None: no CORS headers at all. */
  readonly origins: readonly string[]
  /** Let browsers send cookies. The gateway wants none; never together with `*`. */
  readonly credentials?: boolean
}

/** How long a browser may remember the answer to a preflight. */
const MAX_AGE_SECONDS = 600
const REQUEST_HEADERS = ['Accept', 'Authorization', 'Content-Type', 'Content-Range', 'Idempotency-Key', 'X-Environment', 'X-Request-Id', 'X-Unique-Upload-Id']
const ANSWER_HEADERS = ['Idempotent-Replayed', 'Link', 'Location', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-Request-Id', 'X-Upload-Attempts', 'X-Upload-Integrity']

/**
 * Lets pages of some origins call, on every route and every error. Off without origins. An origin that is not listed
 * gets the answer without CORS headers, which its browser then keeps from the page. To be registered before
 * `error-handler`: the route for preflights matches every path, and is no reason to answer 405 in place of 404.
 */
export default fp<CorsOptions>(async (app, { origins, credentials = false }) => {
  if (origins.length === 0) return
  if (credentials && origins.includes('*')) throw new Error('CORS with credentials needs a list of origins, not *.')
  const isAllowed = originMatcher(origins)
  await app.register(cors, {
    origin: (origin, callback) => { callback(null, origin !== undefined && isAllowed(origin) ? origin : false) },
    credentials,
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: REQUEST_HEADERS,
    exposedHeaders: ANSWER_HEADERS,
    maxAge: MAX_AGE_SECONDS,
    strictPreflight: true
  })
}, { name: 'cors' })
