import type { CloudinaryEnvironment } from '../../schemas/environment.ts'
import { accountOf } from '../wire/account.ts'
import { algorithmOf } from '../wire/signature.ts'
import { IssuedSignatures, type SignatureMemory } from './issued-signatures.ts'
import { SharedSignatures, type SignatureStore } from './shared-signatures.ts'
import { SignatureLimits } from './signature-limits.ts'

export interface SignatureMemories {
  /** Caches of signatures and of their limits, which all clients share; default: caches of its own. */
  readonly signatures?: SignatureMemory | undefined
  readonly limits?: SignatureLimits | undefined
  /** Shares signatures between replicas; default: they are not shared. */
  readonly signatureStore?: SignatureStore | undefined
}

/**
 * Knows the signatures of one client: those that it made itself, and those that other replicas have shared.
 */
export class KnownSignatures {
  readonly issued: IssuedSignatures
  readonly #environment: string
  readonly #account: string
  readonly #limits: SignatureLimits
  readonly #shared: SharedSignatures | undefined

  constructor (
    environment: CloudinaryEnvironment, { signatures, limits, signatureStore }: SignatureMemories
  ) {
    this.issued = new IssuedSignatures(signatures)
    this.#environment = environment.name
    this.#account = accountOf(environment)
    this.#limits = limits ?? new SignatureLimits()
    this.#shared = signatureStore && new SharedSignatures(signatureStore, environment)
  }

  /**
   * Remembers a signature of these fields that was made for `owner`, and shares it with the other replicas.
   */
  remember (
    signature: string, fields: Readonly<Record<string, string>>, owner: string, maxBytes: number | undefined
  ): void {
    this.issued.remember(signature, { environment: this.#environment, fields, owner })
    this.#limits.remember(this.#account, signature, maxBytes)
    this.#shared?.share(signature, { fields, owner, maxBytes })
  }

  /**
   * Looks up a signature that this process does not know among those of other replicas. Takes a moment at
   * most.
   */
  async recall (given: string): Promise<void> {
    const signature = given.trim().toLowerCase()
    if (!this.#shared || algorithmOf(signature) === undefined || this.issued.find(signature)) return
    const found = await this.#shared.find(signature)
    if (!found) return
    const { fields, owner, maxBytes } = found
    if (fields) this.issued.remember(signature, { environment: this.#environment, fields, owner })
    this.#limits.remember(this.#account, signature, maxBytes)
  }

  maxBytesOf (signature: string): number | undefined { return this.#limits.find(this.#account, signature) }
}
