import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { assertPublicId } from '../../../src/sandbox/upload/naming.ts'

const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const sandbox = await startSandbox()
t.teardown(() => sandbox.close())

async function ask (path: string, form?: Record<string, string>): Promise<Record<string, unknown>> {
  const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { headers: { authorization: `Basic ${btoa('1234:abcd')}` }, ...form && { method: 'POST', body: new URLSearchParams(form) } })
  return { http: answer.status, ...await answer.json() as object } // as everywhere in this API
}
const upload = (form: Record<string, string>) => ask('image/upload', { file: PIXEL, ...form })
const refused = (name: string, value: string | RegExp) => ({ http: 400, error: { message: typeof value === 'string' ? `${name} (${value}) is invalid` : value } })

t.test('400: public IDs with parts that no URL can carry', async (t) => {
  for (const id of ['a/../b', '..', '.', 'a/.', './a']) {
    t.throws(() => assertPublicId(id), { status: 400, message: `public_id (${id}) is invalid` })
    t.match(await upload({ public_id: id }), refused('public_id', id), id)
  }
  for (const id of ['...', 'a..b', '.hidden/x', 'a/..b']) t.doesNotThrow(() => assertPublicId(id), id)
  for (const name of ['folder', 'public_id_prefix']) {
    t.match(await upload({ public_id: 'x', [name]: '../x' }), refused('public_id', '../x/x'), name)
    t.match(await upload({ public_id: 'x', [name]: 'a//b' }), refused('public_id', 'a//b/x'), name)
  }
  t.match(await upload({ asset_folder: 'a/..', use_asset_folder_as_public_id_prefix: 'true' }), refused('', /^public_id \(a\/\.\.\/\w+\) is invalid$/))
  await upload({ public_id: 'there' })
  t.match(await ask('image/rename', { from_public_id: 'there', to_public_id: 'a/../b' }), refused('public_id', 'a/../b'))
})

t.test('400: folders of assets with such parts, when they are uploaded and when they are changed', async (t) => {
  await upload({ public_id: 'kept', asset_folder: '/a/b/' })
  for (const folder of ['a//b', 'a/../b', '..']) {
    t.match(await upload({ public_id: 'new', asset_folder: folder }), refused('asset_folder', folder), folder)
    t.match(await ask('resources/image/upload/kept', { asset_folder: folder }), refused('asset_folder', folder))
    t.match(await ask('image/explicit', { public_id: 'kept', type: 'upload', asset_folder: folder }), refused('asset_folder', folder))
  }
  t.match(await ask('resources/image/upload/kept'), { http: 200, asset_folder: 'a/b' })
  t.match(await ask('folders/a'), { folders: [{ path: 'a/b' }], total_count: 1 })
  t.match(await ask('resources/by_asset_folder?asset_folder=a/b'), { resources: [{ public_id: 'kept' }] }, 'what is listed can be looked into')
  t.match(await ask('folders/a%2F..%2Fb', {}), { http: 400, error: { message: 'Invalid folder path a/../b' } })
  t.match(await ask('resources/image/upload/kept', { asset_folder: '/' }), { http: 200, asset_folder: '' })
})
