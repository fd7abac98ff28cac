import { GatewayError } from '../../errors.ts'
import { DELIVERY_TYPES, RESOURCE_TYPES, type ResourceTypeName } from '../../schemas/assets.ts'

/** Where an asset lives: its kind and its storage type, which may also be `fetch` and the like. */
export interface Place { readonly resource_type: ResourceTypeName, readonly type: string }

const PLACES = RESOURCE_TYPES.flatMap((kind) =>
  DELIVERY_TYPES.map((type): Place => ({ resource_type: kind, type })))

/**
 * Returns the places that hold an asset which `tried` do not hold: those of the same type, and the rest only when
 * these hold nothing.
 */
export async function findElsewhere (
  tried: readonly Place[], exists: (place: Place) => Promise<boolean>
): Promise<Place[]> {
  const type = tried[0]?.type
  const isTried = (place: Place): boolean =>
    tried.some((known) => known.resource_type === place.resource_type && known.type === place.type)
  const others = PLACES.filter((place) => !isTried(place))
  const near = others.filter((place) => place.type === type)
  const far = others.filter((place) => place.type !== type)
  for (const places of [near, far]) {
    const answers = await Promise.all(places.map(exists))
    const found = places.filter((_, index) => answers[index])
    if (found.length > 0) return found
  }
  return []
}

function listed (places: readonly Place[]): string {
  return places.map(({ resource_type: kind, type }) => `${kind}/${type}`).join(', ')
}

/** Returns the 404 of an asset that is not under `tried` but under `found`, if anywhere. */
export function missing (
  publicId: string, tried: readonly Place[], found: readonly Place[], cause: GatewayError | undefined
): GatewayError {
  const elsewhere = found.length > 0 ? ` It exists under ${listed(found)}.` : ''
  return new GatewayError('not_found', `There is no asset "${publicId}" under ${listed(tried)}.${elsewhere}`, {
    ...(cause?.upstream && { upstream: cause.upstream }),
    ...(found.length > 0 && { members: { found_under: found } }),
    cause
  })
}
