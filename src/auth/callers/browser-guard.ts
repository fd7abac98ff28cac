import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

/** What browsers tell of a request, and programs need not. */
export interface BrowserRequest {
  readonly method: string
  readonly headers: Pick<IncomingHttpHeaders, 'host' | 'origin' | 'referer' | 'sec-fetch-site' | 'sec-fetch-mode' | 'sec-fetch-dest'>
}

/** The name in a `Host` header, without port and brackets. */
function hostName (host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
}

/** Nobody on the internet owns an address, a name of one label, or one below `localhost`, so none of them can be turned here. */
const isOutOfReach = (name: string): boolean => !name.includes('.') || name.endsWith('.localhost') || isIP(name) !== 0

/** A person who follows a link from elsewhere: the page with the link reads nothing of it, and cannot do it many times. */
const isVisit = ({ method, headers }: BrowserRequest): boolean =>
  method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'

/** Where a page is from: pictures and scripts are asked for without an `Origin`. */
const pageOf = ({ origin, referer }: BrowserRequest['headers']): string | undefined =>
  origin ?? (referer !== undefined && URL.canParse(referer) ? new URL(referer).origin : undefined)

const OTHER_ORIGINS = 'Without keys this gateway takes nothing from pages of other origins. Set GATEWAY_KEYS, or list the origin in CORS_ORIGINS.'

/**
 * Why a request to a gateway without keys may come from a page that has no business here; undefined when it does not.
 * Without keys the network is the only border, and a browser on this side of it carries requests across: any page can
 * send forms to localhost and show pictures from there, and one whose name suddenly resolves to 127.0.0.1 can read the
 * answers too. Source of `Sec-Fetch-Site`: W3C, "Fetch Metadata Request Headers".
 */
export function foreignPage (request: BrowserRequest, loopback: boolean, isAllowed: (origin: string) => boolean): string | undefined {
  const { host = '', origin, 'sec-fetch-site': site } = request.headers
  const name = hostName(host)
  const viaAllowed = isAllowed(`https://${host.toLowerCase()}`) || isAllowed(`http://${host.toLowerCase()}`)
  if (loopback && !isOutOfReach(name) && !viaAllowed) {
    return `Without keys this gateway answers as localhost or by its address, not as "${name}". Set GATEWAY_KEYS, or AUTH=none if this is meant.`
  }
  if (site === 'cross-site' && !isVisit(request)) {
    const page = pageOf(request.headers)
    return page !== undefined && isAllowed(page) ? undefined : OTHER_ORIGINS
  }
  if (origin === undefined || isAllowed(origin)) return undefined
  const own = /^https?:\/\/(.+)$/.exec(origin)?.[1]
  return own !== undefined && own === host.toLowerCase() ? undefined : OTHER_ORIGINS
}
