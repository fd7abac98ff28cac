import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { mayUse, type Permissions } from '../../auth/policy/permissions.ts'
import type { CloudinaryClient } from '../../cloudinary/client.ts'
import { GatewayError, invalidRequest, pointerTo } from '../../errors.ts'
import { didYouMean, editDistance } from '../../input/nearest-name.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The client of the environment that the request names, or of the default one. */
    cloudinary: CloudinaryClient
    /** Name of the environment that the request asks for, in lower case, whether there is one or not. */
    environmentAsked: string
  }
}

const HEADER = 'x-environment'
/** Namespaces of other products: Power Platform sends `x-ms-client-environment-id`. */
const FOREIGN = /^x-(?:ms|amz|amzn|goog|envoy|azure|vercel|sentry)-/
/** Edits by which a word may miss `environment`. */
const MOST_EDITS = 2

function isEnvironmentWord (word: string): boolean {
  return /^envs?$/.test(word) || (word.length >= 9 && word.length <= 14 && editDistance(word, 'environment') <= MOST_EDITS)
}

/** True for a header that was probably meant to be `X-Environment`: `X-Env`, `X-Enviroment`, `X_Environment`. */
function missesHeader (name: string): boolean {
  // Each word that is meant holds one of these: most names need no second look.
  return name !== HEADER && /env|iro|nme/.test(name) && !FOREIGN.test(name) && name.split(/[-_.]/).some(isEnvironmentWord)
}

/** Refuses misspelt headers: ignored, they would leave the request to the default environment. */
function refuseMisspelt ({ raw: { headers } }: FastifyRequest): void {
  const misspelt = Object.keys(headers).filter(missesHeader)
  if (misspelt.length === 0) return
  throw invalidRequest(misspelt.map((name) => ({ pointer: pointerTo(name), message: 'is not read; did you mean "X-Environment"?' })))
}

/** Takes the name from `X-Environment` or `?environment=`; both may be given when they agree. */
function takeName ({ headers, query }: FastifyRequest): string | undefined {
  const parameters = query as Record<string, unknown> // not validated yet: whatever the parser made of it
  const byHeader = headers[HEADER]
  const byQuery = parameters['environment']
  // Routes close their queries; this name belongs to none of them and to all. Deleting what is not there costs as much.
  if (byQuery !== undefined) delete parameters['environment']
  if (byQuery !== undefined && typeof byQuery !== 'string') throw invalidRequest([{ pointer: '/environment', message: 'must be given once' }])
  if (byHeader !== undefined && byQuery !== undefined && byHeader !== byQuery) {
    throw invalidRequest([{ pointer: '/environment', message: 'differs from the X-Environment header' }])
  }
  const name = byHeader?.toString() ?? byQuery
  // An unset variable of a tool must not choose the default, which is production for most.
  if (name?.trim() === '') throw invalidRequest([{ pointer: '/environment', message: 'is blank: leave it out, or name one' }])
  return name
}

/** How to find the right name. */
function advice (name: string, names: readonly string[]): string {
  return `${didYouMean(name, names) || ';'} /environments lists them`
}

/** Makes the refusal of a name. A caller that is bound to environments is not told which others there are. */
function refusalOf (
  name: string | undefined, permissions: Permissions, known: readonly string[]
): GatewayError {
  const hint = advice(name ?? '', known.filter((each) => mayUse(permissions, each)))
  if (permissions.environments === undefined) {
    return invalidRequest([{ pointer: '/environment', message: `there is no such environment${hint}` }])
  }
  const what = name === undefined ? 'the default environment' : `the environment "${name}"`
  return new GatewayError('forbidden', `This caller may not use ${what}${hint}.`, {
    errors: [{ pointer: '/environment', message: 'must be one that this caller may use' }]
  })
}

/** Chooses the environment of each request in the scope that registers it, before a byte of its body is read. */
export default fp(async (scope) => {
  const clients = scope.cloudinary
  scope.decorateRequest('cloudinary')
  scope.decorateRequest('environmentAsked', '')
  scope.addHook('onRequest', (request, _reply, done) => {
    refuseMisspelt(request)
    const given = takeName(request)
    const name = (given ?? clients.defaultEnvironment).toLowerCase()
    request.environmentAsked = name
    const { permissions, stranger } = request.caller
    // To a stranger one that is absent looks like one whose signature it does not have.
    const client = clients.get(name) ?? (stranger ? clients.decoy() : undefined)
    // A route without an action is for every caller, and does nothing there.
    const isFree = request.routeOptions.config.action === undefined
    if (client && (isFree || mayUse(permissions, name))) {
      request.cloudinary = client
      done()
      return
    }
    done(refusalOf(given, permissions, clients.names()))
  })
}, { name: 'environment-choice', dependencies: ['cloudinary'] })
