import type { Config } from '../../config/types.ts'
import type { Proxy } from '../../net/proxies.ts'
import { redisTarget } from '../../net/redis-url.ts'
import { SHORTEST, TextMask } from './text-mask.ts'

const inForm = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)

/** Writes escapes as some programs do: `%2f`. */
const inLowerCase = (text: string): string => text.replace(/%../g, (escape) => escape.toLowerCase())

/** Encodes a text in both alphabets of base64, with the padding and without it. */
function inBase64 (text: string): string[] {
  const padded = Buffer.from(text).toString('base64')
  return [padded, padded.replace(/=+$/, ''), Buffer.from(text).toString('base64url')]
}

/**
 * Returns a secret as it may turn up in a line: as it is, in a URL, a form or JSON, alone or with its key in
 * base64 (Basic auth).
 */
function spellings (key: string, secret: string): string[] {
  const escaped = [encodeURIComponent(secret), inForm(secret)]
  return [
    secret,
    ...escaped,
    ...escaped.map(inLowerCase),
    JSON.stringify(secret).slice(1, -1),
    ...inBase64(secret),
    ...inBase64(`${key}:${secret}`)
  ]
}

/** Returns the address of Redis, and its passwords alone: as they stand there, and as they are sent. */
function redisSpellings (address: string): string[] {
  const { username, password, sentinel } = redisTarget(address)
  const logins = [{ username, password }, sentinel]
  return [address, ...logins.flatMap(({ username = '', password }) =>
    password === undefined ? [] : spellings(username, password))]
}

/** Returns the address of a proxy and its password alone, or the token that stands there in place of both. */
function proxySpellings ({ url }: Proxy): string[] {
  const address = url.reveal()
  const { username, password } = new URL(address)
  const secret = password || username
  if (secret === '') return []
  return [
    address,
    secret,
    ...spellings(password === '' ? '' : decodeURIComponent(username), decodeURIComponent(secret)),
    // A token is sent with nothing behind it.
    ...password === '' ? inBase64(`${decodeURIComponent(username)}:`) : []
  ]
}

/**
 * Number of credentials that are remembered after they were replaced, since a request may go on with them: as
 * many, or all of them twice over, whichever is more. Those replaced longest ago go first.
 */
const FEWEST_REPLACED = 1_000

type MaskedConfig = Pick<Config, 'environments' | 'redisUrl'> & { auth?: Pick<Config['auth'], 'jwksProxy'> }

/**
 * Replaces each known secret in a line by `[secret]`: a last net, should one ever come near the log. What is
 * learnt later is added to what is known. The sandbox's secrets are public and stay, as do texts too short to
 * be told from words.
 */
export class SecretMask {
  /** Spellings by credentials; those that are in force stand last. */
  readonly #learnt = new Map<string, readonly string[]>()
  readonly #always: readonly string[]
  #mask = new TextMask(new Set())

  constructor ({ environments, redisUrl, auth }: MaskedConfig) {
    this.#always = [
      ...redisUrl ? redisSpellings(redisUrl.reveal()) : [],
      ...auth?.jwksProxy ? proxySpellings(auth.jwksProxy) : []
    ]
    this.#learn(environments)
    this.#compile()
  }

  /** Takes the credentials that are in force from now on. */
  learn (environments: Config['environments']): void {
    if (this.#learn(environments)) this.#compile()
  }

  apply (line: string): string { return this.#mask.apply(line, '[secret]') }

  /** Adds credentials, and returns whether there was anything new. */
  #learn (environments: Config['environments']): boolean {
    let isNew = false
    const inForce = environments.filter(({ sandbox }) => !sandbox)
    for (const { apiKey, apiSecret, proxy } of inForce) {
      const secret = apiSecret.reveal()
      const name = `${apiKey}:${secret} ${proxy?.url.reveal()}`
      isNew ||= !this.#learnt.has(name)
      const known = this.#learnt.get(name) ??
        [...spellings(apiKey, secret), ...proxy ? proxySpellings(proxy) : []]
      this.#learnt.delete(name)
      this.#learnt.set(name, known)
    }
    const most = inForce.length + Math.max(FEWEST_REPLACED, 2 * inForce.length)
    for (const oldest of [...this.#learnt.keys()].slice(0, -most)) this.#learnt.delete(oldest)
    return isNew
  }

  #compile (): void {
    const all = [this.#always, ...this.#learnt.values()].flat()
    this.#mask = new TextMask(new Set(all.filter((text) => text.length >= SHORTEST)))
  }
}
