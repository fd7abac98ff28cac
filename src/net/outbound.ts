import { isIP, type LookupFunction, type Socket } from 'node:net'
import { buildConnector, Client, Pool, type Dispatcher } from 'undici'
import { proxyAuthorization, type Proxy } from './proxies.ts'

export type { Dispatcher } from 'undici'

/** Age at which a connection is renewed, so that a change of DNS is followed within a minute. */
const MAX_AGE_MS = 30_000
/**
 * Shortest life as a part of that age. Lives are random, so that connections are not all renewed together.
 */
const SHORTEST_LIFE = 3 / 4
const MAX_HEADER_BYTES = 16_384

export interface OutboundOptions {
  /** Longest wait for a connection; through a proxy, for each of its stages. */
  readonly connectTimeoutMs: number
  /** Longest wait for the beginning of an answer. */
  readonly headersTimeoutMs: number
  /** Longest pause inside an answer. */
  readonly bodyTimeoutMs: number
  /** Most connections at once; any number by default. */
  readonly maxConnections?: number
  /** Bytes that may wait at a connection before its sender has to; Node's default by default. */
  readonly sendBufferBytes?: number
  /**
   * Finds the addresses of a name, and so decides which of them are connected to; the system by default. A
   * proxy resolves names itself.
   */
  readonly lookup?: LookupFunction
  /** Proxy that the connections go through; none by default. */
  readonly proxy?: Proxy | undefined
  /** Age from which on a connection takes no further request. */
  readonly maxAgeMs?: number
}

/** The proxy did not connect: nothing was sent to the origin. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError'
  readonly reason: 'refused' | 'unreachable' | 'timeout'
  /** What the proxy answered, when it refused. */
  readonly status: number | undefined

  constructor (reason: ProxyError['reason'], { address }: Proxy, status?: number, options?: ErrorOptions) {
    super(
      `the proxy ${address} ${status === undefined ? `did not connect: ${reason}` : `answered ${status}`}`,
      options
    )
    this.reason = reason
    this.status = status
  }
}

/** Options of one connection. undici hands all of them on to `net` and `tls`; its types leave `highWaterMark` out. */
function connectOptions (
  { connectTimeoutMs, sendBufferBytes, lookup }: Omit<OutboundOptions, 'proxy'>
): buildConnector.BuildOptions {
  return {
    allowH2: false,
    timeout: connectTimeoutMs,
    ...(sendBufferBytes !== undefined && { highWaterMark: sendBufferBytes }),
    // Says that `lookup` is asked for all addresses, whatever flags the process was started with.
    ...(lookup && { lookup, autoSelectFamily: true })
  }
}

/**
 * Returns TLS name and headers of requests to the proxy itself. By default undici would check its certificate
 * for `host`.
 */
function toProxy (url: URL, host: string) {
  const authorization = proxyAuthorization(url)
  return {
    servername: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    headers: { host, ...(authorization !== undefined && { 'proxy-authorization': authorization }) }
  }
}

function proxyFailure (error: unknown, proxy: Proxy): ProxyError {
  if (error instanceof ProxyError) return error
  const { name, code } = error as NodeJS.ErrnoException // undici and Node throw errors alone
  const isLate = name === 'TimeoutError' || /TIMEOUT|ETIMEDOUT/.test(String(code))
  return new ProxyError(isLate ? 'timeout' : 'unreachable', proxy, undefined, { cause: error })
}

/**
 * Asks a proxy for a connection to `authority` (host and port).
 * @throws {ProxyError} and nothing else, because undici repeats connections after some errors of its own.
 */
async function openTunnel (proxy: Proxy, authority: string, options: OutboundOptions): Promise<Socket> {
  const { connectTimeoutMs } = options
  const url = new URL(proxy.url.reveal())
  const client = new Client(url.origin, {
    maxHeaderSize: MAX_HEADER_BYTES,
    connect: connectOptions(options)
  })
  const ask = async (): Promise<Socket> => {
    const { statusCode, socket } = await client.connect({
      path: authority,
      ...toProxy(url, authority),
      signal: AbortSignal.timeout(connectTimeoutMs)
    })
    if (statusCode >= 200 && statusCode < 300) return socket as Socket // of HTTP/1.1
    socket.on('error', () => {}).destroy()
    throw new ProxyError('refused', proxy, statusCode)
  }
  return ask()
    .catch((error: unknown) => { throw proxyFailure(error, proxy) })
    // A socket that was handed out is no longer its own.
    .finally(() => client.destroy())
}

/** Connects through a tunnel: the proxy resolves the name and sees nothing but encrypted bytes. */
function tunnelConnector (proxy: Proxy, options: OutboundOptions): buildConnector.connector {
  const secure = buildConnector(connectOptions(options))
  return (target, callback) => {
    const host = isIP(target.hostname) === 6 ? `[${target.hostname}]` : target.hostname
    openTunnel(proxy, `${host}:${target.port || 443}`, options).then(
      (httpSocket) => { secure({ ...target, httpSocket }, callback) },
      (error: Error) => { callback(error, null) }
    )
  }
}

/** Connects to the proxy itself, and marks its failures as those of the proxy. */
function proxyConnector (proxy: Proxy, options: OutboundOptions): buildConnector.connector {
  const connect = buildConnector(connectOptions(options))
  return (target, callback) => {
    connect(target, (...[error, socket]) => {
      if (error === null) callback(null, socket)
      else callback(proxyFailure(error, proxy), null)
    })
  }
}

/** Failures to connect. Some have the codes of connections that were cut while they were in use. */
const unconnected = new WeakSet<Error>()

/** Returns whether a request failed because no connection was made: nothing of it was sent. */
export function wasUnconnected (error: Error): boolean { return unconnected.has(error) }

/** Makes clients of one connection whose socket is closed between two requests once it is old enough. */
function renewing (
  connect: buildConnector.connector, maxAgeMs: number
): (origin: URL, options: object) => Client {
  return (origin, options) => {
    const client: Client = new Client(origin, {
      ...options,
      connect: (target, callback) => {
        connect(target, (...result) => {
          const [error, socket] = result
          if (error === null) closeWhenOld(client, socket, maxAgeMs)
          else unconnected.add(error)
          callback(...result)
        })
      }
    })
    return client
  }
}

/** Closes an old connection between two requests. The next request waits for a new one; none is cut. */
function closeWhenOld (client: Client, socket: Socket, maxAgeMs: number): void {
  const close = (): void => { if (client.stats.running === 0) socket.destroy() }
  const timer = setTimeout(() => {
    // Runs before the listener of the pool, which would send the next waiting request.
    client.prependListener('drain', close)
    close()
  }, maxAgeMs * (SHORTEST_LIFE + (1 - SHORTEST_LIFE) * Math.random()))
  timer.unref()
  socket.once('close', () => {
    clearTimeout(timer)
    client.off('drain', close)
  })
}

/** Sends requests for an `http://` origin to the proxy with the whole URL. Source: RFC 9112, 3.2.2. */
function absoluteForm (origin: string, proxy: URL): Dispatcher.DispatcherComposeInterceptor {
  const { servername, headers } = toProxy(proxy, new URL(origin).host)
  return (dispatch) => ({ headers: own, ...options }, handler) => dispatch({
    ...options,
    servername,
    path: origin + options.path,
    headers: { ...own as Record<string, string>, ...headers } // the one form of them that is sent from here
  } as Dispatcher.DispatchOptions, handler) // undici's types leave `servername` out
}

/**
 * Makes the connections to one origin (scheme, host and port). Everything that leaves the process goes through here.
 * Redirects are answers like any other. Whoever asks for a dispatcher destroys it.
 */
export function dispatcherTo (origin: string, options: OutboundOptions): Dispatcher {
  const { proxy, maxAgeMs = MAX_AGE_MS } = options
  const proxyUrl = proxy && new URL(proxy.url.reveal())
  const isPlain = proxyUrl !== undefined && new URL(origin).protocol === 'http:'
  const { lookup: _own, ...system } = options
  const connect = proxy === undefined
    ? buildConnector(connectOptions(options))
    : (isPlain ? proxyConnector : tunnelConnector)(proxy, system)
  const pool = new Pool(isPlain ? proxyUrl.origin : origin, {
    pipelining: 1,
    maxHeaderSize: MAX_HEADER_BYTES,
    strictContentLength: true,
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.bodyTimeoutMs,
    connections: options.maxConnections ?? null,
    factory: renewing(connect, maxAgeMs)
  })
  return isPlain ? pool.compose(absoluteForm(origin, proxyUrl)) : pool
}
