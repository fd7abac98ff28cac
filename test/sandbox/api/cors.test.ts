import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { ROUTES } from '../../../src/sandbox/routes.ts'

const sandbox = await startSandbox()
t.teardown(() => sandbox.close())

/** What a browser asks before it lets a page of another origin send such a request. */
async function preflight (path: string, method: string) {
  const headers = { origin: 'https://page.example', 'access-control-request-method': method, 'access-control-request-headers': 'authorization' }
  const answer = await fetch(sandbox.url + path, { method: 'OPTIONS', headers })
  const { status } = answer
  return {
    status,
    allowed: [...answer.headers.keys()].filter((name) => name.startsWith('access-control-')),
    methods: answer.headers.get('access-control-allow-methods')
  }
}

/** A path of a route, with something in each of its places. */
const example = (path: string): string =>
  path.replace(/[:*]\w+\((\w+)[^)]*\)/g, '$1').replace(/[:*]\w+/g, 'x')

t.test('preflights are answered for uploads, and for no other route that there is', async (t) => {
  for (const { guard, method, path } of ROUTES) {
    const answer = await preflight(`/v1_1/demo/${example(path)}`, method)
    if (guard === 'upload') t.match(answer, { status: 200, methods: 'POST' }, path)
    else t.match(answer, { status: 400, allowed: { length: 0 } }, `${method} ${path}`)
  }
  t.equal(ROUTES.filter(({ guard }) => guard === 'upload').length, 3)
})

t.test('nor for what is the sandbox\'s own, and what is not there', async (t) => {
  for (const path of [
    '/_sandbox/reset', '/_sandbox/faults', '/_sandbox/requests', '/', '/v1_1', '/v1_1/demo',
    '/v1_1/demo/image/uploads', '/v1_1/demo/resources/image/upload',
    '/v1_1/demo%2Fresources%2Fimage/upload/upload', '/demo/image/upload/x.png'
  ]) {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const { status, allowed } = await preflight(path, method)
      t.ok(status >= 400, `${path} ${status}`)
      t.same(allowed, [], path)
    }
  }
})
