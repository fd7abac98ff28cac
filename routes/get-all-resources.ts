import { Readable } from 'node:stream'
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { GatewayError } from '../src/errors.ts'
import { acceptedType } from '../src/input/accepted-type.ts'
import { Asset, Choice, DeliveryType, PublicId, ResourceType } from '../src/schemas/assets.ts'
import { problems } from '../src/schemas/problem.ts'
import type { Route } from '../src/schemas/route.ts'

const JSON_PAGE = 'application/json'
const NDJSON = 'application/x-ndjson'
/** The largest page Cloudinary gives: streaming everything takes the fewest calls. */
const LARGEST_PAGE = 500

const flag = (description: string) => Type.Optional(Type.Boolean({ description }))

const Query = Type.Object({
  resource_type: ResourceType,
  type: DeliveryType,
  prefix: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'Only public IDs that begin so.', examples: ['cats/'] })),
  max_results: Type.Optional(Type.Integer({ minimum: 1, maximum: LARGEST_PAGE, description: 'Assets a page; 10 when not given.' })),
  next_cursor: Type.Optional(Type.String({ minLength: 1, description: 'Where the list goes on: `next_cursor` of the page before.' })),
  tags: flag('Include tags.'),
  context: flag('Include context.'),
  moderations: flag('Include moderation.'),
  metadata: flag('Include structured metadata.'),
  direction: Type.Optional(Choice(['asc', 'desc'], { description: 'By time of upload; `desc` (newest first) when not given.' })),
  start_at: Type.Optional(Type.String({ minLength: 1, description: 'Only assets from this time on (ISO 8601); not together with prefix.' })),
  public_ids: Type.Optional(Type.Array(PublicId, { minItems: 1, maxItems: 100, description: 'Only these.' }))
}, { additionalProperties: false })

const Page = Type.Object({
  resources: Type.Array(Asset),
  next_cursor: Type.Optional(Type.String({ description: 'Absent on the last page.' }))
}, { additionalProperties: true })

type ListQuery = Static<typeof Query>
type PageValue = Static<typeof Page>

/** Cloudinary's names for what was asked. */
function upstreamQuery ({ resource_type: _path, type: _alsoPath, public_ids: publicIds, ...rest }: ListQuery): Record<string, string | string[]> {
  const texts = Object.entries(rest).map(([name, value]) => [name, String(value)])
  return { ...Object.fromEntries(texts), ...(publicIds && { public_ids: publicIds }) }
}

async function fetchPage (request: FastifyRequest, query: ListQuery) {
  const answer = await request.cloudinary.list(query.resource_type, query.type, upstreamQuery(query), { signal: request.callerGone })
  // The client has checked that the answer is a JSON object; that it is a list is Cloudinary's word.
  return { answer, page: JSON.parse(answer.body.toString()) as PageValue }
}

/** The same request with the next cursor, relative to where this one was sent. */
function nextLink (url: string, cursor: string): string {
  const [path = '', search = ''] = url.split('?', 2)
  const query = new URLSearchParams(search)
  query.set('next_cursor', cursor)
  return `<${path}?${query.toString()}>; rel="next"`
}

/** Every asset from `first` on, one JSON text a line. */
async function * lines (request: FastifyRequest, query: ListQuery, first: PageValue): AsyncGenerator<string> {
  let page = first
  for (;;) {
    if (page.resources.length > 0) yield page.resources.map((asset) => `${JSON.stringify(asset)}\n`).join('')
    const cursor = page.next_cursor
    if (!cursor) return
    page = (await fetchPage(request, { ...query, next_cursor: cursor })).page
    // A cursor that leads back to itself would stream for ever.
    if (page.next_cursor === cursor) throw new GatewayError('upstream_failed', 'Cloudinary answered the same cursor twice.')
  }
}

/** The lines, and a word in the log when they break off: once the answer has begun, its caller can only be cut off. */
async function * loggedLines (request: FastifyRequest, query: ListQuery, first: PageValue): AsyncGenerator<string> {
  try {
    yield * lines(request, query, first)
  } catch (error) {
    if (!request.callerGone.aborted) request.log.error({ err: error }, 'a streamed list broke off')
    throw error
  }
}

/** Assets of one kind, a page at a time; or all of them, streamed, for who likes `application/x-ndjson` better than JSON. */
export const getAllResources: Route = async (app) => {
  app.route({
    method: 'GET',
    url: '/resources',
    config: { action: 'getAllResources' },
    schema: {
      operationId: 'getAllResources',
      tags: ['actions'],
      summary: 'Get All Resources',
      description: 'With `Accept: application/x-ndjson` every page is fetched and streamed, one asset a line. Where the header likes both types equally, or neither, the answer is one page as JSON.',
      querystring: Query,
      response: {
        200: {
          description: 'A page of assets. The `Link` header names the next one.',
          content: { [JSON_PAGE]: { schema: Page }, [NDJSON]: { schema: Type.String() } }
        },
        ...problems('invalid_request', 'unauthorized', 'forbidden', 'upstream_forbidden', 'asset_processing', 'rate_limited', 'quota_exhausted', 'upstream_rejected', 'credentials_rejected', 'upstream_failed', 'upstream_unavailable', 'upstream_timeout')
      }
    },
    handler: async (request, reply) => {
      const { query } = request
      if (acceptedType(request.headers.accept, [JSON_PAGE, NDJSON]) === NDJSON) {
        const all = { ...query, max_results: query.max_results ?? LARGEST_PAGE }
        const { page } = await fetchPage(request, all)
        return reply.type(NDJSON).send(Readable.from(loggedLines(request, all, page)) as never) // a stream, where the schema tells of its text
      }
      const { answer, page } = await fetchPage(request, query)
      if (page.next_cursor) reply.header('link', nextLink(request.url, page.next_cursor))
      return reply.relay(answer)
    }
  })
}
