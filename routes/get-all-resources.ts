import { once } from 'node:events'
import { Readable } from 'node:stream'
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { GatewayError } from '../src/errors.ts'
import { acceptedType } from '../src/input/accepted-type.ts'
import { checkFilters, LIST_FILTERS } from '../src/input/list-filters.ts'
import { Asset, Choice, deliveryType, PublicId, resourceType } from '../src/schemas/assets.ts'
import { problems } from '../src/schemas/problem.ts'
import type { Route } from '../src/schemas/route.ts'

const JSON_PAGE = 'application/json'
const NDJSON = 'application/x-ndjson'
/** The largest page Cloudinary gives: streaming everything takes the fewest calls. */
const LARGEST_PAGE = 500

const flag = (description: string) => Type.Optional(Type.Boolean({ description }))

const Query = Type.Object({
  // No defaults: a list by asset_folder shows every kind, those by tag or moderation every type.
  resource_type: Type.Optional(resourceType({
    description: 'Kind of asset; `image` when not given, with `asset_folder` all.'
  })),
  type: Type.Optional(deliveryType({
    description: 'Storage (delivery) type; `upload` when not given, with a filter all.'
  })),
  ...LIST_FILTERS,
  prefix: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'Only public IDs that begin so.', examples: ['cats/'] })),
  max_results: Type.Optional(Type.Integer({ minimum: 1, maximum: LARGEST_PAGE, description: 'Assets a page; 10 when not given.' })),
  next_cursor: Type.Optional(Type.String({ minLength: 1, description: 'Where the list goes on: `next_cursor` of the page before.' })),
  tags: flag('Include tags.'),
  context: flag('Include context.'),
  moderations: flag('Include moderation.'),
  metadata: flag('Include structured metadata.'),
  direction: Type.Optional(Choice(['asc', 'desc'], { description: 'By time of upload; `desc` (newest first) when not given.' })),
  start_at: Type.Optional(Type.String({ minLength: 1, description: 'Only assets from this time on (ISO 8601); not together with prefix.' })),
  public_ids: Type.Optional(Type.Array(PublicId, { minItems: 1, maxItems: 100, description: 'Only these.' })),
  fields: Type.Optional(Type.Array(
    Type.String({
      pattern: '^[a-z_]+(?:\\.[\\w-]+)*$',
      maxLength: 100,
      'x-fault': 'must be the name of a member, such as "tags" or "context"'
    }),
    {
      minItems: 1,
      maxItems: 100,
      description: 'Only these members of each asset, beside `public_id` and `asset_id`.',
      examples: [['secure_url', 'tags']]
    }
  ))
}, { additionalProperties: false })

const Page = Type.Object({
  resources: Type.Array(Asset),
  next_cursor: Type.Optional(Type.String({ description: 'Absent on the last page.' })),
  advice: Type.Optional(Type.String({ description: 'What to ask for instead, when a prefix finds nothing because folders are dynamic.' }))
}, { 'x-component': 'AssetPage', additionalProperties: true })

type ListQuery = Static<typeof Query>
type PageValue = Static<typeof Page>

/** Fields that choose the list, and so are part of its path. */
const IN_THE_PATH: ReadonlySet<string> = new Set(['resource_type', 'type', ...Object.keys(LIST_FILTERS)])

/** Conditions that Cloudinary's list by this filter does not apply. They are applied here, page by page. */
function chosenHere (query: ListQuery) {
  const { tag, moderation_kind: moderation, asset_folder: folder, type, resource_type: kind } = query
  return {
    ...((tag ?? moderation ?? folder) !== undefined && type !== undefined && { type }),
    ...(folder !== undefined && kind !== undefined && { resource_type: kind })
  }
}

/** Cloudinary's names for what was asked. */
function upstreamQuery (query: ListQuery): Record<string, string | string[]> {
  const { public_ids: publicIds, fields, ...rest } = query
  const sent = Object.entries(rest).filter(([name]) => !IN_THE_PATH.has(name))
  return {
    ...Object.fromEntries(sent.map(([name, value]) => [name, String(value)])),
    ...(publicIds && { public_ids: publicIds }),
    ...(fields && { fields: [...new Set([...fields, ...Object.keys(chosenHere(query))])].join(',') })
  }
}

/** Keeps what was asked for and what the caller may see. No count reveals the rest. */
function shown (request: FastifyRequest, query: ListQuery, page: PageValue): PageValue {
  const chosen = Object.entries(chosenHere(query))
  const isJailed = request.caller.permissions.folder !== undefined
  if (chosen.length === 0 && !isJailed) return page
  const resources = page.resources.filter((asset) => {
    const isChosen = chosen.every(([name, value]) => asset[name as 'type'] === value) // one of two names
    return isChosen && request.sees(asset.public_id)
  })
  // Lists by folder have a count.
  const { total_count: _count, ...rest } = page as PageValue & { total_count?: unknown }
  return { ...rest, resources }
}

async function fetchPage (request: FastifyRequest, query: ListQuery) {
  const answer = await request.cloudinary.list(query, upstreamQuery(query), request.adminCall())
  const whole = answer.value as PageValue // the client has checked that it is one
  const page = shown(request, query, whole)
  return { page, answer: page === whole ? answer : { ...answer, body: Buffer.from(JSON.stringify(page)) } }
}

/** Advises to filter by folder when a prefix finds nothing: dynamic folders are not part of public IDs. */
async function folderAdvice (
  request: FastifyRequest, { prefix, next_cursor: cursor }: ListQuery, page: PageValue
): Promise<string | undefined> {
  const folder = prefix?.replace(/\/+$/, '')
  if (!folder || cursor !== undefined || page.next_cursor || page.resources.length !== 0) return undefined
  if (await request.cloudinary.folderMode(request.adminCall()) !== 'dynamic') return undefined
  return `No public ID begins with "${prefix}". Folders are dynamic here, and no part of public IDs: ask for asset_folder=${folder} instead.`
}

/** Longest `Link` header, with its name. Common proxies take 4 KiB for one header, or for all of an answer. */
const LINK_MAX_BYTES = 4096

/** Returns a link to the list from the cursor on; undefined when it is too long, as the body has the cursor. */
function nextLink (url: string, cursor: string): string | undefined {
  const [path = '', search = ''] = url.split('?', 2)
  const query = new URLSearchParams(search)
  query.set('next_cursor', cursor)
  const link = `<${path}?${query.toString()}>; rel="next"`
  return 'link: \r\n'.length + link.length <= LINK_MAX_BYTES ? link : undefined // all of it is ASCII
}

/** Smallest room that a streamed list takes. */
const STREAM_MIN_BYTES = 256 * 1024
/** Room for each byte of a page, because later pages may be larger. */
const GROWTH = 1.25

const NO_LINES = Buffer.alloc(0)

/** A streamed list: one page of lines at a time, one JSON text a line. The page itself is not kept. */
class LineStream {
  readonly #request: FastifyRequest
  readonly #query: ListQuery
  lines = NO_LINES
  /** Undefined on the last page. */
  cursor: string | undefined

  /** @throws {GatewayError} `overloaded` when too much waits to be read already. */
  constructor (request: FastifyRequest, query: ListQuery, first: PageValue) {
    this.#request = request
    this.#query = query
    this.#keep(first)
  }

  #keep ({ resources, next_cursor: cursor }: PageValue): void {
    const lines = Buffer.from(resources.map((asset) => `${JSON.stringify(asset)}\n`).join(''))
    this.#request.holdAnswer(Math.max(STREAM_MIN_BYTES, Math.ceil(lines.length * GROWTH)))
    this.lines = lines
    this.cursor = cursor
  }

  async next (cursor: string): Promise<void> {
    this.lines = NO_LINES
    const { page } = await fetchPage(this.#request, { ...this.#query, next_cursor: cursor })
    // A cursor that leads back to itself would stream for ever.
    if (page.next_cursor === cursor) throw new GatewayError('upstream_failed', 'Cloudinary answered the same cursor twice.')
    this.#keep(page)
  }
}

/** Waits until the caller has taken what was yielded last. */
async function taken ({ raw, request }: FastifyReply): Promise<void> {
  // The stream writes a line in the turn in which it pulls the next one.
  await Promise.resolve()
  if (raw.writableNeedDrain) await once(raw, 'drain', { signal: request.callerGone })
}

/** Yields the lines of all pages. Logs a failure, because an answer that has begun can only be cut off. */
async function * linesOf (stream: LineStream, reply: FastifyReply): AsyncGenerator<Buffer> {
  const { request } = reply
  try {
    for (;;) {
      if (stream.lines.length > 0) yield stream.lines
      // The answer to HEAD is over with its head.
      if (!stream.cursor || request.method === 'HEAD') return
      await taken(reply)
      await stream.next(stream.cursor)
    }
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
    config: { action: 'getAllResources', example: { prefix: 'samples/', max_results: 5, tags: true } },
    schema: {
      operationId: 'getAllResources',
      tags: ['actions'],
      summary: 'Get All Resources',
      description: 'Lists assets of one kind, a page at a time. With `Accept: application/x-ndjson` every page is fetched and streamed, one asset a line. Where the header likes both types equally, or neither, the answer is one page as JSON.',
      querystring: Query,
      response: {
        200: {
          description: 'A page of assets. The `Link` header names the next one, unless it would be longer than 4 KiB.',
          content: { [JSON_PAGE]: { schema: Page }, [NDJSON]: { schema: Type.String() } }
        },
        ...problems(
          'invalid_request', 'unauthorized', 'forbidden', 'upstream_forbidden', 'not_found', 'asset_processing',
          'rate_limited', 'quota_exhausted', 'upstream_rejected', 'credentials_rejected', 'upstream_failed',
          'upstream_unavailable', 'upstream_timeout'
        )
      }
    },
    handler: async (request, reply) => {
      const { query } = request
      checkFilters(query)
      if (acceptedType(request.headers.accept, [JSON_PAGE, NDJSON]) === NDJSON) {
        const all = { ...query, max_results: query.max_results ?? LARGEST_PAGE }
        const { page } = await fetchPage(request, all)
        const stream = new LineStream(request, all, page)
        const lines = Readable.from(linesOf(stream, reply as never)) // it asks nothing of the reply's schema
        return reply.type(NDJSON).send(lines as never) // a stream, where the schema tells of its text
      }
      const { answer, page } = await fetchPage(request, query)
      const link = page.next_cursor ? nextLink(request.url, page.next_cursor) : undefined
      if (link !== undefined) reply.header('link', link)
      const advice = await folderAdvice(request, query, page)
      if (advice === undefined) return reply.relay(answer)
      return reply.relay({ ...answer, body: Buffer.from(JSON.stringify({ ...page, advice })) })
    }
  })
}
