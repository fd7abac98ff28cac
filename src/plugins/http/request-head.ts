import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Action } from '../../auth/policy/actions.ts'
import { invalidRequest, pointerTo, type Fault } from '../../errors.ts'

/** How often a header was sent; Node keeps only the first `Host`. */
function timesSent (rawHeaders: readonly string[], name: string): number {
  let times = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const header = rawHeaders[index] as string // names and values take turns
    if (header.length === name.length && header.toLowerCase() === name) times++
  }
  return times
}

/**
 * Refuses requests without a host or with two: proxies and caches in front may have read the other one.
 * Source: RFC 9112, section 3.2. To be used with `requireHostHeader: false`, or Node answers the first kind by itself.
 */
export const oneHost = fp(async (app) => {
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    const times = timesSent(raw.rawHeaders, 'host')
    if (times === 1 || (times === 0 && raw.httpVersion === '1.0')) return done()
    done(invalidRequest([{ pointer: '/Host', message: times === 0 ? 'is required' : 'must be given once' }]))
  })
}, { name: 'one-host' })

const BLANK = /[ \t]/

function hasBlank (rawHeaders: readonly string[]): boolean {
  for (let index = 0; index < rawHeaders.length; index += 2) if (BLANK.test(String(rawHeaders[index]))) return true
  return false
}

/**
 * Refuses header names with a blank in them. To the parser of older Nodes (20.18 among them) `Content-Length : 5` is a
 * header of another name; a proxy in front may have taken it for the length, and would then see another end of the
 * request than we do. What came behind it may already have been parsed as another request, and is not done either.
 * Source: RFC 9112, section 5.1.
 */
export const headerNames = fp(async (app) => {
  const distrusted = new WeakSet<Socket>()
  app.addHook('onRequest', ({ raw: { rawHeaders, socket } }, _reply, done) => {
    if (!distrusted.has(socket) && !hasBlank(rawHeaders)) return done()
    distrusted.add(socket)
    done(invalidRequest([{ pointer: '/', message: 'has a header whose name holds a blank' }], { headers: { connection: 'close' } }))
  })
}, { name: 'header-names' })

/** Headers that are refused for one reason. */
interface Refused {
  readonly names: readonly string[]
  readonly message: string
  /** What to say on the routes that take files, where it differs. */
  readonly toUploads?: string
  /** Only there; everywhere by default. */
  readonly on?: (request: FastifyRequest) => boolean
}

const UPLOADS: ReadonlySet<Action | undefined> = new Set<Action>(['uploadResource', 'directUpload'])
const READING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

const isUpload = ({ routeOptions }: FastifyRequest): boolean => UPLOADS.has(routeOptions.config.action)
const mayChange = ({ method }: FastifyRequest): boolean => !READING_METHODS.has(method)

const REFUSED: readonly Refused[] = [
  {
    names: ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'],
    message: 'is not understood; send the request with the method that is meant'
  },
  {
    // Chunks of a file as Cloudinary, tus, its successor at the IETF, and Google send them.
    names: [
      'Content-Range', 'X-Unique-Upload-Id', 'Tus-Resumable', 'Upload-Offset', 'Upload-Length', 'Upload-Defer-Length',
      'Upload-Metadata', 'Upload-Concat', 'Upload-Checksum', 'Upload-Complete', 'Upload-Incomplete',
      'X-Goog-Upload-Command', 'X-Goog-Upload-Offset', 'X-Upload-Content-Length'
    ],
    message: 'is not understood; send the body whole',
    toUploads: 'is not understood; send the file whole, which the gateway cuts into chunks itself, or send chunks to the `upload_url` of POST /signature',
    on: mayChange
  },
  {
    // Source: RFC 9110, section 13. GET and HEAD may ignore them, and If-Modified-Since is for those alone.
    names: ['If-Match', 'If-None-Match', 'If-Unmodified-Since'],
    message: 'is not understood; the request would be carried out whether the condition holds or not',
    on: mayChange
  },
  {
    names: ['Content-MD5', 'Digest', 'Content-Digest', 'Repr-Digest'],
    message: 'is not checked; leave it out',
    toUploads: 'is not checked; leave it out, and compare `bytes` and `etag` of the answer',
    on: mayChange
  },
  {
    names: ['Content-Disposition'],
    message: 'is not read; name the file by the field `filename_override`, or in its part of a multipart form',
    on: isUpload
  },
  {
    names: ['Idempotency-Key'],
    message: 'is honoured by POST /upload alone; sign a `public_id`, so that a repeated upload stores no second asset',
    on: ({ routeOptions: { config } }) => config.action === 'directUpload'
  }
]

const ROWS = REFUSED.map((row) => {
  return { ...row, names: row.names.map((name) => [name, name.toLowerCase()] as const) }
})

/** Names of the headers that are to follow the body, where nobody reads them either. */
function trailersOf ({ trailer = '' }: IncomingHttpHeaders): string[] {
  return trailer.toLowerCase().split(',').map((name) => name.trim())
}

/** Faults of all headers that would have to be understood to do what is meant. */
function unreadHeaderFaults (request: FastifyRequest): Fault[] {
  const { headers } = request.raw
  const trailers = trailersOf(headers)
  const isSent = (name: string): boolean => headers[name] !== undefined || trailers.includes(name)
  const faults: Fault[] = []
  for (const { names, message, toUploads = message, on } of ROWS) {
    if (on && !on(request)) continue
    for (const [name, inLowerCase] of names) {
      if (isSent(inLowerCase)) faults.push({ pointer: pointerTo(name), message: isUpload(request) ? toUploads : message })
    }
  }
  return faults
}

/**
 * Refuses headers that change what a request or its bytes mean, and that nobody here honours: a chunk would be
 * stored as the whole file, a conditional change made without its condition. Runs before the body is asked for.
 */
export const unreadHeaders = fp(async (app) => {
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const faults = unreadHeaderFaults(request)
    done(faults.length > 0 ? invalidRequest(faults) : null)
  })
}, { name: 'unread-headers', dependencies: ['error-handler'] })
