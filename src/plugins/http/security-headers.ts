import helmet from '@fastify/helmet'
import fp from 'fastify-plugin'
import type { CloudinaryEnvironment } from '../../schemas/environment.ts'

/**
 * For every answer: browsers take its media type as it is said. Answers of actions and errors are for their caller
 * alone, and may hold signatures: nobody keeps them, unless a route says otherwise.
 */
export const securityHeaders = fp(async (app) => {
  app.addHook('onSend', (request, reply, _payload, done) => {
    reply.header('x-content-type-options', 'nosniff')
    const isPrivate = reply.statusCode >= 400 || request.routeOptions.config.action !== undefined
    if (isPrivate && !reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
    done()
  })
}, { name: 'security-headers' })

export interface PageHeadersOptions {
  /** Origins, beside our own, that pages fetch from: the API of Cloudinary, or the sandbox. */
  readonly connect?: readonly string[]
  /** Origins that pages show pictures and videos from. */
  readonly media?: readonly string[]
}

/**
 * Returns the origins that pages connect to: `public_upload_prefix`, where uploads go when not to
 * Cloudinary's own API, and hosts that deliver pictures without https, such as the sandbox. An
 * `upload_prefix` alone is not meant for browsers.
 */
export function pageOrigins (environments: readonly CloudinaryEnvironment[]): Required<PageHeadersOptions> {
  const connect = environments.flatMap(({ publicUploadPrefix }) =>
    publicUploadPrefix === undefined ? [] : [new URL(publicUploadPrefix).origin])
  const names = environments.flatMap(
    ({ delivery: { secure, cname } }) => secure || cname === undefined ? [] : [cname]
  )
  return {
    connect: [...new Set(connect)], media: [...new Set(names)].map((name) => new URL(`http://${name}`).origin)
  }
}

/** Cloudinary's own, for uploads and for delivery. */
const API = ['https://api.cloudinary.com', 'https://api-eu.cloudinary.com', 'https://api-ap.cloudinary.com']

/** For pages (documentation, console): helmet's headers, in the scope that registers it. Scripts come from this origin alone. */
export const pageHeaders = fp<PageHeadersOptions>(async (scope, { connect = [], media = [] }) => {
  await scope.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'none'"],
        objectSrc: ["'none'"],
        frameAncestors: ["'none'"],
        formAction: ["'self'"],
        scriptSrc: ["'self'"],
        scriptSrcAttr: ["'none'"],
        // Pages of documentation set colours and sizes in place.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:', 'https:', ...media],
        mediaSrc: ["'self'", 'blob:', 'https:', ...media],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'", ...API, ...connect]
      }
    },
    // Whether this host speaks https only is for the one who runs its proxy to say.
    strictTransportSecurity: false,
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginEmbedderPolicy: false
  })
}, { name: 'page-headers' })
