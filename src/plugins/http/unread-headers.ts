import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Action } from '../../auth/policy/actions.ts'
import { invalidRequest, pointerTo, type Fault } from '../../errors.ts'

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
export function unreadHeaders (request: FastifyRequest): Fault[] {
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
export default fp(async (app) => {
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const faults = unreadHeaders(request)
    done(faults.length > 0 ? invalidRequest(faults) : null)
  })
}, { name: 'unread-headers', dependencies: ['error-handler'] })
