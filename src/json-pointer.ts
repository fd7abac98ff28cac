/** JSON pointer (RFC 6901) to the member of that name. */
export const pointerTo = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
