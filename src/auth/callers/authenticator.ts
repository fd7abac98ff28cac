import { GatewayError } from '../../errors.ts'
import type { Caller } from '../policy/caller.ts'
import type { CallerKey } from '../../schemas/caller.ts'
import { KeyIndex } from '../policy/keys.ts'
import type { Claims } from '../policy/patterns.ts'
import { EVERYTHING, type Permissions } from '../policy/permissions.ts'
import type { Policy } from '../policy/policy.ts'
import { bearerToken } from './bearer.ts'
import { TokenRefused, type JwtVerifier } from './jwt.ts'
import { KeySetUnavailable } from './key-set.ts'
import { looksLikeJwt } from './token-shape.ts'

export interface AuthenticatorOptions {
  /** The keys of this moment: the same list until they change. */
  readonly keys: () => readonly CallerKey[]
  /** The policy of this moment; it may be replaced while the process runs. */
  readonly policy?: () => Policy
  readonly jwt?: JwtVerifier
}

/** The caller of a request without a key, on a route that needs none. */
const UPLOADS_DIRECTLY: Permissions = { ...EVERYTHING, actions: new Set(['directUpload']) }
export const DIRECT_UPLOADER: Caller = { name: 'anonymous', permissions: UPLOADS_DIRECTLY, stranger: true }
/** The caller of every request when no keys are configured. */
export const ANYBODY: Caller = { name: 'anonymous', permissions: EVERYTHING }

const CHALLENGE = 'Bearer realm="cloudinary-gateway"'

function unauthorized (detail: string, offered: boolean, cause?: unknown): GatewayError {
  const challenge = offered ? `${CHALLENGE}, error="invalid_token"` : CHALLENGE
  return new GatewayError('unauthorized', detail, { headers: { 'www-authenticate': challenge }, cause })
}

/** Finds out whose key or token a request carries. */
export class Authenticator {
  readonly #options: AuthenticatorOptions
  /** Keys of the configuration and of one policy, joined when one of them changes and not for each request. */
  #joined: {
    readonly policy: Policy | undefined
    readonly own: readonly CallerKey[]
    readonly keys: KeyIndex
  } | undefined

  constructor (options: AuthenticatorOptions) { this.#options = options }

  /**
   * Returns the caller, or undefined when nothing was offered and `optional` is set. Only a token that is new takes
   * time; a key, and a token seen before, are answered at once.
   * @throws {GatewayError} `unauthorized`, `forbidden` (a good token of somebody the policy does not know), `auth_unavailable`.
   */
  identify (rawHeaders: readonly string[], optional = false): Caller | undefined | Promise<Caller> {
    const offered = bearerToken(rawHeaders)
    if (offered.kind === 'absent') {
      if (optional) return undefined
      throw unauthorized('Send a key: "Authorization: Bearer <key>".', false)
    }
    if (offered.kind === 'refused') throw unauthorized(offered.reason, true)
    const policy = this.#options.policy?.()
    const name = this.#keys(policy).callerOf(offered.token)
    if (name !== undefined) return policy ? this.#ruled(name, policy) : { name, permissions: EVERYTHING }
    const { jwt } = this.#options
    // A token allows nothing by itself: without a policy it is a key that nobody knows.
    if (jwt && policy && looksLikeJwt(offered.token)) {
      const claims = jwt.remembered(offered.token)
      return claims ? this.#holderOf(claims, policy) : this.#identifyToken(jwt, offered.token, policy)
    }
    throw unauthorized('This key is not known.', true)
  }

  /** Returns the caller with what the policy grants, and nothing else. */
  #ruled (name: string, policy: Policy): Caller {
    const caller = policy.byName(name)
    if (!caller) throw new GatewayError('forbidden', 'The key is good, but the policy has no rules for its caller.')
    return caller
  }

  async #identifyToken (jwt: JwtVerifier, token: string, policy: Policy): Promise<Caller> {
    const claims = await jwt.verify(token).catch((error: unknown) => {
      if (error instanceof TokenRefused) throw unauthorized(error.message, true, error)
      if (error instanceof KeySetUnavailable) {
        const headers = { 'retry-after': '5' }
        throw new GatewayError('auth_unavailable', 'Tokens cannot be checked at the moment.', { headers, cause: error })
      }
      throw error
    })
    return this.#holderOf(claims, policy)
  }

  #holderOf (claims: Claims, policy: Policy): Caller {
    const caller = policy.byClaims(claims)
    if (!caller) throw new GatewayError('forbidden', 'The token is good, but no caller of the policy fits its claims.')
    return caller
  }

  #keys (policy: Policy | undefined): KeyIndex {
    const own = this.#options.keys()
    if (this.#joined?.own !== own || this.#joined.policy !== policy) {
      this.#joined = { policy, own, keys: new KeyIndex([...own, ...policy?.keys ?? []]) }
    }
    return this.#joined.keys
  }
}
