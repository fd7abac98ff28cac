import type { CompactJWSHeaderParameters, CryptoKey, FlattenedJWSInput, JWK } from 'jose'
import { steadyClock } from '../../clock.ts'

/** A key that fits a token, and the SHA-256 thumbprint (RFC 7638) by which it is known. */
export interface FoundKey {
  readonly key: CryptoKey
  readonly fingerprint: string
}

/** Where verification keys come from. */
export interface KeySource {
  /** The one key that fits this header, or undefined. */
  find (header: CompactJWSHeaderParameters, token: FlattenedJWSInput): Promise<FoundKey | undefined>
  /** Is this key still one of ours? */
  isLive (fingerprint: string): boolean
}

/** No key set could be had: it is not the caller's fault. */
export class KeySetUnavailable extends Error {
  override readonly name = 'KeySetUnavailable'
}

const EMPTY_COOLDOWN_MS = 5_000

interface LoadedKey {
  readonly kid: string | undefined
  readonly fingerprint: string
  readonly select: (header: CompactJWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>
}

/** Only keys that anybody may know. A symmetric one would let whoever reads the set sign tokens. */
const isPublic = (jwk: JWK): boolean => (jwk.kty === 'RSA' || jwk.kty === 'EC' || jwk.kty === 'OKP') && jwk.d === undefined

async function load (text: string): Promise<LoadedKey[]> {
  const { calculateJwkThumbprint, createLocalJWKSet } = await import('jose')
  const { keys } = JSON.parse(text) as { keys?: unknown } // whatever the provider sent: looked at below
  if (!Array.isArray(keys)) throw new Error('the answer is not a key set')
  const loaded: LoadedKey[] = []
  for (const jwk of keys.slice(0, 100) as JWK[]) { // createLocalJWKSet and the thumbprint refuse what is no key
    if (typeof jwk !== 'object' || jwk === null || !isPublic(jwk)) continue
    const fingerprint = await calculateJwkThumbprint(jwk).catch(() => undefined)
    if (fingerprint !== undefined) loaded.push({ kid: jwk.kid, fingerprint, select: createLocalJWKSet({ keys: [jwk] }) })
  }
  // A set that lost all its keys is a broken provider, not a reason to lock everybody out.
  if (loaded.length === 0) throw new Error('the key set holds no usable key')
  return loaded
}

export interface RemoteKeySetOptions {
  readonly fetch: () => Promise<string>
  /** Least time between two fetches, whatever tokens ask for. */
  readonly cooldownMs?: number
  /** A set is fetched again in the background from this age on ... */
  readonly refreshMs?: number
  /** ... and is of no use any more from this age on. */
  readonly maxAgeMs?: number
  readonly now?: () => number
  /** Told of each failed fetch. */
  readonly onFault?: (error: unknown) => void
}

/**
 * Keys of an identity provider. One fetch at a time, and not two within the cooldown, however many unknown key ids are
 * offered; when the provider fails, the keys at hand serve until they are too old.
 */
export class RemoteKeySet implements KeySource {
  readonly #options: Required<RemoteKeySetOptions>
  #keys: readonly LoadedKey[] = []
  #live: ReadonlySet<string> = new Set()
  #loadedAtMs = -Infinity
  #triedAtMs = -Infinity
  #running: Promise<void> | undefined

  constructor (options: RemoteKeySetOptions) {
    this.#options = {
      cooldownMs: 30_000,
      refreshMs: 300_000,
      maxAgeMs: 3_600_000,
      now: steadyClock,
      onFault: () => {},
      ...options
    }
  }

  async find (header: CompactJWSHeaderParameters, token: FlattenedJWSInput): Promise<FoundKey | undefined> {
    const { now, refreshMs } = this.#options
    if (!this.#isFresh()) await this.#refresh()
    else if (now() - this.#loadedAtMs > refreshMs) this.#refresh() // in the background; its failure is reported by onFault
    if (!this.#isFresh()) throw new KeySetUnavailable('No key set is at hand.')
    const found = await this.#select(header, token)
    if (found) return found
    // The provider may have a new key since.
    await this.#refresh()
    return this.#select(header, token)
  }

  isLive (fingerprint: string): boolean { return this.#isFresh() && this.#live.has(fingerprint) }

  #isFresh (): boolean { return this.#options.now() - this.#loadedAtMs < this.#options.maxAgeMs }

  async #select (header: CompactJWSHeaderParameters, token: FlattenedJWSInput): Promise<FoundKey | undefined> {
    const candidates = header.kid === undefined ? this.#keys : this.#keys.filter(({ kid }) => kid === header.kid)
    const fitting: FoundKey[] = []
    for (const { fingerprint, select } of candidates) {
      const key = await select(header, token).catch(() => undefined)
      if (key) fitting.push({ key, fingerprint })
    }
    // Two keys that fit alike are not tried in turn: which one is meant is for the token to say.
    return fitting.length === 1 ? fitting[0] : undefined
  }

  /** Resolves when the fetch is over, well or not; at once within the cooldown. */
  #refresh (): Promise<void> {
    const { fetch, now, cooldownMs, onFault } = this.#options
    if (this.#running) return this.#running
    // Without any keys nobody gets in, so the wait is shorter.
    const wait = this.#isFresh() ? cooldownMs : Math.min(cooldownMs, EMPTY_COOLDOWN_MS)
    if (now() - this.#triedAtMs < wait) return Promise.resolve()
    this.#triedAtMs = now()
    this.#running = fetch().then(load).then((keys) => {
      this.#keys = keys
      this.#live = new Set(keys.map(({ fingerprint }) => fingerprint))
      this.#loadedAtMs = now()
    }).catch(onFault).finally(() => { this.#running = undefined })
    return this.#running
  }
}

/** A single key from the configuration, in PEM form. */
export class StaticKey implements KeySource {
  readonly #pem: string
  #loaded: Promise<LoadedKey[]> | undefined
  #live: ReadonlySet<string> = new Set()
  constructor (pem: string) { this.#pem = pem }

  async find (header: CompactJWSHeaderParameters, token: FlattenedJWSInput): Promise<FoundKey | undefined> {
    this.#loaded ??= this.#load()
    const loaded = await this.#loaded
    this.#live = new Set(loaded.map(({ fingerprint }) => fingerprint))
    for (const { fingerprint, select } of loaded) {
      const key = await select(header, token).catch(() => undefined)
      if (key) return { key, fingerprint }
    }
    return undefined
  }

  isLive (fingerprint: string): boolean { return this.#live.has(fingerprint) }

  async #load (): Promise<LoadedKey[]> {
    const { createPublicKey } = await import('node:crypto')
    // The token's own `kid` means nothing here: there is one key. Without one in the set any is taken ...
    const { kid: _none, ...jwk } = createPublicKey(this.#pem).export({ format: 'jwk' })
    const loaded = await load(JSON.stringify({ keys: [jwk] }))
    // ... once the header has none either; dropping `kid` leaves a header all the same.
    return loaded.map((one) => ({ ...one, select: ({ kid: _any, ...header }, token) => one.select(header as CompactJWSHeaderParameters, token) }))
  }
}

/** A single key that may change while the process runs. Tokens that the one before vouched for have to prove themselves anew. */
export class ReplaceableKey implements KeySource {
  #pem: string
  #current: StaticKey

  constructor (pem: string) {
    this.#pem = pem
    this.#current = new StaticKey(pem)
  }

  /** @returns whether it is another one. */
  replace (pem: string): boolean {
    if (pem === this.#pem) return false
    this.#pem = pem
    this.#current = new StaticKey(pem)
    return true
  }

  find (header: CompactJWSHeaderParameters, token: FlattenedJWSInput): Promise<FoundKey | undefined> { return this.#current.find(header, token) }

  isLive (fingerprint: string): boolean { return this.#current.isLive(fingerprint) }
}
