import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { READING, type Action } from '../../auth/policy/actions.ts'
import { requireNotifications } from '../../auth/policy/notifications.ts'
import { HELD_IN_UPDATES, updateFaults } from '../../auth/policy/signing-rules.ts'
import { requireAction } from '../../auth/policy/permissions.ts'
import { isFolderInside, isInside } from '../../auth/uploads/folder.ts'
import { layerFault } from '../../auth/uploads/layers.ts'
import {
  permitUpload,
  prefixInside,
  requireInside,
  requireSigned,
  type Circumstances,
  type SignedWish,
  type UploadPermit,
  type UploadWish
} from '../../auth/uploads/permit.ts'
import { moveFaults } from '../../auth/uploads/places.ts'
import { requireDeletable } from '../../auth/uploads/protection.ts'
import { uploadRules, type CallerUploadRules } from '../../auth/uploads/upload-rules.ts'
import { absentAssetId, type Call, type Query, type ResolvedAsset } from '../../cloudinary/client.ts'
import { wallClock } from '../../clock.ts'
import { refusal, type Fault } from '../../errors.ts'
import { LIST_FILTERS } from '../../input/list-filters.ts'
import { flatTransformation, type Transformation } from '../../schemas/transformation.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Asks whether these parameters may be uploaded or signed, once they are known as the text that will be sent.
     * What comes back is to be signed and sent in their place. Throws the refusal.
     */
    permit (wish: UploadWish): UploadPermit
    /** Returns what the caller may have signed in the environment of this request. */
    uploadRules (): CallerUploadRules
    /**
     * Checks an upload whose signature is its only credential.
     * @throws {GatewayError} as `requireSigned` does
     */
    permitSigned (wish: SignedWish): void
    /**
     * Finds an asset by its ID, and judges its public ID by what the caller may do.
     * @throws {GatewayError} `not_found` when there is none, or none that the caller may know of; `forbidden`
     * when it is protected.
     */
    assetOf (assetId: string, details?: Query): Promise<ResolvedAsset>
    /**
     * Options of the client's calls for this request: its signal, and what the caller may learn of.
     * @param diagnosing given when the caller asks for hints; tells how its rate stands after them
     */
    adminCall (diagnosing?: FastifyReply): Call
    /** Whether the caller may learn of an asset of that name. A caller without a folder may learn of all. */
    sees (publicId: string | undefined): boolean
  }
  interface FastifyContextConfig {
    /** True for a route that tells a caller whether it may do the action, and so answers one that may not. */
    tellsRefusal?: boolean
  }
}

/** Filters of lists that do not go by the public ID. */
const FILTERS = Object.keys(LIST_FILTERS)

export interface AuthorizationOptions {
  /** Time of day, in milliseconds: signatures are dated by it. */
  readonly now?: () => number
}

/** None on the few routes that are for every caller; `route-actions` lets no other route be without one. */
const actionOf = ({ routeOptions }: FastifyRequest): Action | undefined => routeOptions.config.action

const fieldsOf = (value: unknown): Record<string, unknown> =>
  // an object, so its members can be read
  typeof value === 'object' && value !== null && !Buffer.isBuffer(value) ? value as Record<string, unknown> : {}

/** Where a public ID may stand: the rest of the path, the query, the body. */
function namedAssets ({ params, query, body }: FastifyRequest): Array<readonly [pointer: string, name: string]> {
  const path = fieldsOf(params)['*']
  const names = [path, fieldsOf(query)['public_id'], fieldsOf(body)['public_id']]
  return names.filter((name) => typeof name === 'string').map((name) => ['/public_id', name] as const)
}

/**
 * A list shows what lies below its prefix, so that is set to the caller's folder. What Cloudinary does with a prefix
 * beside `public_ids` or `start_at` is not documented, so there the prefix would confine nothing for sure.
 */
function confineList (folder: string, query: Record<string, unknown>): void {
  // Such a list takes no prefix: the route filters each page.
  if (FILTERS.some((name) => query[name] !== undefined)) return
  const ids = query['public_ids']
  const faults: Fault[] = []
  if (query['start_at'] !== undefined) faults.push({ pointer: '/start_at', message: 'cannot be asked for by a caller with a folder: it is for lists without a prefix' })
  if (ids !== undefined && query['prefix'] !== undefined) faults.push({ pointer: '/prefix', message: 'cannot be asked for together with public_ids by a caller with a folder' })
  if (faults.length > 0) throw refusal('forbidden', faults)
  if (Array.isArray(ids)) {
    requireInside(folder, ids.map((name, index) => [`/public_ids/${index}`, String(name)] as const))
    return
  }
  query['prefix'] = prefixInside(folder, typeof query['prefix'] === 'string' ? query['prefix'] : undefined)
}

/** The transformations that a request for a URL holds, as the text that will stand in it. */
function wireTransformations ({ cloudinary, body, query }: FastifyRequest): string[] {
  const fields = fieldsOf(body ?? query)
  const flat = Object.fromEntries(Object.entries(fields).filter(([name]) => Object.hasOwn(flatTransformation, name)))
  return [fields['transformation'], flat].map((transformation) => cloudinary.encode({ transformation: transformation as Transformation })['transformation'] ?? '') // checked by the route's schema
}

/** Pictures made from other assets, by their layers. */
function confineTransformations (folder: string, request: FastifyRequest): void {
  const message = wireTransformations(request).map((text) => text === '' ? undefined : layerFault(folder, text)).find((fault) => fault !== undefined)
  if (message !== undefined) throw refusal('forbidden', [{ pointer: '/transformation', message }])
}

/**
 * Refuses signed delivery URLs to a caller whose links must die: they open a private asset for good, and also one
 * of type `upload` whose `access_mode` is `authenticated`.
 */
function requireMortalUrl ({ query, body, caller: { permissions } }: FastifyRequest): void {
  if (permissions.signedUrlSeconds === undefined) return
  const { type = 'upload', sign_url: signs = type !== 'upload' } = { ...fieldsOf(query), ...fieldsOf(body) }
  if (signs === false) return
  throw refusal('forbidden', [{
    pointer: '/sign_url',
    message: 'must be false: a signed delivery URL never expires, and the links of this caller must; ask for a signed URL'
  }])
}

function confineMove (folder: string, { asset_folder: target }: Record<string, unknown>): void {
  if (typeof target !== 'string' || isFolderInside(folder, target)) return
  throw refusal('forbidden', [{ pointer: '/asset_folder', message: `must be "${folder}" or below it` }])
}

function confine (folder: string, action: Action, request: FastifyRequest): void {
  if (action === 'getAllResources') confineList(folder, fieldsOf(request.query))
  // Uploads and signatures ask by `permit`: their public ID is put together from several fields.
  if (action !== 'uploadResource' && action !== 'generateSignature') requireInside(folder, namedAssets(request))
  if (action === 'getUrl' || action === 'getSignedUrl') confineTransformations(folder, request)
  if (action === 'updateResource') confineMove(folder, fieldsOf(request.body))
}

/** Judges the notifications of updates and deletions, in query and body; uploads are judged by `permit`. */
function requireNotificationUrls ({ query, body, caller, cloudinary }: FastifyRequest): void {
  const { sandbox } = cloudinary.environment
  const rules = { sandbox, hosts: caller.permissions.signing?.notificationHosts }
  for (const fields of [query, body]) requireNotifications(fieldsOf(fields), rules)
}

/** Holds the parameters that updates share with uploads to the same rules, as the text that is sent. */
function requireChanges ({ body, caller: { permissions: { signing } }, cloudinary }: FastifyRequest): void {
  const fields = fieldsOf(body)
  const held = [...HELD_IN_UPDATES, 'asset_folder'].filter((name) => fields[name] !== undefined)
  if (!signing || held.length === 0) return
  const changes = cloudinary.encode(Object.fromEntries(held.map((name) => [name, fields[name]])))
  const faults = [...updateFaults(signing, changes), ...moveFaults(signing, changes)]
  if (faults.length > 0) throw refusal('param_not_allowed', faults)
}

/**
 * Holds each caller to what it may do. The action is judged before the body is read; assets once the
 * request is validated, on the text that goes to Cloudinary; uploads and signatures when their handler asks.
 */
export default fp<AuthorizationOptions>(async (scope, { now = wallClock }) => {
  const circumstances = ({ cloudinary, caller: { permissions } }: FastifyRequest): Circumstances => {
    const { sandbox, signatureVersion } = cloudinary.environment
    return { permissions, nowSeconds: Math.floor(now() / 1000), signatureVersion, sandbox }
  }
  scope.decorateRequest('permit', function (wish) { return permitUpload(wish, circumstances(this)) })
  scope.decorateRequest('uploadRules', function () { return uploadRules(circumstances(this)) })
  scope.decorateRequest('permitSigned', function (wish) {
    requireSigned(wish, this.cloudinary.environment.sandbox)
  })
  scope.decorateRequest('sees', function (publicId) {
    const { folder } = this.caller.permissions
    return folder === undefined || (publicId !== undefined && isInside(folder, publicId))
  })
  scope.decorateRequest('adminCall', function (reply) {
    return {
      diagnose: reply && (async () => (await this.countFurther(reply, 1)).allowed === 1),
      signal: this.callerGone,
      sees: (publicId) => this.sees(publicId),
      onQuota: (standing) => { this.quotaStanding = standing }
    }
  })
  scope.decorateRequest('assetOf', async function (assetId, details = {}) {
    const spending = actionOf(this) === 'getResourceById' ? 'read' : 'change'
    const found = await this.cloudinary.byAssetId(assetId, details, { ...this.adminCall(), spending })
    if (!this.sees(found.public_id)) throw absentAssetId(assetId)
    if (actionOf(this) === 'deleteResource') requireDeletable(this.caller.permissions, found.public_id)
    return found
  })
  scope.addHook('onRequest', (request, _reply, done) => {
    const action = actionOf(request)
    const { tellsRefusal = false } = request.routeOptions.config
    if (action && !tellsRefusal) requireAction(request.caller.permissions, action, READING.has(action))
    done()
  })
  scope.addHook('preHandler', (request, _reply, done) => {
    const action = actionOf(request)
    const { folder } = request.caller.permissions
    if (action && folder !== undefined) confine(folder, action, request)
    if (action === 'getUrl') requireMortalUrl(request)
    if (action === 'deleteResource') for (const [, name] of namedAssets(request)) requireDeletable(request.caller.permissions, name)
    if (action === 'updateResource' || action === 'deleteResource') requireNotificationUrls(request)
    if (action === 'updateResource') requireChanges(request)
    done()
  })
}, { name: 'authorization', dependencies: ['authentication', 'environment-choice', 'route-actions'] })
