import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { decoded } from '../decoded.ts'
import { admitAdmin, admitUpload, type Admitted, type Attempt } from './credentials.ts'
import { KNOWN_PARAMETERS, KNOWN_WITH_HEADER, TRANSPORT } from './known-parameters.ts'
import type { Clouds } from '../clouds.ts'
import type { BlobStore } from '../store/blobs.ts'
import { notImitated, SandboxError } from '../errors.ts'
import { ConnectionEnded, exchangeOf } from '../faults/exchange.ts'
import { readBody, type BodyLimits } from './body.ts'
import { callFrom, type Call, type Guard, type Route, type Surroundings } from './call.ts'
import { CORS_HEADERS, PREFLIGHT_HEADERS } from './cors.ts'
import { Fields } from './fields.ts'
import { nameIgnored } from './ignored.ts'
import type { HourlyLimit } from './rate-limit.ts'
import { RouteTable } from './route-table.ts'

/** Services that read calls and admit them. */
export interface ApiServices extends Surroundings {
  readonly clouds: Clouds
  readonly blobs: BlobStore
  readonly options: BodyLimits
}

/** Serves `routes` below `/v1_1/{cloud}/`, each with the services that it wants. */
export function registerApi<Services extends ApiServices> (
  app: FastifyInstance,
  services: Services,
  { routes, adminLimit }: { routes: readonly Route<Services>[], adminLimit: HourlyLimit }
): void {
  const calls = new ApiCalls(services, new RouteTable(routes), adminLimit)
  app.register(async (api) => {
    // Bodies of every kind are read by the call itself, as they come.
    api.removeAllContentTypeParsers()
    api.addContentTypeParser('*', (_request, _payload, done) => { done(null) })
    api.options('/v1_1/*', async ({ raw }, reply) => {
      calls.requireUploadPath(raw.url ?? '')
      return reply.headers(PREFLIGHT_HEADERS).code(200).send()
    })
    api.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      url: '/v1_1/*',
      handler: async (request, reply) => {
        try {
          return await calls.answer(request, reply)
        } catch (error) {
          if (!(error instanceof ConnectionEnded)) throw error
          return reply.hijack()
        }
      }
    })
  })
}

/** Fields that are used before an action runs: credentials, and the file. */
const SPENT: ReadonlySet<string> = new Set([...TRANSPORT, 'timestamp'])

class ApiCalls<Services extends ApiServices> {
  readonly #services: Services
  readonly #table: RouteTable<Services>
  readonly #adminLimit: HourlyLimit

  constructor (services: Services, table: RouteTable<Services>, adminLimit: HourlyLimit) {
    this.#services = services
    this.#table = table
    this.#adminLimit = adminLimit
  }

  /**
   * Requires the path of an upload, the only call that web pages may make.
   * @throws {SandboxError} 400 for any other path, so that a browser's preflight fails.
   */
  requireUploadPath (url: string): void {
    const { cloudName, path } = splitUrl(url)
    const isUpload = this.#table.find('POST', path)?.route.guard === 'upload'
    if (!isUpload) throw notImitated(`OPTIONS ${documentedPath(cloudName, path)}`)
  }

  async answer (request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const services = this.#services
    reply.header('x-request-id', services.random.hex(32)).header('cache-control', 'no-store')
    const { cloudName, path, query } = splitUrl(request.raw.url ?? '')
    const found = this.#table.find(request.method, path)
    if (!found) throw notImitated(`${request.method} ${documentedPath(cloudName, path)}`)
    const { route, params } = found
    if (route.guard !== 'admin') reply.headers(CORS_HEADERS)
    const fields = new Fields()
    fields.appendQuery(query)
    const file = await this.#readFile(request, fields)
    let admitted: Admitted
    try {
      const known = knownTo(route)
      const { clouds, clock } = services
      const { authorization } = request.headers
      admitted = admit(route, params, { clouds, cloudName, authorization, fields, known, nowMs: clock() })
      if (route.guard === 'admin') reply.headers(this.#adminLimit.spend(cloudName))
      // What no signature covers must have no effect either.
      else if (route.guard !== 'none') nameIgnored(reply, fields.retain(takenBy(route, known, authorization !== undefined)))
    } catch (error) {
      if (file) await services.blobs.remove(file.key)
      throw error
    }
    const { cloud, unsigned } = admitted
    const { method, headers } = request
    const call = callFrom(services, cloud, { method, path, params, fields, headers, file, unsigned, reply })
    fields.watch()
    try {
      const result = await route.action(call, services)
      // An action that answers by itself may have lost its client on the way.
      if (reply.sent || reply.raw.headersSent) return reply
      nameIgnored(reply, fields.unread().filter((name) => !SPENT.has(name)))
      return reply.send(result)
    } finally {
      if (call.file) await services.blobs.remove(call.file.key)
    }
  }

  async #readFile (request: FastifyRequest, fields: Fields): Promise<Call['file']> {
    const { blobs, options } = this.#services
    const exchange = exchangeOf(request.raw)
    const { file } = await readBody(exchange?.body() ?? request.raw, {
      contentType: request.headers['content-type'] ?? '',
      fields,
      blobs,
      limits: options,
      durable: request.headers['content-range'] === undefined
    })
    if (!exchange) return file
    for (const name of fields.names()) if (name !== 'file') exchange.record.fields[name] = fields.shown(name)
    if (file) Object.assign(exchange.record, { sha256: file.sha256, file_bytes: file.bytes })
    return file
  }
}

function knownTo (route: Guard): ReadonlySet<string> {
  return KNOWN_PARAMETERS['call' in route && route.call !== undefined ? route.call : 'upload']
}

/** Returns whether a call of the Upload API reads a parameter of that name. */
function takenBy (route: Guard, known: ReadonlySet<string>, isByHeader: boolean): (name: string) => boolean {
  const more = isByHeader && 'call' in route && route.call !== undefined ? KNOWN_WITH_HEADER[route.call] : undefined
  return (name) => known.has(name) || TRANSPORT.has(name) || more?.has(name) === true
}

function admit ({ guard, ...route }: Guard, params: Call['params'], attempt: Attempt): Admitted {
  // Of the assets only those of type `upload` have a path that is taken for one of the Upload API.
  if (guard === 'admin') return admitAdmin(attempt, { signed: 'call' in route && route.call !== undefined && (params.type ?? 'upload') === 'upload' })
  if (guard !== 'none') return admitUpload(attempt, { unsigned: guard === 'upload' })
  const cloud = attempt.clouds.get(attempt.cloudName)
  if (!cloud) throw new SandboxError(401, `Invalid cloud_name ${attempt.cloudName}`)
  return { cloud, unsigned: true }
}

/** Decodes the path once, as a whole: some clients send even its own slashes encoded. A path may end in slashes; a name cannot. */
function splitUrl (url: string): { cloudName: string, path: string, query: string } {
  const mark = url.indexOf('?')
  const raw = mark < 0 ? url : url.slice(0, mark)
  const whole = decoded(raw)
  if (whole === undefined) throw new SandboxError(400, 'Invalid percent-encoding in the path')
  const [, cloudName = '', path = ''] = /^\/v1_1\/([^/]+)\/?(.*)$/s.exec(whole) ?? []
  return { cloudName, path: path.replace(/(?<!\/)\/+$/, ''), query: mark < 0 ? '' : url.slice(mark + 1) }
}

/** The path as documented, without the name of the cloud, where the provisioning API has its own word. */
function documentedPath (cloudName: string, path: string): string {
  return `/v1_1/${cloudName === 'provisioning' ? cloudName : '{cloud}'}/${path}`
}
