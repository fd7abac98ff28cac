import { hash } from 'node:crypto'
import type { JWTVerifyResult } from 'jose'
import type { LRUCache } from 'lru-cache'
import { boundedMemory, type MemoryBounds } from '../../bounded-memory.ts'
import { steadyClock, wallClock } from '../../clock.ts'
import type { Claims } from '../policy/patterns.ts'
import type { KeySource } from './key-set.ts'
import { tokenFault } from './token-shape.ts'

/** Signed with a private key, checked with a public one. `none` and the HMAC family are not here, and cannot be asked for. */
export const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const

/** How far two clocks may be apart. */
const TOLERANCE_SECONDS = 5
const LONGEST_CACHED_MS = 5 * 60_000
const MAX_BYTES = 16 * 1024 ** 2
/** Bytes that claims take for each character of their token, as objects: many short claims take most. */
const CLAIMS_FACTOR = 4
/** The end of the year 9999: a later `exp` is no date, but a way to say "never". */
const LAST_SECOND = 253_402_300_799

/** The bounds are those of the tokens that are remembered. */
export interface JwtOptions extends MemoryBounds {
  readonly keys: KeySource
  readonly issuer: string
  readonly audience: string
  /** Time of day, in milliseconds: the claims of a token refer to it. */
  readonly now?: () => number
  /** Measures durations, in milliseconds. */
  readonly clock?: () => number
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
interface VerifiedToken {
  readonly claims: Claims
  readonly fingerprint: string
  /** The end of the token itself, by the time of day. */
  readonly expiresAtMs: number
  readonly tokenLength: number
}

const digestOf = (token: string): string => hash('sha256', token, 'base64')

/**
 * Verifies tokens of one issuer for one audience. `exp`, `iss` and `aud` must be there; `nbf` counts where it is, since
 * many providers send none. A verified token is remembered for five minutes, not beyond its own end, nor its key's.
 */
export class JwtVerifier {
  readonly #options: Required<Omit<JwtOptions, 'clock' | keyof MemoryBounds>>
  /** By the SHA-256 of the token's text. One that was forgotten is verified again. */
  readonly #verified: LRUCache<string, VerifiedToken>

  constructor (options: JwtOptions) {
    const {
      keys, issuer, audience, now = wallClock, clock = steadyClock, maxBytes = MAX_BYTES, maxEntries
    } = options
    this.#options = { keys, issuer, audience, now }
    this.#verified = boundedMemory({
      maxBytes,
      maxEntries,
      bytesOf: ({ tokenLength }) => tokenLength * CLAIMS_FACTOR,
      lifetimeMs: LONGEST_CACHED_MS,
      now: clock
    })
  }

  /** The claims of a token that was verified before, as long as it and its key are good. */
  remembered (token: string): Claims | undefined {
    const { keys, now } = this.#options
    const digest = digestOf(token)
    const known = this.#verified.get(digest)
    if (!known) return undefined
    if (known.expiresAtMs > now() && keys.isLive(known.fingerprint)) return known.claims
    this.#verified.delete(digest)
    return undefined
  }

  /**
   * The claims of `token`.
   * @throws {TokenRefused} when it is not to be believed, {KeySetUnavailable} when that cannot be told.
   */
  async verify (token: string): Promise<Claims> {
    const known = this.remembered(token)
    if (known) return known
    const verified = await this.#verifyAfresh(token)
    this.#verified.set(digestOf(token), verified)
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
    return {
      claims: result.payload,
      fingerprint,
      expiresAtMs: (exp + TOLERANCE_SECONDS) * 1000,
      tokenLength: token.length
    }
  }
}
