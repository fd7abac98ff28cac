import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { SandboxError } from '../errors.ts'

/** Addresses under which a sandbox is reached. */
export interface Reached {
  /** True when it listens on a loopback address, which other machines cannot reach. */
  readonly isLocal: boolean
  /** Prefix of its links; empty until it listens. */
  readonly publicUrl: string
}

/** Returns whether an IP address leads to this machine. */
export function isLoopback (address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address)
}

/** Returns the name in a `Host` header, without port and brackets. */
function hostName (host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
}

/** Returns whether public DNS cannot have a name: an address, a single label, or one below `localhost`. */
function isUnownable (name: string): boolean {
  return !name.includes('.') || name.endsWith('.localhost') || isIP(name) !== 0
}

/**
 * Checks that a request is meant for this sandbox, and rewrites a target in absolute form,
 * `GET http://host/path`, to its path. Source: RFC 9112, section 3.2.2.
 * @throws {SandboxError} 505 for another version of HTTP, 400 without exactly one `Host` or for a target
 * without a path, 421 for the target of another host, and 403 for a name that an attacker may have pointed
 * to a loopback address (DNS rebinding): a page under that name could read all answers, and the secrets of a
 * sandbox are seldom secret.
 */
export function checkHost (request: IncomingMessage, { isLocal, publicUrl }: Reached): void {
  const { headers: { host = '' }, rawHeaders, httpVersion, method, url = '/' } = request
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    throw new SandboxError(505, `The sandbox does not speak HTTP/${httpVersion}`)
  }
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
  if (host === '' || !isLocal || isOwn || isUnownable(name)) return
  throw new SandboxError(403, `This sandbox answers as localhost or by its address, not as ${host}. Where others reach it under that name, say so with publicUrl (--public-url).`)
}
