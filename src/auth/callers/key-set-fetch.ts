import { lookup, type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { unmapped } from '../../net/addresses.ts'
import { dispatcherTo } from '../../net/outbound.ts'
import type { Proxy } from '../../net/proxies.ts'
import { keySetAddressFits, keySetUrlFault } from '../../net/urls.ts'

/** Largest key set read, in bytes. */
const MAX_BYTES = 256 * 1024
const TIMEOUT_MS = 5_000

export interface KeySetFetchOptions {
  readonly timeoutMs?: number
  readonly maxBytes?: number
  /** Proxy to fetch through. It resolves the name, so the addresses behind one are not judged then. */
  readonly proxy?: Proxy | undefined
  /** Resolves names; tests put their own here. */
  readonly resolve?: typeof lookup
}

/** Checks each address before the socket connects to it: the name may resolve to another one a moment later. */
function guardedLookup (resolve: typeof lookup, protocol: string): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, [])
      const fitting = addresses.filter(({ address }) => keySetAddressFits(unmapped(address), protocol))
      if (fitting.length === 0) return callback(new Error('the name resolves to an address that key sets are not fetched from'), [])
      callback(null, fitting)
    })
  }
}

async function readText (body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Error(`the key set is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/**
 * Fetches the text of a key set: one request, no redirect, no more than `maxBytes`, no longer than `timeoutMs`.
 * @throws {Error} for anything but a whole 200 answer.
 */
export async function fetchKeySet (
  url: string,
  { timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, proxy, resolve = lookup }: KeySetFetchOptions = {}
): Promise<string> {
  const fault = keySetUrlFault(url)
  if (fault !== undefined) throw new Error(`the address of the key set ${fault}`)
  const { origin, protocol, hostname, pathname, search } = new URL(url)
  // An address in the URL is connected to without a look-up.
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  if (/^[\d.]+$|:/.test(address) && !keySetAddressFits(unmapped(address), protocol)) throw new Error('key sets are not fetched from this address')
  const limits = { connectTimeoutMs: timeoutMs, headersTimeoutMs: timeoutMs, bodyTimeoutMs: timeoutMs }
  const dispatcher = dispatcherTo(origin, { ...limits, proxy, lookup: guardedLookup(resolve, protocol) })
  try {
    const { statusCode, body } = await dispatcher.request({
      method: 'GET',
      path: pathname + search,
      headers: { accept: 'application/jwk-set+json, application/json' },
      signal: AbortSignal.timeout(timeoutMs)
    })
    // Nobody reads the rest of an answer that is refused.
    body.on('error', () => {})
    if (statusCode !== 200) throw new Error(`the key set answered ${statusCode}`)
    return await readText(body, maxBytes)
  } finally {
    await dispatcher.destroy()
  }
}
