import type { UploadLimits } from '../../config/types.ts'
import { type GatewayError, overloaded } from '../../errors.ts'

/** Gives something back; a second call does nothing. */
export type Release = () => void

export function once (action: () => void): Release {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
}

/** Holders that have a share of what all uploads have in common. */
export type ShareKind = keyof UploadLimits['shares']

/**
 * Names of the holders whose shares an upload takes from. A holder that is the only one of its kind is left
 * out: its share is the whole.
 */
export type UploadOwner = { readonly [K in ShareKind]?: string | undefined }

/** A part of the whole, and who may hold no more than that. */
interface Share {
  readonly key: string
  readonly kind: ShareKind
  /** Only what its holder has in one environment counts. */
  readonly inEnvironment: boolean
  readonly most: number
}

/** A share without room for more. */
export interface FullShare extends Share { readonly held: number }

/** Fractions such as 0.29 are not exact: 29 of 100 must stay 29. */
const ROUNDING = 1e-9

/**
 * Counts what each holder has of a whole, in places or in bytes. The share of an environment holds inside the
 * shares of callers and addresses too: one that hangs leaves each of them a part for the others.
 */
export class Shares {
  readonly #total: number
  readonly #fractions: Partial<UploadLimits['shares']>
  /** Only holders that have anything. */
  readonly #held = new Map<string, number>()
  /** An owner is looked at many times while it waits. */
  readonly #known = new WeakMap<UploadOwner, readonly Share[]>()

  constructor (total: number, fractions: Partial<UploadLimits['shares']>) {
    this.#total = total
    this.#fractions = fractions
  }

  /**
   * Returns a share of this owner that has no room for `amount` more. A holder that has nothing may always
   * have one thing, however large, or a share could be too small for anything.
   */
  full (owner: UploadOwner, amount: number): FullShare | undefined {
    for (const share of this.#of(owner)) {
      const held = this.#held.get(share.key) ?? 0
      if (held > 0 && held + amount > share.most) return { ...share, held }
    }
    return undefined
  }

  take (owner: UploadOwner, amount: number): Release {
    const shares = this.#of(owner)
    for (const { key } of shares) this.#add(key, amount)
    return once(() => { for (const { key } of shares) this.#add(key, -amount) })
  }

  /** Whether this owner takes from that share. */
  concerns ({ key }: FullShare, owner: UploadOwner): boolean {
    return this.#of(owner).some((share) => share.key === key)
  }

  #of (owner: UploadOwner): readonly Share[] {
    const known = this.#known.get(owner) ?? this.#sharesOf(owner)
    this.#known.set(owner, known)
    return known
  }

  #sharesOf (owner: UploadOwner): readonly Share[] {
    const { environment, signature } = owner
    const shares: Share[] = []
    const add = (kind: ShareKind, name: string | undefined, inEnvironment = false): void => {
      if (name === undefined) return
      const { [kind]: fraction = 1, environment: inner = 1 } = this.#fractions
      const most = Math.floor(this.#total * fraction * (inEnvironment ? inner : 1) + ROUNDING)
      const key = JSON.stringify(inEnvironment ? [kind, name, environment] : [kind, name])
      shares.push({ key, kind, inEnvironment, most })
    }
    add('signature', signature) // it belongs to one environment
    for (const kind of ['address', 'caller'] as const) {
      add(kind, owner[kind])
      if (environment !== undefined) add(kind, owner[kind], true)
    }
    add('environment', environment)
    return shares
  }

  #add (key: string, amount: number): void {
    const held = (this.#held.get(key) ?? 0) + amount
    if (held > 0) this.#held.set(key, held)
    else this.#held.delete(key)
  }
}

/** Makes the refusal that says whose share is full. `whole`: what is shared, and how much of it there is. */
export function shareFailure (
  { kind, inEnvironment, held }: FullShare, { name, total }: { readonly name: string, readonly total: number }
): GatewayError {
  const where = inEnvironment ? ' in this environment' : ''
  const detail = `The share of this ${kind} is full: it holds ${held} of the ${total} ${name}${where}.`
  return overloaded(detail, { members: { share: kind } })
}
