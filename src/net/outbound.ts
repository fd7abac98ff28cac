import type { LookupFunction } from 'node:net'
import { Pool, type buildConnector, type Dispatcher } from 'undici'

export type { Dispatcher } from 'undici'

export interface OutboundOptions {
  /** Longest wait for a connection. */
  readonly connectTimeoutMs: number
  /** Longest wait for the beginning of an answer. */
  readonly headersTimeoutMs: number
  /** Longest pause inside an answer. */
  readonly bodyTimeoutMs: number
  /** Most connections at once; any number by default. */
  readonly maxConnections?: number
  /** Bytes that may wait at a connection before its sender has to; Node's default by default. */
  readonly sendBufferBytes?: number
  /** Finds the addresses of a name, and so decides which of them are connected to; the system by default. */
  readonly lookup?: LookupFunction
}

/** Options of one connection. undici hands all of them on to `net` and `tls`; its types leave `highWaterMark` out. */
function connectOptions ({ sendBufferBytes, lookup }: OutboundOptions): buildConnector.BuildOptions {
  return {
    ...(sendBufferBytes !== undefined && { highWaterMark: sendBufferBytes }),
    // Says that `lookup` is asked for all addresses, whatever flags the process was started with.
    ...(lookup && { lookup, autoSelectFamily: true })
  }
}

/**
 * Makes the connections to one origin (scheme, host and port). Everything that leaves the process goes through here.
 * Redirects are answers like any other. Whoever asks for a dispatcher destroys it.
 */
export function dispatcherTo (origin: string, options: OutboundOptions): Dispatcher {
  return new Pool(origin, {
    pipelining: 1,
    allowH2: false,
    maxHeaderSize: 16_384,
    strictContentLength: true,
    connectTimeout: options.connectTimeoutMs,
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.bodyTimeoutMs,
    connections: options.maxConnections ?? null,
    connect: connectOptions(options)
  })
}
