import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'

const BASIC = { authorization: `Basic ${btoa('1234:abcd')}` }
const sandbox = await startSandbox()
t.teardown(() => sandbox.close())
const { asset_id: id } = await sandbox.add('present', { tags: 'a' })

async function ask (call: string, body?: object) {
  const [method = '', path = ''] = call.split(' ')
  const json = body && { headers: { ...BASIC, 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { method, headers: BASIC, ...json })
  return { status: answer.status, ignored: answer.headers.get('x-sandbox-ignored'), answer: await answer.json() as unknown }
}

t.test('members of a JSON body without effect are named, whatever the call', async (t) => {
  const calls: Readonly<Record<string, [body: object, ignored: string]>> = {
    'POST resources/search': [{ expression: 'tags:a', max_result: 5, colour: 'red' }, 'max_result, colour'],
    'POST resources/image/upload/present': [{ tags: ['b'], tag: 'c', contexts: 'x=y' }, 'tag, contexts'],
    [`PUT resources/${id}`]: [{ display_name: 'p', displayName: 'q' }, 'displayName'],
    'POST metadata_fields': [{ external_id: 'level', label: 'Level', type: 'integer', is_mandatory: true }, 'is_mandatory'],
    'PUT metadata_fields/level': [{ label: 'Height', type: 'string' }, 'type'],
    'POST upload_presets': [{ name: 'mine', unsigned: true, tags: 'a', max_bytes: 5 }, 'max_bytes'],
    'POST transformations': [{ name: 'small', transformation: 'w_10', label: 'x' }, 'label'],
    'POST folders/mine': [{ description: 'x' }, 'description'],
    'POST image/tags': [{ command: 'add', tag: 'z', public_ids: ['present'], invalidate: true }, 'invalidate'],
    'POST image/rename': [{ from_public_id: 'present', to_public_id: 'there', to_folder: 'x' }, 'to_folder'],
    'DELETE resources/image/upload': [{ public_ids: ['there'], version: 3 }, 'version']
  }
  for (const [call, [body, ignored]] of Object.entries(calls)) {
    t.match(await ask(call, body), { status: 200, ignored }, call)
  }
})

t.test('nothing is named where all of it counts, or asks for nothing', async (t) => {
  await sandbox.add('present', { tags: 'a' })
  const quiet: Readonly<Record<string, object | undefined>> = {
    'POST resources/search': { expression: 'tags:a', sort_by: [{ created_at: 'desc' }], max_results: 5, with_field: ['tags'] },
    'POST resources/image/upload/present': { tags: ['b'], context: 'x=y', unique_display_name: false, clear_invalid: false, headers: '' },
    'GET resources/image/upload/present?colors=false&exif=0&faces=true': undefined,
    'GET resources/image?max_results=2&tags=true&direction=asc': undefined,
    'POST image/tags': { command: 'add', tags: ['z'], public_ids: ['present'], type: 'upload' },
    'POST image/rename': { from_public_id: 'present', to_public_id: 'present', overwrite: true },
    'POST image/destroy': { public_id: 'absent', type: 'upload' }
  }
  for (const [call, body] of Object.entries(quiet)) t.match(await ask(call, body), { status: 200, ignored: null }, call)
})
