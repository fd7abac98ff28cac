import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const DAY_MS = 86_400_000
let nowMs = Date.UTC(2030, 0, 1)
const sandbox = await startSandbox({ clock: () => nowMs })
t.teardown(() => sandbox.close())
for (const name of ['first', 'second', 'third']) {
  await sandbox.add(name, { tags: 'all' })
  nowMs += DAY_MS
}

async function list (path: string): Promise<{ status: number, ids: string[] | undefined, ignored: string | null }> {
  const answer = await fetch(`${sandbox.url}/v1_1/demo/resources/${path}`, { headers: { authorization: `Basic ${btoa('1234:abcd')}` } })
  const { resources } = await answer.json() as { resources?: { public_id: string }[] } // a list or an error
  return { status: answer.status, ids: resources?.map(({ public_id: id }) => id), ignored: answer.headers.get('x-sandbox-ignored') }
}

t.test('start_at: what was created since, in either direction, of every list of one type', async (t) => {
  const since = encodeURIComponent('Wed, 02 Jan 2030 00:00:00 GMT')
  t.match(await list(`image?start_at=${since}`), { ids: ['third', 'second'], ignored: null })
  t.match(await list(`image?start_at=${since}&direction=asc`), { ids: ['second', 'third'] })
  t.match(await list(`image/upload?start_at=${since}&direction=1`), { ids: ['second', 'third'] })
  t.match(await list(`image/tags/all?start_at=${since}`), { ids: ['third', 'second'] })
  t.match(await list('image?start_at=2030-01-05'), { ids: [] })
  t.match(await list('image?start_at=1999-01-01'), { ids: ['third', 'second', 'first'] })
  t.match(await list('image?start_at=yesterday'), { status: 400 })
})

t.test('start_at has no effect beside prefix and public_ids, and is named', async (t) => {
  t.match(await list('image/upload?start_at=2030-01-05&prefix=f'), { ids: ['first'], ignored: 'start_at' })
  t.match(await list('image/upload?start_at=2030-01-05&public_ids=first'), { ids: ['first'], ignored: 'start_at' })
})
