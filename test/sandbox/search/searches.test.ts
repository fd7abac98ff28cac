import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const sandbox = await startSandbox()
t.teardown(() => sandbox.close())

interface Answer { total_count: number, resources: { public_id: string, tags?: string[] }[], next_cursor?: string }
const headers = { authorization: `Basic ${btoa('1234:abcd')}` }
async function search (query: Record<string, string>): Promise<Answer> {
  const answer = await fetch(`${sandbox.url}/v1_1/demo/resources/search?${new URLSearchParams({ expression: 'tags=a', max_results: '3', ...query }).toString()}`, { headers })
  return await answer.json() as Answer // as it is documented
}
const idsOf = ({ resources }: Answer): string[] => resources.map(({ public_id: id }) => id)
const byId = { sort_by: '[{"public_id":"asc"}]' }

t.test('pages go on after the last asset shown, as things are by then: nothing twice, nothing of before', async (t) => {
  for (const id of ['b', 'd', 'f', 'h', 'j']) await sandbox.add(id, { tags: 'a' })
  await sandbox.add('z')
  const first = await search(byId)
  t.match(first, { total_count: 5, resources: { length: 3 } })
  const cursor = { ...byId, next_cursor: first.next_cursor ?? '' }
  t.same(idsOf(await search(cursor)), ['h', 'j'], 'nothing has changed')
  await sandbox.add('c', { tags: 'a' })
  await sandbox.add('i', { tags: 'a,new' })
  await fetch(`${sandbox.url}/v1_1/demo/resources/image/upload?public_ids[]=h`, { method: 'DELETE', headers })
  const next = await search({ ...cursor, with_field: 'tags' })
  t.match(next, { total_count: 6, resources: [{ public_id: 'i', tags: ['a', 'new'] }, { public_id: 'j' }] })
  t.equal(next.next_cursor, undefined)
  await sandbox.add('j', { tags: 'b' })
  t.same(idsOf(await search(cursor)), ['i'], 'an asset that does not fit any more')
  await sandbox.reset()
  t.match(await search(cursor), { total_count: 0, resources: [] })
})
