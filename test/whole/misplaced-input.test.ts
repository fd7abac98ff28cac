import type { InjectOptions } from 'fastify'
import t from 'tap'
import { LONG } from '../support/rounds.ts'
import { samplePath, startWithRoutes, type TableRow } from '../support/route-table.ts'
import { talk } from '../support/talk.ts'

// Bodies where none is read, and fields in the wrong place. The rows come from the routes, so a new one is
// judged too.

type Shape = {
  type?: unknown,
  enum?: string[],
  pattern?: string,
  examples?: unknown[],
  minimum?: number,
  default?: unknown,
  anyOf?: Shape[]
}
type Fields = Record<string, Shape>
interface ObjectShape { properties?: Fields, required?: string[] }
interface Problem { errors: Array<{ pointer: string, message: string }> }

const bodyOf = ({ options: { config, schema } }: TableRow): ObjectShape | undefined => {
  const { content } = (config?.requestBody ?? {}) as {
    content?: Record<string, { schema: ObjectShape }>
  } // an OpenAPI request body
  if (content) {
    return {
      properties: Object.assign({}, ...Object.values(content).map(
        (each) => each.schema.properties ?? {}
      )) as Fields
    }
  }
  return schema?.body as ObjectShape | undefined
}
const queryOf = ({ options: { schema } }: TableRow): ObjectShape => schema?.querystring ?? {}
const nameOf = ({ method, options: { url } }: TableRow): string => `${method} ${url}`
const isGuarded = ({ options: { schema } }: TableRow): boolean => schema?.querystring !== undefined
const only = (fields: Fields = {}, others: Fields = {}): string[] => Object.keys(fields).filter(
  (name) => !(name in others)
)

/** A value that a field takes. */
function sampleOf (shape: Shape): unknown {
  const { type, enum: choices, pattern = '', examples, minimum = 1, anyOf } = shape
  if (examples) return examples[0]
  if (choices) return choices.findLast((choice) => choice !== shape.default)
  if (anyOf) return sampleOf(anyOf[0] ?? {})
  if (type === 'boolean') return true
  if (type === 'integer' || type === 'number') return minimum
  if (type === 'object') return { a: [[1, 2], [3, 4]] }
  if (type === 'array') return [{ create_derived: true }]
  if (pattern.includes('http')) return 'https://example.com/hook'
  return 'png'
}
const asText = (value: unknown): string => typeof value === 'string' ? value : JSON.stringify(value)
const search = (fields: Record<string, unknown>): string => new URLSearchParams(
  Object.entries(fields).map(([name, value]) => [name, asText(value)] as [string, string])
).toString()
const needed = ({ properties = {}, required = [] }: ObjectShape): Record<string, unknown> =>
  Object.fromEntries(required.filter((name) => properties[name]?.default === undefined).map((name) => [
    name, sampleOf(properties[name] ?? {})
  ]))

/** A request that is right, but for what a test adds to it. */
function rightRequest (
  row: TableRow, query: Record<string, unknown> = {}, body: Record<string, unknown> = {}
): InjectOptions {
  const { method, options: { url, config } } = row
  const known = bodyOf(row)
  const fields = config?.action === 'uploadResource'
    ? { file: 'https://example.com/cat.jpg' }
    : config?.action === 'explainSignature'
      ? { fields: { a: 1 }, signature: 'f' }
      : url.endsWith('/batch') ? { files: [{ name: 'a', size: 1 }] } : {}
  const payload = { ...known && needed(known), ...fields, ...body }
  return {
    method: method as 'GET', // one that the router knows
    url: `${samplePath(url)}?${search({ ...needed(queryOf(row)), ...query })}`,
    ...(
      config?.action === 'directUpload'
        ? {
            payload: '--b--\r\n', headers: { 'content-type': 'multipart/form-data; boundary=b' }
          }
        : known && { payload }
    )
  }
}

t.test('a body that a route does not read', async (t) => {
  const { app, base, upstream, table } = await startWithRoutes(t)
  const rows = table.filter((row) => !bodyOf(row))
  t.ok(rows.length >= 25, `${rows.length} routes read none`)
  const proofs = upstream.seen.length
  const JSON_BODY = '{"type":"private","public_id":"a"}'
  const NEXT = 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
  const bodies: Record<string, string> = {
    JSON: `Content-Type: application/json\r\nContent-Length: ${JSON_BODY.length}\r\n\r\n${JSON_BODY}`,
    text: 'Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx',
    'no type': 'Content-Length: 12\r\n\r\ntype=private',
    form: 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\ntype=private',
    chunks: 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    'chunks without a type': 'Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    'packed bytes': 'Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx',
    'one that is announced': 'Content-Length: 2000000000\r\n\r\n',
    'one that waits': 'Content-Length: 2\r\nExpect: 100-continue\r\n\r\n',
    'chunks that wait': 'Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n'
  }
  const empties: Record<string, string> = {
    'a bare type': 'Content-Type: application/json\r\n\r\n',
    'a bare type that nobody takes': 'Content-Type: text/plain\r\n\r\n',
    'no bytes': 'Content-Type: application/json\r\nContent-Length: 0\r\n\r\n',
    'no chunks': 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'no chunks and no type': 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
  }
  for (const row of rows) {
    const { method, url = '' } = rightRequest(row)
    const line = `${method} ${url as string} HTTP/1.1\r\nHost: a\r\n` // made above
    await Promise.all(Object.entries(bodies).map(async ([what, rest]) => {
      const isWhole = !/^(one|chunks) that/.test(what)
      const answer = await talk(base, `${line}${rest}${isWhole ? NEXT : ''}`)
      t.match(answer, /^HTTP\/1\.1 400 [^]*\r\nconnection: close\r\n/i, `${nameOf(row)}: 400 to ${what}`)
      if (method !== 'HEAD') t.match(answer, /takes no body here/, `${nameOf(row)}: ${what}`)
      t.equal(answer.match(/HTTP\/1\.1 \d/g)?.length, 1, 'what follows it is no request')
    }))
    t.equal(upstream.seen.length, proofs, `${nameOf(row)}: nothing was asked of Cloudinary`)
    const { statusCode } = await app.inject(rightRequest(row))
    await Promise.all(Object.entries(empties).map(async ([what, rest]) => {
      const answer = await talk(base, `${line}${rest}${NEXT}`)
      const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))
      t.same(statuses, [statusCode, 200], `${nameOf(row)}: ${what} is no body, and the connection goes on`)
    }))
    upstream.seen.splice(proofs)
  }
})

t.test('an empty body of a route that reads one', async (t) => {
  const { base, table } = await startWithRoutes(t)
  for (const row of table.filter(({ options: { schema } }) => schema?.body !== undefined)) {
    const line = `${row.method} ${samplePath(row.options.url)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n`
    const plain = (await talk(base, `${line}\r\n`)).split('\r\n')[0]
    for (const rest of [
      'Content-Type: text/plain\r\n',
      'Content-Type: text/plain\r\nContent-Length: 0\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n'
    ]) {
      const answer = await talk(base, `${line}${rest}\r\n${rest.includes('chunked') ? '0\r\n\r\n' : ''}`)
      t.equal(answer.split('\r\n')[0], plain, `${nameOf(row)} ${JSON.stringify(rest)}`)
    }
    for (const rest of ['Content-Type: text/plain\r\n', '']) {
      t.match(
        await talk(base, `${line}${rest}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`),
        /^HTTP\/1\.1 415 /,
        `${nameOf(row)}: 415 to another type`
      )
      t.match(await talk(base, `${line}${rest}Content-Length: 1\r\n\r\nx`), /^HTTP\/1\.1 415 /)
    }
    t.match(
      await talk(
        base,
        `${line}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{"nonsense_of":"a"\r\n1\r\n}\r\n0\r\n\r\n`
      ),
      /^HTTP\/1\.1 400 [^]*"pointer":"\/nonsense_of"/,
      `${nameOf(row)}: chunks are read`
    )
  }
})

t.test('fields in the wrong place', async (t) => {
  const { app, upstream, table } = await startWithRoutes(t)
  const rows = table.filter(isGuarded)
  t.ok(rows.length >= 17, `${rows.length} routes`)
  const proofs = upstream.seen.length
  const refused = async (
    request: InjectOptions, pointer: string, message: RegExp, what: string
  ): Promise<void> => {
    const answer = await app.inject(request)
    t.equal(answer.statusCode, 400, what)
    if (request.method === 'HEAD') return
    const fault = answer.json<Problem>().errors.find((each) => each.pointer === pointer)
    t.match(fault?.message, message, `${what}: ${JSON.stringify(answer.json<Problem>().errors)}`)
  }

  for (const row of rows) {
    const [query, body] = [queryOf(row).properties, bodyOf(row)?.properties]
    await t.test(`400: ${nameOf(row)}`, async (t) => {
      for (const name of only(body, query)) {
        await refused(
          rightRequest(row, { [name]: 'x' }), `/${name}`, /^belongs in the body$/, `${name} in the query`
        )
      }
      for (const name of body ? only(query, body) : []) {
        await refused(
          rightRequest(row, {}, { [name]: 'x' }), `/${name}`, /^belongs in the query$/, `${name} in the body`
        )
      }
      for (const name of body ? [] : only(query)) {
        await refused(
          { ...rightRequest(row), payload: { [name]: 'x' } }, '', /takes no body/, `${name} in the body`
        )
      }
      const isScalar = ({ type }: Shape): boolean => typeof type === 'string' && type !== 'array'
      for (const [name] of Object.entries(query ?? {}).filter(([, shape]) => isScalar(shape))) {
        const { url = '', ...rest } = rightRequest(row)
        const twice = { ...rest, url: `${url as string}&${name}=a&${name}=b` }
        await refused(twice, `/${name}`, /^must be one value, not a list of [23]$/, `${name} twice`)
      }
      await refused(
        rightRequest(row, { nonsense_field: 'x' }),
        '/nonsense_field',
        /^is not a field of this action/,
        'an unknown name in the query'
      )
      if (body && row.options.schema?.body) {
        await refused(
          rightRequest(row, {}, { environment: 'x' }),
          '/environment',
          /^belongs in the query or the X-Environment header$/,
          'the environment in the body'
        )
      }
      if (row.options.config?.action === 'directUpload') {
        const payload = '--b\r\nContent-Disposition: form-data; name="environment"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--b--\r\n'
        await refused(
          { ...rightRequest(row), payload },
          '/environment',
          /^belongs in the query or the X-Environment header$/,
          'the environment in the form'
        )
      }
      if (row.options.url.endsWith('/*')) {
        await refused(
          rightRequest(row, { public_id: 'x' }), '/public_id', /^belongs in the path$/, 'the ID in the query'
        )
      }
      if (row.options.url.endsWith('/*') && body) {
        await refused(
          rightRequest(row, {}, { public_id: 'x' }), '/public_id', /^belongs in the path$/, 'the ID in the body'
        )
      }
      t.equal(upstream.seen.length, proofs, 'nothing was asked of Cloudinary')
    })
  }

  for (const row of rows.filter((row) => row.options.config?.action !== 'directUpload')) {
    const query = queryOf(row).properties ?? {}
    const body = bodyOf(row)?.properties ?? {}
    // What concerns a 404 alone shows nothing here, where every asset is found.
    const both = Object.keys(query).filter((name) => name in body && name !== 'diagnose')
    if (both.length === 0) continue
    await t.test(`done as meant, wherever it stands: ${nameOf(row)}`, { skip: LONG }, async (t) => {
      const effect = async (
        inQuery: Record<string, unknown>, inBody: Record<string, unknown>
      ): Promise<object[]> => {
        const change = row.options.config?.action === 'updateResource' ? { tags: ['a'] } : {}
        const { statusCode } = await app.inject(rightRequest(row, inQuery, { ...change, ...inBody }))
        t.not(statusCode, 400, `${nameOf(row)} ${JSON.stringify([inQuery, inBody])}`)
        return upstream.seen.splice(proofs).map(
          ({ method, url, fields: { timestamp: _now, signature: _of, ...fields } }) => ({
            method, url, fields
          })
        )
      }
      const without = await effect({}, {})
      t.ok(without.length > 0, 'Cloudinary is asked')
      for (const name of both) {
        const value = sampleOf(body[name] ?? {})
        const [byQuery, byBody, byBoth] = [
          await effect({ [name]: value }, {}),
          await effect({}, { [name]: value }),
          await effect({ [name]: value }, { [name]: value })
        ]
        t.same(byQuery, byBody, `${name}=${asText(value)}`)
        t.same(byBoth, byBody, `${name} in both`)
        t.notSame(byBody, without, `${name} has an effect`)
      }
    })
  }
})
