import { isDeepStrictEqual } from 'node:util'
import { GatewayError } from '../../errors.ts'
import { pastedId, type Meant, type PastedId } from '../../input/pasted-id.ts'
import type { ResourceTypeName } from '../../schemas/assets.ts'
import type { NamedPlace } from '../upstream/account/absences.ts'
import { listed, type Place } from '../upstream/place.ts'

/** An asset that was not found, as it was asked for. */
export interface Absent {
  readonly public_id: string
  readonly resource_type: ResourceTypeName | 'auto'
  readonly type: string
}

/** Looks for an asset that is not where it was asked for. Without one, a hint rests on the spelling alone. */
export interface Finder {
  /** Whether the asset is known to exist. A look that fails counts as no: it is only a hint. */
  readonly exists: (asset: NamedPlace) => Promise<boolean>
  /** Returns the asset of this asset_id; undefined when none is known. */
  readonly resolve: (assetId: string) => Promise<NamedPlace | undefined>
  /**
   * Returns other places where the asset is known to be: `near`, of the same type, or `far`, of other types.
   */
  readonly elsewhere: (where: 'near' | 'far') => Promise<readonly Place[]>
  /** True when a look was not made, because the calls for it ran out. */
  readonly isCut: () => boolean
}

/** Kinds to try when any was asked for, the most frequent first. */
const ANY_KIND = ['image', 'video'] as const
/** Calls that the spelling of an ID may cost. */
const MOST_CALLS = 2
/** Forms that no public ID has by chance: what they stand for is tried first. */
const UNMISTAKABLE: ReadonlySet<PastedId['form']> = new Set<PastedId['form']>(['asset_id', 'delivery URL'])

const told = ({ public_id: id, resource_type: kind, type }: NamedPlace): string => `"${id}" (${kind}/${type})`

/** Finds the asset that was meant; undefined when none is found within `MOST_CALLS`. */
async function found (
  pasted: PastedId, asked: Absent, meant: readonly NamedPlace[], finder: Finder
): Promise<NamedPlace | undefined> {
  if (pasted.form === 'asset_id') return finder.resolve(asked.public_id)
  for (const asset of meant.slice(0, MOST_CALLS)) if (await finder.exists(asset)) return asset
  return undefined
}

/** Completes the assets that were perhaps meant with the place that was asked for; `auto` yields several. */
function completed (meant: readonly Meant[], asked: Absent): NamedPlace[] {
  const kinds = asked.resource_type === 'auto' ? ANY_KIND : [asked.resource_type]
  const all = kinds.flatMap((kind) => meant.map((one) => ({ resource_type: kind, type: asked.type, ...one })))
  return all.filter((one, index) => index === all.findIndex((other) => isDeepStrictEqual(one, other)))
}

interface Means {
  /** May the caller learn of an asset of that name? */
  readonly sees: (publicId: string) => boolean
  readonly finder?: Finder | undefined
}

/** Names the asset that was meant, if it exists and the caller may see it. */
async function meantInstead (
  absent: GatewayError,
  asked: Absent,
  pasted: PastedId,
  { sees, finder }: Required<Means> & { readonly finder: Finder }
): Promise<GatewayError | undefined> {
  const meant = completed(pasted.meant, asked).filter((one) => sees(one.public_id))
  const asset = await found(pasted, asked, meant, finder)
  if (!asset || !sees(asset.public_id)) return undefined
  const { public_id: id, resource_type: kind, type } = asset
  const way = pasted.form === 'asset_id'
    ? `which belongs to ${told(asset)}: send that, or ask for it below /assets`
    : `and ${told(asset)} exists: send that`
  const meantBy = { did_you_mean: { public_id: id, resource_type: kind, type } }
  return absent.but({
    message: `${absent.message} It looks like ${pasted.seen}, ${way}.`,
    members: { ...absent.members, ...meantBy }
  })
}

/** Names the places where the asset is; undefined when it was not found. */
async function foundUnder (
  absent: GatewayError, finder: Finder, where: 'near' | 'far'
): Promise<GatewayError | undefined> {
  const places = await finder.elsewhere(where)
  if (places.length === 0) return undefined
  return absent.but({
    message: `${absent.message} It exists under ${listed(places)}.`,
    members: { ...absent.members, found_under: places }
  })
}

/**
 * Adds to a 404 where else the asset is, or what its public ID looks like (with extension or version, a
 * delivery URL, an asset_id), with the asset that was meant. The likeliest place is tried first, and the
 * first hit ends the search. It never names an asset that the caller may not see.
 */
export async function explainAbsence (
  absent: GatewayError, asked: Absent, { sees, finder }: Means
): Promise<GatewayError> {
  const pasted = pastedId(asked.public_id, asked.resource_type)
  if (finder) {
    const near = async (): Promise<GatewayError | undefined> => foundUnder(absent, finder, 'near')
    const meant = async (): Promise<GatewayError | undefined> =>
      pasted && meantInstead(absent, asked, pasted, { sees, finder })
    const far = async (): Promise<GatewayError | undefined> => foundUnder(absent, finder, 'far')
    const isUnmistakable = pasted !== undefined && UNMISTAKABLE.has(pasted.form)
    for (const look of isUnmistakable ? [meant, near, far] : [near, meant, far]) {
      const explained = await look()
      if (explained) return explained
    }
  }
  if (!pasted) return absent
  const hint = finder
    ? ''
    : unproven(pasted, completed(pasted.meant, asked).filter((one) => sees(one.public_id)))
  return absent.but({ message: `${absent.message} It looks like ${pasted.seen}${hint}.` })
}

/** Says what to send when no look-up was made. */
function unproven ({ form }: PastedId, [first]: readonly NamedPlace[]): string {
  if (form === 'asset_id') return ': it belongs below /assets'
  return first ? `: if it is one, send ${told(first)}` : ''
}

/** Advice of a 404 that was answered without further calls. */
const UNSOUGHT = 'Check `public_id`, `resource_type`, `type` and the environment. To save Admin API calls, the gateway has not looked elsewhere: send `diagnose=true` to look under every kind and type.'

/** The same when some looks were made. */
const CUT_SHORT = 'Check `public_id`, `resource_type`, `type` and the environment. It was not looked for under every kind and type: the Admin API budget, or the rate of this caller, allows no more calls for that now.'

interface Explaining {
  readonly sees?: Means['sees'] | undefined
  /** Returns the finder; undefined when no call may be spent on hints. */
  readonly allowed?: (() => Finder | undefined) | undefined
}

/** Waits for an answer and explains its 404. Without `allowed`, no call is ever spent on hints. */
export async function orExplained<T> (
  answer: Promise<T>, asked: Absent, { sees = () => true, allowed }: Explaining
): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'not_found') throw error
    const finder = allowed?.()
    const explained = await explainAbsence(error, asked, { sees, finder })
    const isFound = explained.members['found_under'] !== undefined || explained.members['did_you_mean'] !== undefined
    if (!allowed || isFound || finder?.isCut() === false) throw explained
    throw explained.but({ members: { ...explained.members, advice: finder ? CUT_SHORT : UNSOUGHT } })
  }
}
