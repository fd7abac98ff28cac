import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { publicLookup, refusedUrl } from '../remote/guard.ts'

export interface PostOptions {
  headers: Record<string, string>
  body: string
  allowPrivate: boolean
  timeoutMs: number
  signal: AbortSignal
}

/** Posts to a stranger's URL; its answer is only a status. @throws when there is none, or the address is not to be reached. */
export async function post (address: string, { headers, body, allowPrivate, timeoutMs, signal }: PostOptions): Promise<number> {
  const url = new URL(address)
  const refused = allowPrivate ? undefined : refusedUrl(url)
  if (refused) throw new Error(refused)
  return new Promise((resolve, reject) => {
    const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      agent: false,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'user-agent': 'Cloudinary (sandbox)', connection: 'close', ...headers },
      ...!allowPrivate && { lookup: publicLookup }
    }, (answer) => {
      // Only the status counts; whatever else comes is not read.
      resolve(answer.statusCode ?? 0)
      answer.destroy()
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
