import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

interface Answer { resources?: Array<{ public_id: string }>, error?: unknown }

t.test('rules of sorting in a query', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  for (const [name, width] of Object.entries({ b: 9, a: 5, c: 5 })) await sandbox.add(name, { width })
  const sorted = async (query: string): Promise<unknown> => {
    const answer = await fetch(`${sandbox.url}/v1_1/demo/resources/search?${query}`, {
      headers: { authorization: `Basic ${btoa('1234:abcd')}` }
    })
    const { resources, error } = await answer.json() as Answer // as documented
    return resources?.map((one) => one.public_id).join('') ?? error
  }
  const json = encodeURIComponent('[{"width":"asc"},{"public_id":"desc"}]')

  t.test('as JSON, as JSON repeated, and as the MCP server of Cloudinary writes them', async (t) => {
    t.equal(await sorted(`sort_by=${json}`), 'cab')
    t.equal(await sorted('sort_by=[{"public_id":"desc"}]'), 'cba')
    t.equal(await sorted('sort_by[]={"width":"asc"}&sort_by[]={"public_id":"desc"}'), 'cab')
    t.equal(await sorted('sort_by=width%2Casc&sort_by=public_id%2Cdesc'), 'cab')
    t.equal(await sorted('sort_by=public_id%2Casc'), 'abc')
  })

  t.test('anything else is refused', async (t) => {
    for (const rule of ['public_id', 'public_id,up', 'public_id,asc,width', '{"public_id":', ',asc']) {
      const message = `Invalid value ${rule} for parameter sort_by`
      t.strictSame(await sorted(`sort_by=${encodeURIComponent(rule)}`), { message })
    }
    const message = 'Invalid value up for parameter sort_by'
    t.strictSame(await sorted('sort_by={"public_id":"up"}'), { message })
  })
})
