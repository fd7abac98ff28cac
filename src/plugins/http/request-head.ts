import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Action } from '../../auth/policy/actions.ts'
import { invalidRequest, pointerTo, type Fault } from '../../errors.ts'
import { METHOD_OVERRIDE } from '../../input/method-override.ts'
import { onlyReads } from '../../input/route-input.ts'

const BLANK = /[ \t]/

function hasBlank (rawHeaders: readonly string[]): boolean {
  for (let index = 0; index < rawHeaders.length; index += 2) if (BLANK.test(String(rawHeaders[index]))) return true
  return false
}

/**
 * Headers that decide what a request means or who sends it, and have one value. `Host` and `Content-Length` are
 * judged elsewhere.
 */
const SINGLE: ReadonlyMap<string, string> = new Map([
  'Authorization', 'Content-Type', 'Expect', 'Idempotency-Key', 'Origin', 'Sec-Fetch-Site', 'X-Environment'
].map((name) => [name.toLowerCase(), name]))

/** Faults of headers that were sent more than once: Node keeps the first of some, and joins others with commas. */
function doubled ({ headers, rawHeaders }: IncomingMessage): Fault[] {
  // Nearly no request repeats any header.
  if (rawHeaders.length / 2 === Object.keys(headers).length) return []
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = String(rawHeaders[index]).toLowerCase()
    if (seen.has(name)) twice.add(SINGLE.get(name) ?? '')
    seen.add(name)
  }
  twice.delete('')
  return [...twice].map((name) => ({ pointer: pointerTo(name), message: 'must be given once' }))
}

/**
 * Refuses header names with a blank in them. To the parser of older Nodes (20.18 among them) `Content-Length : 5` is a
 * header of another name; a proxy in front may have taken it for the length, and would then see another end of the
 * request than we do. What came behind it may already have been parsed as another request, and is not done either.
 * Source: RFC 9112, section 5.1. Also refuses headers that have one value and are given twice: a proxy may have
 * read the other one.
 */
export const headerNames = fp(async (app) => {
  const distrusted = new WeakSet<Socket>()
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    const { rawHeaders, socket } = raw
    if (!distrusted.has(socket) && !hasBlank(rawHeaders)) {
      const faults = doubled(raw)
      return faults.length > 0 ? done(invalidRequest(faults)) : done()
    }
    distrusted.add(socket)
    done(invalidRequest([{ pointer: '/', message: 'has a header whose name holds a blank' }], { headers: { connection: 'close' } }))
  })
}, { name: 'header-names' })

/** Headers that are refused for one reason. */
interface Refused {
  /** Matches their names in lower case. */
  readonly names: RegExp
  /** Why, on this route; undefined where they cannot change what is meant. */
  readonly reason: (request: FastifyRequest, name: string) => string | undefined
}

const UPLOADS: ReadonlySet<Action | undefined> = new Set<Action>(['uploadResource', 'directUpload'])
const isUpload = ({ routeOptions }: FastifyRequest): boolean => UPLOADS.has(routeOptions.config.action)

/** Refuses on requests that may change something; `toUploads` is the message of the routes that take files. */
const onChanges = (message: string, toUploads = message): Refused['reason'] => (request) => {
  if (onlyReads(request.method)) return undefined
  return isUpload(request) ? toUploads : message
}
const onUploads = (message: string): Refused['reason'] => (request) => isUpload(request) ? message : undefined

const IDEMPOTENCY_KEY = 'idempotency-key'

/** True where the schema of the route declares the header. */
function honoursKeys ({ routeOptions: { schema } }: FastifyRequest): boolean {
  const { properties = {} } = (schema?.headers ?? {}) as { properties?: object } // a JSON schema of an object
  return Object.keys(properties).some((name) => name.toLowerCase() === IDEMPOTENCY_KEY)
}

const idempotency: Refused['reason'] = (request, name) => {
  if (onlyReads(request.method)) return undefined
  if (honoursKeys(request)) return name === IDEMPOTENCY_KEY ? undefined : 'is not understood; did you mean "Idempotency-Key"?'
  return 'is honoured by `POST /upload`, `/upload/remote` and `/direct-upload` alone; leave it out'
}

/** `Content-Transfer-Encoding` of bytes as they are. Source: RFC 2045, section 6.2. */
const UNCHANGED: ReadonlySet<unknown> = new Set(['7bit', '8bit', 'binary', 'identity', ''])
const TRANSFER_ENCODING = 'content-transfer-encoding'

const REFUSED: readonly Refused[] = [
  {
    names: METHOD_OVERRIDE,
    reason: () => 'is not understood; send the request with the method that is meant'
  },
  {
    // Chunks of a file as Cloudinary, tus, its successor at the IETF, Google and browser widgets send them.
    names: /^(?:x-)?content-range$|^x-unique-upload-id$|^tus-|^uploader-|^(?:x-)?(?:upload|chunk|goog-upload)-/,
    reason: onChanges(
      'is not understood; send the body whole',
      'is not understood; send the file whole, which the gateway cuts into chunks itself, or send chunks to the `upload_url` of POST /signature'
    )
  },
  {
    // Source: RFC 9110, section 13, and RFC 4918, section 10.4. If-Modified-Since and If-Range are for GET alone.
    names: /^(?:if|if-match|if-none-match|if-unmodified-since|if-schedule-tag-match|x-goog-if-.*)$/,
    reason: onChanges('is not understood; the request would be carried out whether the condition holds or not')
  },
  {
    // Digests of HTTP, and those of the stores of Amazon, Google, Microsoft, Backblaze and ownCloud.
    names: /^(?:content-|repr-|x-content-)?digest$|^(?:x-|oc-)?(?:amz-|goog-|bz-|ms-(?:blob-)?)?(?:content-)?(?:md5|sha-?(?:1|256|512)|crc-?(?:32c?|64)|hash|checksum(?:-.*)?)$/,
    reason: onChanges('is not checked; leave it out', 'is not checked; leave it out, and compare `bytes` and `etag` of the answer')
  },
  {
    names: /^content-transfer-encoding$/,
    reason: (request, name) => UNCHANGED.has(request.headers[TRANSFER_ENCODING]?.toString().trim().toLowerCase())
      ? undefined
      : onChanges('is not understood; send the bytes as they are')(request, name)
  },
  {
    names: /^(?:content-disposition|slug|(?:x-)?file-?name)$/,
    reason: onUploads('is not read; name the file by the field `filename_override`, or in its part of a multipart form')
  },
  { names: /^overwrite$/, reason: onUploads('is not read; there is the field `overwrite`') },
  { names: /idempot/, reason: idempotency }
]

/** Tells in one step that a header is none of these, as nearly all are. */
const ANY_OF_THEM = new RegExp(REFUSED.map(({ names }) => names.source).join('|'))
const UPPER_CASE: ReadonlySet<string> = new Set(['http', 'md5', 'sha256'])

/** Writes the name as people do: `X-HTTP-Method`. Node tells it in lower case. */
function spelt (name: string): string {
  return name.split('-').map((word) => {
    return UPPER_CASE.has(word) ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1)
  }).join('-')
}

/** Names of the headers that are announced to come after the body. They are not read either. */
function trailersOf ({ trailer = '' }: IncomingHttpHeaders): string[] {
  return trailer === '' ? [] : trailer.toLowerCase().split(',').map((name) => name.trim())
}

/** Returns a fault for each header that the route would have to understand to do what is meant. */
function unreadHeaderFaults (request: FastifyRequest): Fault[] {
  const { headers } = request.raw
  const faults: Fault[] = []
  for (const name of [...Object.keys(headers), ...trailersOf(headers)]) {
    if (!ANY_OF_THEM.test(name)) continue
    const message = REFUSED.find(({ names }) => names.test(name))?.reason(request, name)
    if (message !== undefined) faults.push({ pointer: pointerTo(spelt(name)), message })
  }
  return faults
}

/**
 * Refuses headers that ask for something that the gateway does not do: a chunk would be stored as the whole file, and
 * a conditional change would be made without its condition. Runs before the body is requested.
 */
export const unreadHeaders = fp(async (app) => {
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const faults = unreadHeaderFaults(request)
    done(faults.length > 0 ? invalidRequest(faults) : null)
  })
}, { name: 'unread-headers', dependencies: ['error-handler'] })
