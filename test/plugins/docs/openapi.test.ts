import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { buildApp } from '../../../src/app.ts'
import { environmentAt, testConfig } from '../../support/gateway.ts'

interface Document {
  openapi: string,
  servers: Array<{ url: string }>,
  paths: Record<string,
  Record<string,
  {
    operationId: string,
    parameters?: Array<{ name?: string, $ref?: string }>,
    requestBody?: { content: object }
  }>>
}

const root = join(import.meta.dirname, '../../..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string } // our own package.json
const build = (routePrefix = '') => buildApp({ config: testConfig([environmentAt('http://127.0.0.1:9')], { routePrefix }), version })

t.test('openapi.yaml is what the routes say now (npm run openapi writes it)', async (t) => {
  const app = await build()
  t.teardown(() => app.close())
  t.equal(readFileSync(join(root, 'openapi.yaml'), 'utf8'), await app.openapiYaml())
})

/** Longest schema, in characters of JSON, that may stand twice: a reference with a note, a short text. */
const SMALL = 140

/** Texts of all schemas, parameters and problems in a document, with the places where each stands. */
function placesByText (document: object): Map<string, string[]> {
  const places = new Map<string, string[]>()
  const walk = (value: unknown, place: string): void => {
    if (typeof value !== 'object' || value === null) return
    const text = JSON.stringify(value)
    // A list of responses holds references alone.
    if (text.length > SMALL && !place.endsWith('/responses')) {
      places.set(text, [
        ...places.get(text) ?? [], place
      ])
    }
    for (const [name, member] of Object.entries(value)) {
      if (!/^examples?$/.test(name)) {
        walk(
          member, `${place}/${name}`
        )
      }
    }
  }
  walk(document, '')
  return places
}

t.test('no schema, parameter or problem stands twice', async (t) => {
  const app = await build()
  t.teardown(() => app.close())
  const document = JSON.parse(JSON.stringify(app.swagger())) as Document & {
    components: Record<string, object>
  }
  t.same([...placesByText(document).values()].filter((places) => places.length > 1), [])
  const [copied] = Object.values(document.components['schemas'] ?? {}).filter(
    (schema) => JSON.stringify(schema).length > SMALL
  )
  t.ok(
    [...placesByText({ ...document, copied }).values()].some((places) => places.length > 1), 'a copy is found'
  )
  t.notMatch(JSON.stringify(document), /"x-/, 'no keyword of ours is left')
})

t.test('the nine actions are in the document, each with its path, its environment and its body', async (t) => {
  const app = await build()
  t.teardown(() => app.close())
  const document = (await app.inject('/openapi.json')).json() as Document
  t.equal(document.openapi, '3.1.0')
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, { operationId }]) => `${method} ${path} ${operationId}`))
  for (const action of [
    'post /upload uploadResource', 'post /upload/remote uploadRemoteResource', 'get /url getUrl', 'post /url getUrlFromJson', 'get /resources getAllResources', 'get /resources/{public_id} getResourceById',
    'patch /resources/{public_id} updateResource', 'delete /resources/{public_id} deleteResource', 'get /signed-url getSignedUrl',
    'get /assets/{asset_id} getResourceByAssetId', 'patch /assets/{asset_id} updateResourceByAssetId', 'delete /assets/{asset_id} deleteResourceByAssetId',
    'post /signed-url getSignedUrlFromJson', 'post /signature generateSignature', 'post /direct-upload directUpload'
  ]) t.ok(operations.includes(action), action)
  t.ok(
    document.paths['/resources/{public_id}']?.['get']?.parameters?.some(
      ({ $ref }) => $ref === '#/components/parameters/PublicId'
    )
  )
  t.ok(
    document.paths['/upload']?.['post']?.parameters?.some(
      ({ $ref }) => $ref === '#/components/parameters/XEnvironment'
    )
  )
  t.ok(
    document.paths['/upload']?.['post']?.parameters?.some(
      ({ $ref }) => $ref === '#/components/parameters/IdempotencyKey'
    ),
    'beside the route\'s own'
  )
  t.match(document.paths['/upload']?.['post']?.requestBody?.content, { 'multipart/form-data': {} })
  t.match(parse((await app.inject('/openapi.yaml')).body), { openapi: '3.1.0' })
  t.match(await app.inject('/docs/'), { statusCode: 200, headers: { 'content-type': /text\/html/ } })
})

t.test('behind a prefix the server says so and the paths stay the same', async (t) => {
  const app = await build('/media')
  t.teardown(() => app.close())
  const document = (await app.inject('/media/openapi.json')).json() as Document
  t.same(document.servers, [{ url: '/media' }])
  t.match(document.paths, { '/upload': { post: { servers: undefined } }, '/healthz': { get: { servers: [{ url: '/' }] } } })
  t.match((await app.inject('/media/postman.json')).json(), { info: { schema: /collection/ } })
  t.match(await app.inject('/media/docs/errors'), { statusCode: 200 })
  t.match(await app.inject('/media'), { statusCode: 302, headers: { location: '/media/docs/' } })
  t.match(await app.inject('/healthz'), { statusCode: 200 })
})
