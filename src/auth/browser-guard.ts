import { isIP } from 'node:net'

export interface BrowserHeaders {
  readonly host: string | undefined
  readonly origin: string | undefined
}

/** The name in a `Host` header, without port and brackets. */
function hostName (host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
}

/** Nobody on the internet owns an address, a name of one label, or one below `localhost`, so none of them can be turned here. */
const isOutOfReach = (name: string): boolean => !name.includes('.') || name.endsWith('.localhost') || isIP(name) !== 0

/**
 * Why a request to a gateway without keys may come from a page that has no business here; undefined when it does not.
 * Without keys the network is the only border, and a browser on this side of it carries requests across: any page can
 * send forms to localhost, and one whose name suddenly resolves to 127.0.0.1 can read the answers too.
 */
export function foreignPage ({ host = '', origin }: BrowserHeaders, loopback: boolean, isAllowed: (origin: string) => boolean): string | undefined {
  const name = hostName(host)
  const viaAllowed = isAllowed(`https://${host.toLowerCase()}`) || isAllowed(`http://${host.toLowerCase()}`)
  if (loopback && !isOutOfReach(name) && !viaAllowed) {
    return `Without keys this gateway answers as localhost or by its address, not as "${name}". Set GATEWAY_KEYS, or AUTH=none if this is meant.`
  }
  if (origin === undefined || isAllowed(origin)) return undefined
  const own = /^https?:\/\/(.+)$/.exec(origin)?.[1]
  return own !== undefined && own === host.toLowerCase()
    ? undefined
    : 'Without keys this gateway takes nothing from pages of other origins. Set GATEWAY_KEYS, or list the origin in CORS_ORIGINS.'
}
