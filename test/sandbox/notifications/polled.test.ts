import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const AUTHORIZATION = `Basic ${btoa('1234:abcd')}`

t.test('a channel that is polled, and a batch, are taken and named as ignored: there is nothing to fetch here', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const post = async (path: string, fields: Record<string, string>): Promise<{ status: number, ignored: string | null }> => {
    const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { method: 'POST', headers: { authorization: AUTHORIZATION }, body: new URLSearchParams(fields) })
    return { status: answer.status, ignored: answer.headers.get('x-sandbox-ignored') }
  }
  const channel = { notification_url: 'poll://jobs' }
  const file = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
  t.same(await post('image/upload', { file, public_id: 'a', batch_id: 'b', ...channel }), { status: 200, ignored: 'batch_id, notification_url' })
  t.same(await post('image/upload', { file, public_id: 'a', eager_notification_url: 'poll://*' }), { status: 200, ignored: 'eager_notification_url' })
  t.same(await post('resources/image/upload/a', channel), { status: 200, ignored: 'notification_url' })
  t.same(await post('image/destroy', { public_id: 'a', ...channel }), { status: 200, ignored: 'notification_url' })
  t.match(await post('image/destroy', { public_id: 'a', notification_url: 'poll://a/b' }), { status: 400 }, 'no channel')
})
