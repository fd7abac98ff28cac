import type { FastifyInstance } from 'fastify'
import { hex, sameText } from '../api/signature.ts'
import { decodeBase64 } from '../base64.ts'
import { SandboxError } from '../errors.ts'
import { callFrom, type Surroundings } from '../api/call.ts'
import type { Clouds } from '../clouds.ts'
import { Fields } from '../api/fields.ts'
import { nameIgnored } from '../api/ignored.ts'
import { search, type SearchServices } from './search.ts'

/** How the coverage table calls it. A cursor may follow. */
export const SIGNED_SEARCH = 'GET /{cloud}/search/{signature}/{ttl}/{query}'

/**
 * Searches that anybody with the link may run, and caches may keep for `ttl` seconds. Source: Cloudinary, Node SDK, `search.to_url`;
 * what the vendor says of a wrong signature is not public.
 */
export function registerSearchUrls (
  app: FastifyInstance, services: Surroundings & SearchServices & { readonly clouds: Clouds }
): void {
  app.get<{ Params: { cloud: string, '*': string } }>('/:cloud/search/*', async ({ params }, reply) => {
    const cloud = services.clouds.get(params.cloud)
    if (!cloud) throw new SandboxError(401, `cloud_name ${params.cloud} is disabled`)
    const [signature = '', ttl = '', ...rest] = params['*'].split('/')
    const { query, cursor } = signedPart(rest, (text) => sameText(hex('sha256', ttl + text + cloud.apiSecret), signature))
    if (!/^\d+$/.test(ttl)) throw new SandboxError(400, `Invalid value ${ttl} for parameter ttl`)
    const fields = readQuery(query, cursor)
    const asked = { method: 'GET', path: 'resources/search', params: {}, fields, unsigned: true, reply }
    const call = callFrom(services, cloud, asked)
    fields.watch()
    const answer = await search(call, services)
    nameIgnored(reply, fields.unread())
    return reply.headers({ 'access-control-allow-origin': '*', 'cache-control': `public, max-age=${ttl}` }).send(answer)
  })
}

/** Base64 may hold slashes, so only the signature tells whether the last part is still of the query or the cursor. */
function signedPart (parts: readonly string[], fits: (text: string) => boolean): { query: string, cursor?: string } {
  const query = parts.join('/')
  if (fits(query)) return { query }
  const shorter = parts.slice(0, -1).join('/')
  const cursor = parts.at(-1)
  if (cursor !== undefined && fits(shorter)) return { query: shorter, cursor }
  throw new SandboxError(401, 'Invalid Signature. String to sign - \'{ttl}{query}\', hashed with the secret behind it as SHA-256')
}

function readQuery (query: string, cursor: string | undefined): Fields {
  let value: unknown
  try {
    value = JSON.parse(String(decodeBase64(query, { urlSafe: true })))
  } catch {
    // Said below, as for any other value that is no query.
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SandboxError(400, 'Invalid search query')
  const fields = new Fields()
  fields.assign(value as Record<string, unknown>) // JSON objects have text names
  if (cursor !== undefined) fields.set('next_cursor', cursor)
  return fields
}
