import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { SandboxError } from '../errors.ts'

/** How a sandbox is reached. */
export interface Reached {
  /** Nobody but this machine reaches the address that it listens on. */
  readonly isLocal: boolean
  /** What its links begin with; empty until it listens. */
  readonly publicUrl: string
}

export function isLoopback (address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address)
}

/** The name in a `Host` header, without port and brackets. */
function hostName (host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
}

/** Nobody on the internet owns an address, a name of one label, or one below `localhost`. */
const isOutOfReach = (name: string): boolean => !name.includes('.') || name.endsWith('.localhost') || isIP(name) !== 0

/**
 * Rewrites a target in absolute form, `GET http://host/path`, to its path. Source: RFC 9112, section 3.2.2.
 * @throws {SandboxError} for requests that are not meant for this sandbox: 505 for another version of HTTP, 400 without
 * one `Host` or for a target that names no path, 421 for the target of another host, and 403 for a name that anybody
 * could have turned to a loopback address. A page under that name may read all answers, and secrets of the sandbox are
 * seldom secret.
 */
export function checkHost (request: IncomingMessage, { isLocal, publicUrl }: Reached): void {
  const { headers: { host = '' }, rawHeaders, httpVersion, method, url = '/' } = request
  if (httpVersion !== '1.1' && httpVersion !== '1.0') throw new SandboxError(505, `The sandbox does not speak HTTP/${httpVersion}`)
  const times = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length
  if (times > 1 || (host.trim() === '' && (times > 0 || httpVersion !== '1.0'))) {
    throw new SandboxError(400, 'A request needs one Host header')
  }
  const [, target, path] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url) ?? []
  if (target !== undefined && target.toLowerCase() !== host.toLowerCase()) {
    throw new SandboxError(421, `This sandbox is not ${target}`)
  }
  const isPath = path !== undefined || url.startsWith('/') || (url === '*' && method === 'OPTIONS')
  if (!isPath) throw new SandboxError(400, 'The request target must be a path or an http URL')
  if (path !== undefined) request.url = path.startsWith('/') ? path : `/${path}`
  const name = hostName(host)
  const isOwn = publicUrl !== '' && hostName(new URL(publicUrl).host) === name
  if (host === '' || !isLocal || isOwn || isOutOfReach(name)) return
  throw new SandboxError(403, `This sandbox answers as localhost or by its address, not as ${host}. Where others reach it under that name, say so with publicUrl (--public-url).`)
}
