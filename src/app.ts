import type { Ajv } from 'ajv'
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { deleteResource } from '../routes/delete-resource.ts'
import { directUpload } from '../routes/direct-upload.ts'
import { generateSignature } from '../routes/generate-signature.ts'
import { getAllResources } from '../routes/get-all-resources.ts'
import { getResourceById } from '../routes/get-resource-by-id.ts'
import { getSignedUrl } from '../routes/get-signed-url.ts'
import { getUrl } from '../routes/get-url.ts'
import { updateResource } from '../routes/update-resource.ts'
import { uploadResource } from '../routes/upload-resource.ts'
import type { AppOptions, Gateway, ServerOptions } from './app-types.ts'
import type { Config } from './config/types.ts'
import authentication from './plugins/access/authentication.ts'
import authorization from './plugins/access/authorization.ts'
import environmentChoice from './plugins/access/environment-choice.ts'
import heldBodies from './plugins/access/held-bodies.ts'
import quotaHeaders from './plugins/access/quota-headers.ts'
import rateLimit, { callerRate, strangerRate } from './plugins/access/rate-limit.ts'
import routeActions from './plugins/access/route-actions.ts'
import signedForms from './plugins/access/signed-forms.ts'
import unreadAnswers from './plugins/access/unread-answers.ts'
import uploadPlaces from './plugins/access/upload-places.ts'
import visibleAssets from './plugins/access/visible-assets.ts'
import cloudinary from './plugins/actions/cloudinary.ts'
import { explainSignature } from './plugins/actions/explain-signature.ts'
import { validateByField } from './plugins/actions/field-validation.ts'
import idempotency from './plugins/actions/idempotency.ts'
import relay from './plugins/actions/relay.ts'
import requestTarget from './plugins/actions/request-target.ts'
import { signBatch } from './plugins/actions/sign-batch.ts'
import { signatureRules } from './plugins/actions/signature-rules.ts'
import signedForm from './plugins/actions/signed-form.ts'
import textInput from './plugins/actions/text-input.ts'
import unreadQuery from './plugins/actions/unread-query.ts'
import { errorPage } from './plugins/docs/error-page.ts'
import { llmsText } from './plugins/docs/llms.ts'
import { openapiDocument, openapiPages } from './plugins/docs/openapi.ts'
import batching from './plugins/http/batching.ts'
import { answerClientError, refuseTunnels } from './plugins/http/client-errors.ts'
import cors from './plugins/http/cors.ts'
import errorHandler, { sendProblem } from './plugins/http/error-handler.ts'
import expectContinue from './plugins/http/expect-continue.ts'
import { bodyEncoding, bodyTimeout, unreadBody } from './plugins/http/request-body.ts'
import { headerNames, unreadHeaders } from './plugins/http/request-head.ts'
import { requestId } from './plugins/http/request-id.ts'
import requestLife from './plugins/http/request-life.ts'
import requestLine, { originForm } from './plugins/http/request-line.ts'
import requestLog from './plugins/http/request-log.ts'
import { schemaCompilers } from './plugins/actions/schema-compilers.ts'
import { pageHeaders, pageOrigins, securityHeaders } from './plugins/http/security-headers.ts'
import credentialProofs from './plugins/operations/credential-proofs.ts'
import { environments } from './plugins/operations/environments.ts'
import health from './plugins/operations/health.ts'
import metrics from './plugins/operations/metrics.ts'
import redis from './plugins/operations/redis.ts'

const ACTIONS = [
  uploadResource, getUrl, getAllResources, getResourceById, updateResource, deleteResource, getSignedUrl, generateSignature, directUpload
]

/** Routes that serve the actions: rules, batches and explanations of signatures. */
const SERVICES = [explainSignature, signatureRules, signBatch]

/** Longest public ID is 255 characters, each up to twelve bytes when percent-encoded. */
const MAX_PATH_PART = 4096
const HEADERS_TIMEOUT_MS = 15_000
/** For a body that is no file to be there as a whole. */
const BODY_TIMEOUT_MS = 15_000
const CONNECTIONS_CHECK_MS = 1_000
/** Longer than the idle timeout of common load balancers (60 s), so that it is they who close. */
const KEEP_ALIVE_MS = 65_000

type Logging = Pick<ServerOptions, 'logger' | 'loggerInstance'>

function logging (logger: AppOptions['logger'] = false): Logging {
  return typeof logger === 'object' && 'child' in logger ? { loggerInstance: logger as FastifyBaseLogger } : { logger: logger as boolean }
}

/** Keywords of our own in schemas: `x-fault` replaces ajv's wording of a fault, the others are for the document. */
const OUR_KEYWORDS = ['x-fault', 'x-component', 'x-object', 'x-parts']
const ourKeywords = (ajv: Ajv): Ajv => ajv.addVocabulary(OUR_KEYWORDS)

function serverOptions ({ config, logger }: AppOptions, docs: string): ServerOptions {
  return {
    ...logging(logger),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    rewriteUrl: ({ url = '/' }) => originForm(url),
    requestIdHeader: false,
    trustProxy: config.trustProxy.length > 0 ? [...config.trustProxy] : false,
    bodyLimit: config.jsonMaxBytes,
    // What still arrives on an open connection while closing is served; /readyz tells the balancer to send no more.
    return503OnClosing: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: CONNECTIONS_CHECK_MS, requestTimeout: 0, requireHostHeader: false },
    routerOptions: { maxParamLength: MAX_PATH_PART },
    clientErrorHandler: answerClientError(docs),
    frameworkErrors: (error, request, reply) => {
      const answer = (failure: unknown): void => { sendProblem(failure, request, reply as never, docs) }
      request.server.countAddress(request, reply as never).then(() => { answer(error) }, answer)
    },
    schemaController: { compilersFactory: schemaCompilers },
    ajv: {
      // A misspelt field is the caller's mistake to hear about, not ours to drop in silence.
      customOptions: { removeAdditional: false, allErrors: true, verbose: true, strictTypes: false, keywords: ['example'] },
      plugins: [ourKeywords as never, validateByField as never] // fastify types plugins by another copy of ajv
    }
  }
}

/** Builds the gateway with every plugin loaded, not yet listening. `server.ts` and every test call this. */
export async function buildApp (options: AppOptions): Promise<Gateway> {
  const docs = `${options.config.routePrefix}/docs/errors`
  const app = fastify(serverOptions(options, docs)).withTypeProvider<TypeBoxTypeProvider>()
  try {
    await load(app, options, docs)
    await app.ready()
  } catch (error) {
    // What is open already, such as a connection to Redis, would keep alive a process that cannot start.
    await app.close()
    throw error
  }
  return app
}

async function load (app: FastifyInstance, options: AppOptions, docs: string): Promise<void> {
  const { config } = options
  const prefix = config.routePrefix
  await loadBorder(app, options, docs)
  await loadUpstream(app, options)
  await app.register(health)
  await app.register(async (pages) => { await loadPages(pages, config) }, { prefix })
  await app.register(async (guarded) => {
    // Before any route: one that nothing would hold to what its caller may do is refused, and every query is closed.
    await guarded.register(routeActions)
    await guarded.register(unreadQuery)
    await loadChecks(guarded, options)
    await loadActions(guarded, options)
    // They guard this scope alone, but whoever holds the app may reload its policy and replace its keys.
    app.decorate('reloadPolicy', guarded.reloadPolicy)
    app.decorate('replaceKeys', guarded.replaceKeys)
    app.decorate('callerOf', guarded.callerOf) // for probes
  }, { prefix })
}

/** What every request passes, and every answer: whichever route it is for, or none. */
async function loadBorder (app: FastifyInstance, options: AppOptions, docs: string): Promise<void> {
  const { config, version = '0.0.0', unread } = options
  // JSON as `text/plain` is what a foreign page can send without asking first.
  app.removeContentTypeParser('text/plain')
  refuseTunnels(app.server)
  await app.register(batching)
  await app.register(requestLife)
  await app.register(unreadAnswers, { maxBytes: config.memory.answersBytes, ...unread })
  await app.register(metrics, {
    wanted: config.metrics !== undefined,
    upload: config.upload,
    version,
    environments: config.environments.map(({ name }) => name)
  })
  // Before whatever refuses: its refusals are logged too.
  await app.register(requestLog)
  await app.register(requestLine)
  await app.register(headerNames)
  await app.register(expectContinue)
  await app.register(securityHeaders)
  await app.register(errorHandler, { docs })
  await app.register(cors, { origins: config.corsOrigins })
  await app.register(bodyTimeout, { timeoutMs: Math.min(BODY_TIMEOUT_MS, config.upload.idleTimeoutMs) })
  await app.register(unreadHeaders)
  await app.register(unreadBody)
  await app.register(heldBodies, { maxBytes: config.memory.bodiesBytes })
  // Before its users: what is registered first is closed last.
  await app.register(redis, { url: config.redisUrl, prefix: config.redisPrefix, tls: config.redisTls })
  await app.register(rateLimit, { ...ratesOf(app, config), redis: app.redis, memory: boundsOf(options) })
  await app.register(openapiDocument, { version, prefix: config.routePrefix })
}

/** Returns the bounds of each cache. */
function boundsOf ({ config, keptEntries }: AppOptions) {
  return { maxBytes: config.memory.cacheBytes, maxEntries: keptEntries }
}

/** Returns the rates of addresses and callers, with the metric for rejected requests. */
function ratesOf ({ metrics: meters }: FastifyInstance, { rates }: Config) {
  return { ...rates, onLimited: meters?.limited }
}

/** The way to Cloudinary and back. */
async function loadUpstream (app: FastifyInstance, options: AppOptions): Promise<void> {
  const { environments, defaultEnvironment, upstream, upload } = options.config
  await app.register(relay)
  await app.register(credentialProofs)
  const { onTry, onReplaced, redis } = app
  await app.register(cloudinary, {
    environments,
    defaultEnvironment,
    memory: boundsOf(options),
    arrivingBytes: options.config.memory.arrivingBytes,
    client: { upstream, upload, onTry },
    onReplaced,
    redis
  })
}

/** Pages for people, open to all. */
async function loadPages (pages: FastifyInstance, config: Config): Promise<void> {
  await pages.register(strangerRate, ratesOf(pages, config))
  await pages.register(pageHeaders, pageOrigins(config.environments))
  await pages.register(errorPage)
  await pages.register(llmsText)
  await pages.register(openapiPages)
}

/** Loads the checks in their order: who it is, whether it asks too often, where it goes, what it may do. */
async function loadChecks (guarded: FastifyInstance, options: AppOptions): Promise<void> {
  const { config: { auth, corsOrigins } } = options
  const { metrics: meters } = guarded
  await guarded.register(authentication, {
    auth,
    environments: guarded.cloudinary.names(),
    corsOrigins,
    memory: boundsOf(options),
    onPolicyReload: auth.policyFile === undefined ? undefined : meters?.watch('policy')
  })
  await guarded.register(callerRate, ratesOf(guarded, options.config))
  await guarded.register(environments)
  await guarded.register(environmentChoice)
  await guarded.register(quotaHeaders)
  await guarded.register(authorization)
  await guarded.register(visibleAssets)
  await guarded.register(signedForms)
  await guarded.register(uploadPlaces, { isLocal: auth.mode === 'loopback' })
}

/** The nine actions, and what they read bodies with and remember uploads by. */
async function loadActions (guarded: FastifyInstance, options: AppOptions): Promise<void> {
  const {
    leaseMs, keptEntries, keptKeys = keptEntries, config: { memory: { recordsBytes: keptBytes } }
  } = options
  await guarded.register(requestTarget)
  await guarded.register(bodyEncoding)
  await guarded.register(textInput)
  const onForgotten = guarded.metrics?.forgotten
  await guarded.register(idempotency, { redis: guarded.redis, leaseMs, keptKeys, keptBytes, onForgotten })
  await guarded.register(signedForm)
  for (const service of SERVICES) await guarded.register(service)
  for (const action of ACTIONS) await guarded.register(action)
}
