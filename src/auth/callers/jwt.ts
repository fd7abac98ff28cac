import { hash } from 'node:crypto'
import type { JWTVerifyResult } from 'jose'
import type { Claims } from '../policy/patterns.ts'
import type { KeySource } from './key-set.ts'
import { tokenFault } from './token-shape.ts'

/** Signed with a private key, checked with a public one. `none` and the HMAC family are not here, and cannot be asked for. */
export const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const

/** How far two clocks may be apart. */
const TOLERANCE_SECONDS = 5
const LONGEST_CACHED_MS = 5 * 60_000
/** The end of the year 9999: a later `exp` is no date, but a way to say "never". */
const LAST_SECOND = 253_402_300_799

export interface JwtOptions {
  readonly keys: KeySource
  readonly issuer: string
  readonly audience: string
  readonly now?: () => number
  readonly maxCached?: number
}

/** The token is not to be believed. `message` is for its holder. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused'
}

/** What the holder of a well-signed token may know of why it is refused; nobody else gets this far. */
const CLAIM_REASONS: Readonly<Record<string, string>> = {
  exp: 'it has run out, or says no time at which it does',
  nbf: 'it is not valid yet',
  iat: 'its time of issue is not one',
  iss: 'another issuer made it',
  aud: 'it was made for another audience'
}

/** A token that was verified once: its claims, and the key that vouched for them. */
export interface VerifiedToken {
  readonly claims: Claims
  readonly fingerprint: string
  /** Milliseconds, as `Date.now` gives them. */
  readonly expiresAtMs: number
}

/** Verified tokens by the SHA-256 of their text; the least recently used one leaves first. */
export class TokenCache {
  readonly #entries = new Map<string, VerifiedToken>()
  readonly #maxEntries: number
  constructor (maxEntries: number) { this.#maxEntries = maxEntries }

  get size (): number { return this.#entries.size }

  /** The token, if it has not run out and its key is still one of ours. */
  get (digest: string, nowMs: number, isLive: (fingerprint: string) => boolean): VerifiedToken | undefined {
    const entry = this.#entries.get(digest)
    if (!entry) return undefined
    this.#entries.delete(digest)
    if (entry.expiresAtMs <= nowMs || !isLive(entry.fingerprint)) return undefined
    this.#entries.set(digest, entry)
    return entry
  }

  set (digest: string, entry: VerifiedToken): void {
    this.#entries.set(digest, entry)
    if (this.#entries.size <= this.#maxEntries) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }
}

const digestOf = (token: string): string => hash('sha256', token, 'base64')

/**
 * Verifies tokens of one issuer for one audience. `exp`, `iss` and `aud` must be there; `nbf` counts where it is, since
 * many providers send none. A verified token is remembered for five minutes, not beyond its own end, nor its key's.
 */
export class JwtVerifier {
  readonly #options: Required<JwtOptions>
  readonly #cache: TokenCache

  constructor ({ keys, issuer, audience, now = Date.now, maxCached = 10_000 }: JwtOptions) {
    this.#options = { keys, issuer, audience, now, maxCached }
    this.#cache = new TokenCache(maxCached)
  }

  /** The claims of a token that was verified before, as long as it and its key are good. */
  remembered (token: string): Claims | undefined {
    const { keys, now } = this.#options
    return this.#cache.get(digestOf(token), now(), (fingerprint) => keys.isLive(fingerprint))?.claims
  }

  /**
   * The claims of `token`.
   * @throws {TokenRefused} when it is not to be believed, {KeySetUnavailable} when that cannot be told.
   */
  async verify (token: string): Promise<Claims> {
    const known = this.remembered(token)
    if (known) return known
    const verified = await this.#verifyAfresh(token)
    this.#cache.set(digestOf(token), verified)
    return verified.claims
  }

  async #verifyAfresh (token: string): Promise<VerifiedToken> {
    const fault = tokenFault(token)
    if (fault !== undefined) throw new TokenRefused(`The token is refused: ${fault}.`)
    const { keys, issuer, audience, now } = this.#options
    const { jwtVerify, errors } = await import('jose')
    let fingerprint = ''
    let result: JWTVerifyResult
    try {
      result = await jwtVerify(token, async (header, input) => {
        const found = await keys.find(header, input)
        if (!found) throw new errors.JWKSNoMatchingKey()
        fingerprint = found.fingerprint
        return found.key
      }, {
        algorithms: [...ALGORITHMS],
        issuer,
        audience,
        requiredClaims: ['exp', 'iss', 'aud'],
        clockTolerance: TOLERANCE_SECONDS,
        currentDate: new Date(now())
      })
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error
      const claim = error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired ? CLAIM_REASONS[error.claim] : undefined
      throw new TokenRefused(`The token is refused: ${claim ?? 'its signature, or the key it names, is not one we trust'}.`, { cause: error })
    }
    const { exp = Infinity } = result.payload
    if (exp > LAST_SECOND) throw new TokenRefused(`The token is refused: ${CLAIM_REASONS['exp']}.`)
    const endsAtMs = (exp + TOLERANCE_SECONDS) * 1000
    return { claims: result.payload, fingerprint, expiresAtMs: Math.min(endsAtMs, now() + LONGEST_CACHED_MS) }
  }
}
