import t from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { officialClient } from '../support/official-client.ts'

const sandbox = await startSandbox()
const cloudinary = await officialClient(t, sandbox)
const { api, uploader } = cloudinary
t.teardown(() => sandbox.close())

type Field = { external_id: string, label: string, datasource?: { values: { external_id: string, value: string, state: string }[] } }
/** What the client has and its types do not know, or know otherwise. */
async function call (name: string, ...parameters: unknown[]): Promise<Record<string, unknown>> {
  const method = (api as unknown as Record<string, (...given: unknown[]) => Promise<Record<string, unknown>>>)[name] // by its documentation
  if (!method) throw new Error(`the client has no ${name}`)
  return method(...parameters)
}
const refusal = (call: Promise<unknown>): Promise<unknown> => call.then(() => 'not refused', (reason: { error: unknown }) => reason.error)
const listed = async (): Promise<string[]> => ((await api.list_metadata_fields()).metadata_fields as Field[]).map(({ external_id: id }) => id)

t.test('structured metadata: fields made, read, changed, ordered, deleted', async (t) => {
  await api.add_metadata_field({ external_id: 'b', label: 'First', type: 'string' })
  await api.add_metadata_field({ external_id: 'a', label: 'Second', type: 'integer', mandatory: false, validation: { type: 'less_than', value: 10 } } as object as Parameters<typeof api.add_metadata_field>[0]) // its types have no validation
  t.match(await refusal(api.add_metadata_field({ external_id: 'b', label: 'x', type: 'string' })), { http_code: 400, message: 'external id b already exists' })
  t.same(await listed(), ['b', 'a'], 'in the order in which they were made')
  t.same(Object.keys(await api.metadata_field_by_field_id('b')).filter((name) => ['position', 'createdMs'].includes(name)), [])
  t.match(await api.update_metadata_field('b', { label: 'Zebra' } as object as Parameters<typeof api.update_metadata_field>[1]), { external_id: 'b', label: 'Zebra' }) // a partial update
  t.match(await call('reorder_metadata_fields', 'label', 'asc'), { metadata_fields: [{ external_id: 'a' }, { external_id: 'b' }] })
  t.same(await listed(), ['a', 'b'])
  await call('reorder_metadata_fields', 'external_id', 'desc')
  t.same(await listed(), ['b', 'a'])
  await call('reorder_metadata_fields', 'created_at')
  t.same(await listed(), ['b', 'a'])
  t.match(await refusal(call('reorder_metadata_fields', 'colour')), { http_code: 400 })
  t.match(await api.delete_metadata_field('b'), { message: 'ok' })
  t.match(await refusal(api.metadata_field_by_field_id('b')), { http_code: 404 })
  t.match(await refusal(api.add_metadata_field({ external_id: 'b', label: 'Once more', type: 'string' })), { http_code: 400, message: 'external id b already exists' }, 'the id of a deleted field stays taken')
  t.same(await listed(), ['a'])
})

t.test('a default that the field itself would not take', async (t) => {
  const field = { external_id: 'day', label: 'Day', type: 'date', mandatory: true, default_value: '2024-01-31', validation: { type: 'and', rules: [{ type: 'greater_than', value: '2024-01-01' }, { type: 'less_than', value: '2024-01-20' }] } }
  t.match(await refusal(call('add_metadata_field', field)), { http_code: 400, message: 'default_value is invalid' })
  t.match(await refusal(call('add_metadata_field', { ...field, default_value: 'soon' })), { http_code: 400, message: 'default_value is invalid' })
  t.match(await call('add_metadata_field', { ...field, mandatory: false, default_value: '2024-01-10' }), { default_value: '2024-01-10' }, 'the id was not taken by what was refused')
  t.match(await refusal(call('update_metadata_field', 'day', { default_value: '2024-02-01' })), { http_code: 400, message: 'default_value is invalid' })
  await api.delete_metadata_field('day')
})

t.test('options: added, sorted, taken out of use and back', async (t) => {
  await call('add_metadata_field', { external_id: 'e', label: 'Colour', type: 'enum', datasource: { values: [{ external_id: 'r', value: 'red' }, { external_id: 'b', value: 'blue' }] } })
  t.match(await call('update_metadata_field_datasource', 'e', { values: [{ external_id: 'g', value: 'green' }, { external_id: 'r', value: 'crimson' }] }), {
    values: [{ external_id: 'r', value: 'crimson' }, { external_id: 'b', value: 'blue' }, { external_id: 'g', value: 'green' }]
  })
  t.match(await call('order_metadata_field_datasource', 'e', 'value', 'asc'), { values: [{ value: 'blue' }, { value: 'crimson' }, { value: 'green' }] })
  t.match(await call('order_metadata_field_datasource', 'e', 'value', 'desc'), { values: [{ value: 'green' }, { value: 'crimson' }, { value: 'blue' }] })
  await sandbox.add('x', { metadata: 'e=r' })
  const { values } = await api.delete_datasource_entries('e', ['r']) as { values?: { external_id: string }[] } // its types say that there is only a message
  t.same(values?.map(({ external_id: id }) => id), ['g', 'b'], 'the answer tells which remain')
  t.match(await refusal(api.update('x', { metadata: { e: 'r' } })), { http_code: 400 })
  t.match(await api.resource('x'), { metadata: { e: 'r' } }, 'who has it keeps it')
  await api.restore_metadata_field_datasource('e', ['r'])
  t.match(await api.update('x', { metadata: { e: 'r' } }), { metadata: { e: 'r' } })
})

t.test('update_metadata: many assets at once, only those that exist are named', async (t) => {
  await sandbox.add('y')
  t.same(await uploader.update_metadata('e=b|a=5', ['x', 'y', 'absent']), { public_ids: ['x', 'y'] })
  t.match(await api.resource('y'), { metadata: { e: 'b', a: 5 } })
  await t.rejects(uploader.update_metadata('a=50', ['x']), { message: 'Value 50 is invalid for metadata field a: must be less than 10' })
  t.match(await api.resource('x'), { metadata: { e: 'b', a: 5 } })
})
