import { SandboxError } from '../errors.ts'
import type { RandomSource } from '../random.ts'
import type { AssetRecord } from './asset.ts'
import type { CallParameters } from './parameters.ts'

/** The other assets of a cloud, and where random characters come from. */
export interface Neighbours {
  readonly store: {
    readonly assets: { namesakes (displayName: string): number }
    findById (assetId: string): AssetRecord | undefined
  }
  readonly random: RandomSource
}

/** @throws {SandboxError} 400 for what no asset can be shown as. */
export function readDisplayName (fields: CallParameters): string | undefined {
  const given = fields.text('display_name')
  if (given !== undefined && (given.length > 255 || given.includes('/'))) {
    throw new SandboxError(400, `display_name (${given}) is invalid`)
  }
  return given
}

/**
 * The name, with six random characters if another asset of the cloud is shown under it. How the vendor makes a name unique is not
 * public; it is done here as for public IDs.
 */
export function uniqueDisplayName (
  { store, random }: Neighbours, name: string, assetId: string | undefined
): string {
  const own = assetId === undefined ? undefined : store.findById(assetId)?.display_name
  const isTaken = (one: string): boolean => store.assets.namesakes(one) > (one === own ? 1 : 0)
  let unique = name
  while (isTaken(unique)) unique = `${name}_${random.name(6)}`
  return unique
}
