import { request as httpRequest, STATUS_CODES, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { decoded } from '../decoded.ts'
import { SandboxError } from '../errors.ts'
import { PRIVATE_ADDRESS, publicLookup, refusedUrl, type Resolve } from './guard.ts'

export interface FetchOptions {
  /** Off: anything that is not on the public internet is refused. */
  readonly allowPrivate: boolean
  /** For the whole transfer. */
  readonly timeoutMs: number
  readonly maxRedirects?: number
  /** For tests: a network with names and public addresses of its own. */
  readonly network?: Network
}

export interface Network {
  readonly resolve: Resolve
  /** A socket to what the options' `lookup` leads to. */
  readonly connect: NonNullable<RequestOptions['createConnection']>
}

/** A file on its way from elsewhere. */
export interface RemoteFile {
  body: AsyncIterable<Uint8Array>
  /** The last segment of the URL asked for. */
  filename?: string
}

/** The settings that lift the guard: of the command, of the gateway, and in code. */
const HOW_TO_ALLOW = 'allow it with --allow-private-fetch, SANDBOX_ALLOW_PRIVATE_FETCH=true or allowPrivateFetch'
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/**
 * Fetches a file by http or https. Each hop is judged anew, before and while connecting.
 * @throws {SandboxError} 400 in the vendor's words: `Error in loading <url> - 404 Not Found`.
 */
export async function fetchFile (address: string, options: FetchOptions): Promise<RemoteFile> {
  const signal = AbortSignal.timeout(options.timeoutMs)
  let url = parse(address)
  for (let hop = 0; hop <= (options.maxRedirects ?? 5); hop++) {
    if (!/^https?:$/.test(url.protocol)) throw loading(address, 'refused: only http and https are fetched')
    const refused = options.allowPrivate ? undefined : refusedUrl(url)
    if (refused) throw forbidden(address, refused)
    const answer = await ask(url, signal, options).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ERR_ADDRESS_REFUSED' ? forbidden(address, PRIVATE_ADDRESS) : unreachable(address)
    })
    const status = answer.statusCode ?? 0
    if (!REDIRECTS.has(status) || !answer.headers.location) {
      if (status === 200) return { body: body(answer, address), ...filenameOf(address) }
      answer.destroy()
      throw loading(address, `${status} ${STATUS_CODES[status] ?? ''}`.trim())
    }
    answer.destroy()
    const next = URL.canParse(answer.headers.location, url.href) ? new URL(answer.headers.location, url) : undefined
    if (!next || (url.protocol === 'https:' && next.protocol !== 'https:')) throw loading(address, 'refused: a redirect that loses https')
    url = next
  }
  throw loading(address, 'too many redirects')
}

function parse (address: string): URL {
  // `new URL` repairs what others read differently: blanks, tabs, backslashes, missing slashes.
  if (!/^https?:\/\/[^\s\\/?#]+[^\s\\]*$/i.test(address) || !URL.canParse(address)) throw loading(address, 'invalid URL')
  return new URL(address)
}

function ask (url: URL, signal: AbortSignal, { allowPrivate, network }: FetchOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      signal,
      ...network ? { createConnection: network.connect } : { agent: false },
      headers: { 'user-agent': 'Cloudinary (sandbox)', accept: '*/*', 'accept-encoding': 'identity', connection: 'close' },
      ...!allowPrivate && { lookup: (hostname, lookupOptions, callback) => publicLookup(hostname, lookupOptions, callback, network?.resolve) }
    }, resolve)
    request.on('error', reject)
    request.end()
  })
}

async function * body (answer: IncomingMessage, address: string): AsyncGenerator<Uint8Array> {
  try {
    yield * answer
  } catch {
    throw loading(address, 'the connection was cut')
  }
}

function filenameOf (address: string): { filename?: string } {
  const last = new URL(address).pathname.split('/').at(-1)
  return last ? { filename: decoded(last) ?? last } : {}
}

function loading (address: string, reason: string): SandboxError {
  return new SandboxError(400, `Error in loading ${address} - ${reason}`)
}

/** An address that cannot be reached, in the vendor's words. */
function unreachable (address: string): SandboxError {
  return loading(address, 'ERR_DNS_FAIL 0')
}

/** An address that the sandbox could reach and will not, unless it is told to. */
function forbidden (address: string, reason: string): SandboxError {
  return loading(address, `refused: ${reason}; ${HOW_TO_ALLOW}`)
}
