import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { MemoryBounds } from '../../bounded-memory.ts'
import { ANYBODY, Authenticator, DIRECT_UPLOADER } from '../../auth/callers/authenticator.ts'
import { foreignPage } from '../../auth/callers/browser-guard.ts'
import { JwtVerifier, type JwtOptions } from '../../auth/callers/jwt.ts'
import { KeyRing, quoted } from '../../auth/callers/key-ring.ts'
import { RemoteKeySet, ReplaceableKey, type KeySource } from '../../auth/callers/key-set.ts'
import { fetchKeySet } from '../../auth/callers/key-set-fetch.ts'
import type { Caller } from '../../auth/policy/caller.ts'
import type { CallerKey } from '../../schemas/caller.ts'
import type { UpstreamProxy } from '../../schemas/environment.ts'
import type { Policy } from '../../auth/policy/policy.ts'
import type { PolicyFile } from '../../auth/policy/policy-file.ts'
import { steadyClock, wallClock } from '../../clock.ts'
import { GatewayError } from '../../errors.ts'
import { originMatcher } from '../../net/origins.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller that sends this request, and what it may do. */
    caller: Caller
  }
  interface FastifyInstance {
    /** Reads the policy file now instead of at the next poll; does nothing without one. */
    reloadPolicy: () => Promise<void>
    /**
     * Returns the caller of a request outside the guarded scope; undefined when it must stay a stranger.
     * @throws {GatewayError} when its key is not valid.
     */
    callerOf: (request: FastifyRequest) => Promise<Caller | undefined>
    /** Returns whether more than one caller can come with a key or token. */
    hasSeveralCallers: () => boolean
    /** Takes the keys in `auth` for the requests to come; those that run go on. Who may call at all, and how, stays. */
    replaceKeys: (auth: Pick<AuthSettings, 'keys' | 'jwtPublicKey'>) => Promise<ReplacedKeys>
  }
}

export interface ReplacedKeys {
  /** The variables whose keys are others now. */
  readonly changed: readonly string[]
  /** Why the keys and the policy do not fit together; undefined when they do. */
  readonly reason: string | undefined
}

/** The part of the configuration that says who may call. */
export interface AuthSettings {
  readonly mode: 'keys' | 'loopback' | 'none'
  readonly keys: readonly CallerKey[]
  readonly policyFile: string | undefined
  readonly jwksUrl: string | undefined
  readonly jwksProxy?: UpstreamProxy | undefined
  readonly jwtPublicKey: string | undefined
  readonly issuer: string | undefined
  readonly audience: string | undefined
}

export interface AuthenticationOptions {
  readonly auth: AuthSettings
  /** Names of the environments: a policy that names another one is not valid. */
  readonly environments: readonly string[]
  /** Origins whose pages may call, the same as for CORS. */
  readonly corsOrigins?: readonly string[]
  /** Time of day, in milliseconds: the claims of a token refer to it. */
  readonly now?: () => number
  /** Measures durations, in milliseconds. */
  readonly clock?: () => number
  /** How often the policy file is looked at. */
  readonly policyPollMs?: number
  /** Bounds of the verified tokens that are remembered. */
  readonly memory?: MemoryBounds
  /** For a metric. */
  readonly onPolicyReload?: ((outcome: 'loaded' | 'failed') => void) | undefined
}

function keySource (
  { log }: FastifyInstance, { jwksUrl, jwksProxy }: AuthSettings, clock: () => number
): KeySource | undefined {
  if (jwksUrl === undefined) return undefined
  return new RemoteKeySet({
    fetch: () => fetchKeySet(jwksUrl, { proxy: jwksProxy }),
    now: clock,
    onFault: (error) => log.warn({ err: error }, 'the key set cannot be fetched')
  })
}

type VerifierOptions = Pick<JwtOptions, 'now' | 'clock' | keyof MemoryBounds>

function verifier (
  auth: AuthSettings, keys: KeySource | undefined, options: VerifierOptions
): JwtVerifier | undefined {
  if (!keys) return undefined
  // Without these, a token that was made for somebody else would be good here too.
  if (!auth.issuer || !auth.audience) throw new Error('JWT callers need an issuer and an audience.')
  return new JwtVerifier({ keys, issuer: auth.issuer, audience: auth.audience, ...options })
}

async function openPolicy (
  app: FastifyInstance,
  { auth, environments, policyPollMs, onPolicyReload }: AuthenticationOptions,
  keys: KeyRing,
  onLoaded: (policy: Policy) => void
): Promise<PolicyFile | undefined> {
  if (auth.policyFile === undefined) return undefined
  // Loaded only where there is one: with what reads YAML it takes a tenth of the start-up time.
  const { PolicyFile } = await import('../../auth/policy/policy-file.ts')
  const file = await PolicyFile.open(auth.policyFile, {
    environments,
    sources: () => ({ keyNames: keys.names, tokens: auth.jwksUrl !== undefined || auth.jwtPublicKey !== undefined }),
    ...(policyPollMs !== undefined && { pollMs: policyPollMs }),
    onChange: () => {
      app.log.info('the policy was reloaded')
      onPolicyReload?.('loaded')
      onLoaded(file.current)
    },
    onFault: (error) => {
      app.log.error({ err: error }, 'the changed policy cannot be used; the one before stays in force')
      onPolicyReload?.('failed')
    }
  })
  app.addHook('onClose', async () => { file.close() })
  return file
}

/** Warns of keys that may do nothing, because the policy has no rules for their callers. Never repeats itself. */
function unnamedWarner ({ log }: FastifyInstance, keys: KeyRing): (policy: Policy) => void {
  let told = ''
  return (policy) => {
    const unnamed = quoted(policy.unnamed(keys.names))
    if (unnamed !== told && unnamed !== '') {
      log.warn(`keys of ${unnamed} may do nothing: the policy has no rules for them`)
    }
    told = unnamed
  }
}

/** Returns whether these keys belong to more than one caller. */
function areOfSeveral (keys: readonly CallerKey[], others: readonly CallerKey[]): boolean {
  const [first] = keys.length > 0 ? keys : others
  const isOther = ({ caller }: CallerKey): boolean => caller !== first?.caller
  return keys.some(isOther) || others.some(isOther)
}

/** Everybody may call, but no page that has no business here. */
function guardWithoutKeys (scope: FastifyInstance, { auth, corsOrigins = [] }: AuthenticationOptions): void {
  const isAllowed = originMatcher(corsOrigins)
  const reasonAgainst = (request: FastifyRequest): string | undefined =>
    foreignPage(request, auth.mode === 'loopback', isAllowed)
  scope.decorate('callerOf', async (request) => reasonAgainst(request) === undefined ? ANYBODY : undefined)
  scope.addHook('onRequest', (request, _reply, done) => {
    const reason = reasonAgainst(request)
    request.caller = ANYBODY
    done(reason === undefined ? undefined : new GatewayError('forbidden', reason))
  })
}

/** A direct upload brings a signature, and that is its credential. */
const needsNoKey = ({ routeOptions }: FastifyRequest): boolean => routeOptions.config.action === 'directUpload'

function guardWithKeys (scope: FastifyInstance, authenticator: Authenticator): void {
  scope.decorate('callerOf', async ({ raw }) => authenticator.identify(raw.rawHeaders, true))
  scope.addHook('onRequest', (request, _reply, done) => {
    const settle = (caller: Caller | undefined): void => {
      request.caller = caller ?? DIRECT_UPLOADER
      done()
    }
    try {
      const found = authenticator.identify(request.raw.rawHeaders, needsNoKey(request))
      if (found instanceof Promise) found.then(settle, done)
      else settle(found)
    } catch (error) {
      done(error as Error) // identify throws errors only
    }
  })
}

/**
 * Tells who calls, in the scope that registers it, before a byte of the body is read.
 * The policy file is read here; what it allows is for `authorization` to enforce.
 */
export default fp<AuthenticationOptions>(async (scope, options) => {
  const { auth, now = wallClock, clock = steadyClock } = options
  scope.decorateRequest('caller')
  const keys = new KeyRing(auth.keys)
  const publicKey = auth.jwtPublicKey === undefined ? undefined : new ReplaceableKey(auth.jwtPublicKey)
  const warnUnnamed = unnamedWarner(scope, keys)
  const policy = await openPolicy(scope, options, keys, warnUnnamed)
  if (policy) warnUnnamed(policy.current)
  scope.decorate('reloadPolicy', async () => { await policy?.check() })
  scope.decorate('replaceKeys', async ({ keys: given, jwtPublicKey }) => {
    const isOther = jwtPublicKey !== undefined && publicKey?.replace(jwtPublicKey)
    const { isChanged, reason } = await keys.replace(given, policy)
    if (policy) warnUnnamed(policy.current)
    return { changed: [...isChanged ? ['GATEWAY_KEYS'] : [], ...isOther ? ['AUTH_PUBLIC_KEY'] : []], reason }
  })
  const takesTokens = auth.jwksUrl !== undefined || publicKey !== undefined
  scope.decorate('hasSeveralCallers', () =>
    takesTokens || areOfSeveral(keys.current, policy?.current.keys ?? []))
  if (auth.mode !== 'keys') {
    guardWithoutKeys(scope, options)
    return
  }
  const jwt = verifier(auth, publicKey ?? keySource(scope, auth, clock), { now, clock, ...options.memory })
  guardWithKeys(scope, new Authenticator({ keys: () => keys.current, ...(policy && { policy: () => policy.current }), ...(jwt && { jwt }) }))
}, { name: 'authentication' })
