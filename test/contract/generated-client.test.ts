import t from 'tap'
import { startGateway } from '../support/gateway.ts'
import { NO_CLIENTS, requireClient } from '../support/clients.ts'

interface Answer { status: number, data: Record<string, unknown> }
type Operation = (parameters?: Record<string, unknown> | null, body?: unknown, settings?: object) => Promise<Answer>
type Made = Readonly<Record<string, Operation>>

/** What we use of the package: it makes a client from a document while the program runs. */
interface OpenApiClientAxios {
  readonly default: new (options: { definition: string, withServer: { url: string }, axiosConfigDefaults: object }) => { init: () => Promise<Made> }
}

const ANY_STATUS = { validateStatus: () => true }

async function made (url: string): Promise<Made> {
  const { default: OpenApiClient } = requireClient('openapi-client-axios') as OpenApiClientAxios
  const client = await new OpenApiClient({ definition: `${url}/openapi.json`, withServer: { url }, axiosConfigDefaults: ANY_STATUS }).init()
  return client
}

/** A multipart body from the fields that a signature came with, and the file. */
function withFile (fields: Record<string, string>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new Blob(['direct']), 'direct.txt')
  return form
}

t.test('a client that somebody else makes from /openapi.json calls the nine actions by their operationId', { skip: NO_CLIENTS }, async (t) => {
  const { url, sandbox } = await startGateway(t)
  const client = await made(url)
  const call = async (operation: string, ...given: Parameters<Operation>): Promise<Answer> => {
    const answer = await client[operation]?.(...given)
    if (!answer) throw new Error(`the document has no ${operation}`)
    return answer
  }
  const id = 'cats/tom, co'
  const kind = { resource_type: 'raw' }

  t.match(await call('uploadResource', null, { file: 'data:text/plain;base64,aGVsbG8=', public_id: id, ...kind, tags: ['a', 'b'] }), { status: 200, data: { public_id: id, bytes: 5, tags: ['a', 'b'] } })
  t.match(await call('getUrl', { public_id: id, ...kind }), { status: 200, data: { public_id: id, url: /^http/ } })
  t.match(await call('getAllResources', { ...kind, prefix: 'cats/', tags: true }), { status: 200, data: { resources: [{ public_id: id, tags: ['a', 'b'] }] } })
  t.match(await call('getResourceById', { public_id: id, ...kind }), { status: 200, data: { public_id: id, bytes: 5 } })
  t.match(await call('updateResource', { public_id: id }, { ...kind, tags: ['c'] }), { status: 200, data: { tags: ['c'] } })
  const { status, data } = await call('getSignedUrl', { public_id: id, ...kind, type: 'upload' })
  t.equal(status, 200)
  t.equal(await (await fetch(String(data['url']))).text(), 'hello')
  const signed = await call('generateSignature', null, { public_id: 'direct', ...kind })
  t.match(signed, { status: 200, data: { fields: { public_id: 'direct' } } })
  t.match(await call('directUpload', null, withFile({ ...signed.data['fields'] as Record<string, string>, ...kind })), { status: 200, data: { public_id: 'direct', bytes: 6 } })
  t.match(await call('deleteResource', { public_id: id, ...kind }), { status: 200, data: { result: 'ok', public_id: id } })
  t.match(await call('getResourceById', { public_id: id, ...kind }), { status: 404, data: { code: 'not_found' } })
  t.notOk(sandbox.requests.some(({ status }) => status === 401), 'and every call was signed well')
})
