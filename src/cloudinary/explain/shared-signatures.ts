import {
  createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes, type KeyObject
} from 'node:crypto'
import type { CloudinaryEnvironment } from '../../schemas/environment.ts'
import { accountOf } from '../wire/account.ts'

/** Keeps texts for all replicas, for as long as a signature is valid. */
export interface SignatureStore {
  /** Stores a text in the background, and drops it when that fails. */
  put (name: string, text: string): void
  /** Returns the text; undefined when it is absent, or the store does not answer soon. */
  get (name: string): Promise<string | undefined>
}

/** What replicas share about a signature. */
export interface SharedSignature {
  /** Wire text of every signed field; absent when it was too long to be shared. */
  readonly fields?: Readonly<Record<string, string>> | undefined
  /** The caller that asked for it. */
  readonly owner: string
  /** Largest file that may be sent with it. */
  readonly maxBytes?: number | undefined
}

type Signer = Pick<CloudinaryEnvironment, 'name' | 'uploadPrefix' | 'cloudName' | 'apiSecret'>

const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16
/** Longer forms are explained only by the replica that signed them. */
const MOST_CHARACTERS = 4 * 1024
const CIPHER = 'aes-256-gcm'

/**
 * Derives two keys that only processes with the same API secret can derive: for names, and for their values.
 */
function keysOf ({ name, apiSecret }: Signer, account: string): readonly [KeyObject, KeyObject] {
  const bytes = Buffer.from(
    hkdfSync('sha256', apiSecret.reveal(), `${account}\n${name}`, 'issued signatures, 1', 2 * KEY_BYTES)
  )
  return [createSecretKey(bytes.subarray(0, KEY_BYTES)), createSecretKey(bytes.subarray(KEY_BYTES))]
}

/**
 * Shares signatures between replicas. A signature with its fields lets anybody upload, and fields belong to
 * callers: so both are encrypted with a key derived from the API secret, and whoever reads the store learns
 * neither. Environments of different names, accounts or secrets do not see each other's signatures.
 */
export class SharedSignatures {
  readonly #store: SignatureStore
  readonly #account: string
  readonly #nameKey: KeyObject
  readonly #sealKey: KeyObject

  constructor (store: SignatureStore, signer: Signer) {
    this.#store = store
    this.#account = accountOf(signer)
    const [nameKey, sealKey] = keysOf(signer, this.#account)
    this.#nameKey = nameKey
    this.#sealKey = sealKey
  }

  /** Shares a signature, after the answer has gone out. */
  share (signature: string, { fields, owner, maxBytes }: SharedSignature): void {
    setImmediate(() => {
      const whole = JSON.stringify({ owner, maxBytes, fields })
      const isShort = whole.length <= MOST_CHARACTERS
      // The limit is not explained but enforced, so it is shared however long the fields are.
      if (!isShort && maxBytes === undefined) return
      const name = this.#nameOf(signature)
      this.#store.put(name, this.#seal(isShort ? whole : JSON.stringify({ owner, maxBytes }), name))
    })
  }

  /** Returns what another replica has shared about a signature. */
  async find (signature: string): Promise<SharedSignature | undefined> {
    const name = this.#nameOf(signature)
    const sealed = await this.#store.get(name)
    return sealed === undefined ? undefined : this.#open(sealed, name)
  }

  #nameOf (signature: string): string {
    return `${this.#account}:${createHmac('sha256', this.#nameKey).update(signature).digest('hex')}`
  }

  #seal (text: string, name: string): string {
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv(CIPHER, this.#sealKey, iv).setAAD(Buffer.from(name))
    return Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString('base64')
  }

  /** Decrypts a value; undefined when another key encrypted it, since others may write into the store. */
  #open (sealed: string, name: string): SharedSignature | undefined {
    const bytes = Buffer.from(sealed, 'base64')
    if (bytes.length < IV_BYTES + TAG_BYTES) return undefined
    const decipher = createDecipheriv(CIPHER, this.#sealKey, bytes.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES
    })
      .setAAD(Buffer.from(name))
      .setAuthTag(bytes.subarray(-TAG_BYTES))
    try {
      const text = Buffer.concat(
        [decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]
      ).toString()
      return JSON.parse(text) as SharedSignature // sealed by `share` of this version
    } catch {
      return undefined
    }
  }
}
