import { GatewayError } from '../../errors.ts'
import { DELIVERY_TYPES, RESOURCE_TYPES, type ResourceTypeName } from '../../schemas/assets.ts'

/** Where an asset lives: its kind and its storage type, which may also be `fetch` and the like. */
export interface Place { readonly resource_type: ResourceTypeName, readonly type: string }

const PLACES = RESOURCE_TYPES.flatMap((kind) =>
  DELIVERY_TYPES.map((type): Place => ({ resource_type: kind, type })))

/**
 * Returns where else to look for an asset that is not under `tried`, the likeliest first. `near`: other kinds
 * of the same type. `far`: other types of the same kind, then the rest.
 */
export function groupsElsewhere (tried: readonly Place[], where: 'near' | 'far'): Place[][] {
  const isTried = (place: Place): boolean =>
    tried.some((known) => known.resource_type === place.resource_type && known.type === place.type)
  const sharesType = (place: Place): boolean => tried.some(({ type }) => type === place.type)
  const sharesKind = (place: Place): boolean => tried.some(
    ({ resource_type: kind }) => kind === place.resource_type
  )
  const others = PLACES.filter((place) => !isTried(place))
  const far = others.filter((place) => !sharesType(place))
  const groups = where === 'near'
    ? [others.filter(sharesType)]
    : [far.filter(sharesKind), far.filter((place) => !sharesKind(place))]
  return groups.filter((group) => group.length > 0)
}

/** Returns places as text: `image/upload, raw/upload`. */
export function listed (places: readonly Place[]): string {
  return places.map(({ resource_type: kind, type }) => `${kind}/${type}`).join(', ')
}

/** Returns the 404 of an asset that is not under `tried`. */
export function missing (
  publicId: string, tried: readonly Place[], cause: GatewayError | undefined
): GatewayError {
  return new GatewayError('not_found', `There is no asset "${publicId}" under ${listed(tried)}.`, {
    ...(cause?.upstream && { upstream: cause.upstream }), cause
  })
}
