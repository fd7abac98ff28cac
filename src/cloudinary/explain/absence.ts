import { isDeepStrictEqual } from 'node:util'
import type { GatewayError } from '../../errors.ts'
import { pastedId, type Meant, type PastedId } from '../../input/pasted-id.ts'
import type { ResourceTypeName } from '../../schemas/assets.ts'

/** An asset that was not found, as it was asked for. */
export interface Absent {
  readonly public_id: string
  readonly resource_type: ResourceTypeName | 'auto'
  readonly type: string
}

/** An asset with all that says which one it is. */
export interface NamedAsset {
  readonly public_id: string
  readonly resource_type: ResourceTypeName
  readonly type: string
}

/** Looks assets up at Cloudinary. Without one, a hint rests on the spelling alone. */
export interface Finder {
  readonly exists: (asset: NamedAsset) => Promise<boolean>
  /** The asset of this asset_id; undefined when there is none. */
  readonly resolve: (assetId: string) => Promise<NamedAsset | undefined>
}

/** Kinds to try when any was asked for, the most frequent first. */
const ANY_KIND = ['image', 'video'] as const
/** Calls that a hint may cost. */
const MOST_CALLS = 2

const told = ({ public_id: id, resource_type: kind, type }: NamedAsset): string => `"${id}" (${kind}/${type})`

/** Finds the asset that was meant; undefined when none is found within `MOST_CALLS`. */
async function found (
  pasted: PastedId, asked: Absent, meant: readonly NamedAsset[], finder: Finder
): Promise<NamedAsset | undefined> {
  if (pasted.form === 'asset_id') return finder.resolve(asked.public_id)
  for (const asset of meant.slice(0, MOST_CALLS)) if (await finder.exists(asset)) return asset
  return undefined
}

/** Completes the assets that were perhaps meant with the place that was asked for; `auto` yields several. */
function completed (meant: readonly Meant[], asked: Absent): NamedAsset[] {
  const kinds = asked.resource_type === 'auto' ? ANY_KIND : [asked.resource_type]
  const all = kinds.flatMap((kind) => meant.map((one) => ({ resource_type: kind, type: asked.type, ...one })))
  return all.filter((one, index) => index === all.findIndex((other) => isDeepStrictEqual(one, other)))
}

interface Means {
  /** May the caller learn of an asset of that name? */
  readonly sees: (publicId: string) => boolean
  readonly finder?: Finder | undefined
}

/**
 * Adds to a 404 what the public ID looks like (with extension or version, a delivery URL, an asset_id), and
 * names the asset that was meant if it exists. It never names an asset that the caller may not see.
 */
export async function explainAbsence (
  absent: GatewayError, asked: Absent, { sees, finder }: Means
): Promise<GatewayError> {
  const pasted = pastedId(asked.public_id, asked.resource_type)
  if (!pasted) return absent
  const meant = completed(pasted.meant, asked).filter((one) => sees(one.public_id))
  const seen = `${absent.message} It looks like ${pasted.seen}`
  if (!finder) return absent.but({ message: `${seen}${unproven(pasted, meant)}.` })
  const asset = await found(pasted, asked, meant, finder)
  if (!asset || !sees(asset.public_id)) return absent.but({ message: `${seen}.` })
  const { public_id: id, resource_type: kind, type } = asset
  const way = pasted.form === 'asset_id'
    ? `which belongs to ${told(asset)}: send that, or ask for it below /assets`
    : `and ${told(asset)} exists: send that`
  const meantBy = { did_you_mean: { public_id: id, resource_type: kind, type } }
  return absent.but({ message: `${seen}, ${way}.`, members: { ...absent.members, ...meantBy } })
}

/** Says what to send when no look-up was made. */
function unproven ({ form }: PastedId, [first]: readonly NamedAsset[]): string {
  if (form === 'asset_id') return ': it belongs below /assets'
  return first ? `: if it is one, send ${told(first)}` : ''
}
