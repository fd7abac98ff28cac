import t from 'tap'
import { postmanCollection } from '../../../src/plugins/docs/postman.ts'
import { WALK } from '../../../src/plugins/docs/postman-walk.ts'
import { startGateway } from '../../support/gateway.ts'

interface Request { method: string, url: { host: string[], path: string[], query: Array<{ key: string, disabled: boolean }> }, body?: { formdata?: Array<{ key: string, disabled: boolean }> } }
interface Shown { variable: Array<{ key: string, value: string }>, item: Array<{ name: string, request: Request }> }

t.test('GET /postman.json', async (t) => {
  t.test('names where it came from, and shows every operation with every field', async (t) => {
    const { app, url } = await startGateway(t, { routePrefix: '/media' })
    const { variable, item } = await (await fetch(`${url}/media/postman.json`)).json() as Shown // as built
    t.match(variable, [{ key: 'base_url', value: `${url}/media` }, { key: 'root_url', value: url }])
    t.same(item.filter(({ request: { url: { host } } }) => host[0] === '{{root_url}}').map(({ request: { url: { path } } }) => path[0]), ['healthz', 'readyz'], 'which have no prefix')
    const { paths } = app.swagger() as unknown as { paths: Record<string, Record<string, { operationId: string, summary: string, parameters?: Array<{ in: string, name: string }> }>> } // made by our own plugin
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
    t.same(item.map(({ name }) => name).sort(), operations.map(({ summary }) => summary).sort())
    t.same(Object.keys(WALK).sort(), operations.map(({ operationId }) => operationId).sort())
    const list = item.find(({ request: { method, url: { path } } }) => method === 'GET' && path.join('/') === 'resources')?.request
    t.same(list?.url.query.map(({ key }) => key), paths['/resources']?.['get']?.parameters?.filter((parameter) => parameter.in === 'query').map(({ name }) => name))
    t.same(list?.url.query.filter(({ disabled }) => !disabled).map(({ key }) => key), ['prefix', 'tags'])
    const upload = item.find(({ request: { url: { path } } }) => path.join('/') === 'upload')?.request
    t.match(upload?.body?.formdata?.find(({ key }) => key === 'folder'), { disabled: true, description: String })
  })

  t.test('leaves out what the document does not have', async (t) => {
    t.same(postmanCollection({}, 'http://x', '').item, [])
    const { item } = postmanCollection({ paths: { '/upload': { post: { operationId: 'uploadResource', requestBody: { content: { 'multipart/form-data': { schema: {} } } } } }, '/healthz': { get: { operationId: 'getHealth', requestBody: { content: {} } } }, '/direct-upload': { post: { operationId: 'directUpload', requestBody: { content: {} } } } } }, 'http://x', '')
    t.same(item.map(({ name }) => name), ['getHealth', 'uploadResource', 'directUpload'])
  })
})
