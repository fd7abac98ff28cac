import t from 'tap'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { brokenRule, isDate } from '../../../src/sandbox/assets/metadata-validation.ts'

const sandbox = await startSandbox()
t.teardown(() => sandbox.close())
t.beforeEach(() => sandbox.reset())

const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const call = async (method: string, path: string, body?: Record<string, unknown>) => {
  const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, {
    method, headers: { authorization: `Basic ${btoa('1234:abcd')}`, 'content-type': 'application/json' }, ...body && { body: JSON.stringify(body) }
  })
  return { status: answer.status, ...await answer.json() as { metadata?: Record<string, unknown>, error?: { message: string } } } // an asset or an error
}
/** The four ways to set metadata, for an asset `a`. */
const WAYS: ReadonlyArray<readonly [name: string, set: (metadata: string) => ReturnType<typeof call>]> = [
  ['upload', (metadata) => call('POST', 'image/upload', { file: PIXEL, public_id: 'a', metadata })],
  ['explicit', (metadata) => call('POST', 'image/explicit', { public_id: 'a', type: 'upload', metadata })],
  ['update', (metadata) => call('POST', 'resources/image/upload/a', { metadata })],
  ['metadata', (metadata) => call('POST', 'image/metadata', { public_ids: ['a'], metadata })]
]
const define = (field: Record<string, unknown>) => call('POST', 'metadata_fields', { label: 'Field', ...field })

t.test('400: what a field does not take is refused in every way to set it, and nothing changes', async (t) => {
  await sandbox.add('a')
  await define({ external_id: 'n', type: 'integer', validation: { type: 'and', rules: [{ type: 'greater_than', value: 0 }, { type: 'less_than', value: 10, equals: true }] } })
  await define({ external_id: 's', type: 'string', validation: { type: 'strlen', min: 2, max: 3 } })
  await define({ external_id: 'd', type: 'date', validation: { type: 'greater_than', value: '2024-01-01' } })
  await define({ external_id: 'e', type: 'enum', datasource: { values: [{ external_id: 'r', value: 'red' }, { external_id: 'g', value: 'green' }] } })
  await define({ external_id: 'm', type: 'set', datasource: { values: [{ external_id: 'r', value: 'red' }, { external_id: 'g', value: 'green' }] } })
  for (const [name, set] of WAYS) {
    for (const wrong of ['n=0', 'n=11', 'n=1.5', 'n=x', 's=a', 's=abcd', 'd=2024-01-01', 'd=2024-02-30', 'd=tomorrow', 'e=red', 'e=blue', 'm=["r","x"]', 'm=red', 'unknown=1']) {
      t.match(await set(wrong), { status: 400, error: { message: /invalid for metadata field|External IDs do not exist/ } }, `${name} ${wrong}`)
    }
    t.notOk((await call('GET', 'resources/image/upload/a')).metadata, 'nothing changed')
  }
  for (const [name, set] of WAYS) {
    t.match(await set('n=10|s=äöü|d=2024-01-02|e=g|m=["r","g"]'), { status: 200 }, name)
    t.same((await call('GET', 'resources/image/upload/a')).metadata, { n: 10, s: 'äöü', d: '2024-01-02', e: 'g', m: ['r', 'g'] }, name)
    await sandbox.add('a')
  }
})

t.test('400: a mandatory field is neither left out of an upload nor cleared; a default fills it', async (t) => {
  await sandbox.add('a')
  await define({ external_id: 'owner', type: 'string', mandatory: true })
  const missing = { status: 400, error: { message: 'Missing mandatory metadata fields: ["owner"]' } }
  t.match(await call('POST', 'image/upload', { file: PIXEL, public_id: 'b' }), missing)
  for (const [name, set] of WAYS) t.match(await set('owner='), missing, name)
  t.match(await call('POST', 'image/explicit', { public_id: 'a', type: 'upload', tags: 'x' }), { status: 200 }, 'an asset from before may be changed otherwise')
  await call('PUT', 'metadata_fields/owner', { default_value: 'nobody' })
  t.match(await call('POST', 'image/upload', { file: PIXEL, public_id: 'b' }), { status: 200, metadata: { owner: 'nobody' } })
})

t.test('an option that was taken out of use goes to no other asset, until it is restored', async (t) => {
  await define({ external_id: 'e', type: 'enum', datasource: { values: [{ external_id: 'r', value: 'red' }] } })
  await sandbox.add('a', { metadata: { e: 'r' } })
  t.match(await call('DELETE', 'metadata_fields/e/datasource', { external_ids: ['r'] }), { values: [] }, 'those that are left')
  t.match(await call('GET', 'metadata_fields/e'), { datasource: { values: [{ external_id: 'r', state: 'inactive' }] } })
  t.match(await call('GET', 'resources/image/upload/a'), { metadata: { e: 'r' } })
  await t.rejects(sandbox.add('b', { metadata: { e: 'r' } }), { message: /invalid for metadata field e/ })
  await call('POST', 'metadata_fields/e/datasource_restore', { external_ids: ['r'] })
  t.match(await sandbox.add('b', { metadata: { e: 'r' } }), { metadata: { e: 'r' } })
})

t.test('400: a validation that does not fit its field, a default that the field refuses', async (t) => {
  const rules = [{ type: 'strlen', min: 1 }, { type: 'greater_than', value: 'x' }, { type: 'greater_than' }, { type: 'and', rules: [] }, { type: 'nonsense' }, 5]
  for (const validation of rules) t.match(await define({ type: 'integer', validation }), { status: 400, error: { message: 'validation is invalid for metadata field of type integer' } }, JSON.stringify(validation))
  t.match(await define({ type: 'integer', default_value: 5, validation: { type: 'less_than', value: 5 } }), { status: 400 })
  t.match(await define({ type: 'integer', default_value: 4, validation: { type: 'less_than', value: 5 } }), { status: 200, default_value: 4 })
})

t.test('rules, at their borders', async (t) => {
  t.equal(brokenRule({ type: 'greater_than', value: 5 }, 5), 'must be greater than 5')
  t.equal(brokenRule({ type: 'less_than', value: 5, equals: true }, 6), 'must be less than or equal to 5')
  t.equal(brokenRule({ type: 'greater_than', value: 5 }, 10), undefined, 'numbers are not compared as texts')
  t.equal(isDate('2024-02-29'), true)
  for (const text of ['2023-02-29', '2024-13-01', '2024-2-1', '24-02-01', '']) t.equal(isDate(text), false, text)
})

t.test('clear_invalid: what a field does not take, or no longer takes, goes instead of standing in the way', async (t) => {
  await define({ external_id: 'e', type: 'enum', datasource: { values: [{ external_id: 'r', value: 'red' }, { external_id: 'g', value: 'green' }] } })
  await define({ external_id: 'n', type: 'integer' })
  await define({ external_id: 's', type: 'string' })
  const has = async () => (await call('GET', 'resources/image/upload/a')).metadata
  const clearing: ReadonlyArray<readonly [name: string, set: (metadata: string, clear?: boolean) => ReturnType<typeof call>]> = [
    ['explicit', (metadata, clear = true) => call('POST', 'image/explicit', { public_id: 'a', type: 'upload', metadata, clear_invalid: clear })],
    ['update', (metadata, clear = true) => call('POST', 'resources/image/upload/a', { metadata, clear_invalid: clear })],
    ['metadata', (metadata, clear = true) => call('POST', 'image/metadata', { public_ids: ['a'], metadata, clear_invalid: clear })]
  ]
  for (const [name, set] of clearing) {
    await call('POST', 'metadata_fields/e/datasource_restore', { external_ids: ['r'] })
    t.match(await call('POST', 'image/upload', { file: PIXEL, public_id: 'a', metadata: 'e=r|n=5|s=kept' }), { status: 200 })
    await call('DELETE', 'metadata_fields/e/datasource', { external_ids: ['r'] })
    t.match(await set('n=x', false), { status: 400 }, `${name}: refused without it`)
    t.match(await set('n=6', false), { status: 200 })
    t.same(await has(), { e: 'r', n: 6, s: 'kept' }, `${name}: without it, what has become invalid is preserved`)
    t.match(await set('n=x'), { status: 200 }, name)
    t.same(await has(), { s: 'kept' }, `${name}: the old value and the new one are gone`)
    t.match(await set('unknown=1'), { status: 400 }, `${name}: an unknown field is no invalid value`)
  }
  t.match(await call('POST', 'image/upload', { file: PIXEL, public_id: 'b', metadata: 'n=x|s=y', clear_invalid: true }), { status: 200, metadata: { s: 'y' } }, 'upload')
  await define({ external_id: 'must', type: 'integer', mandatory: true, default_value: 1 })
  t.match(await call('POST', 'image/upload', { file: PIXEL, public_id: 'c', metadata: 'must=x', clear_invalid: true }), { status: 400 }, 'a mandatory field is not emptied')
})

t.test('allow_dynamic_list_values: shown, and a value that is no option becomes one, in every way to set it', async (t) => {
  const datasource = { values: [{ external_id: 'r', value: 'red' }] }
  t.match(await define({ external_id: 'm', type: 'set', datasource, allow_dynamic_list_values: true }), { status: 200, allow_dynamic_list_values: true })
  t.match(await define({ external_id: 'e', type: 'enum', datasource }), { allow_dynamic_list_values: false })
  await sandbox.add('a')
  for (const [name, set] of WAYS) {
    t.match(await set(`m=["r","${name}"]`), { status: 200 }, name)
    t.same((await call('GET', 'resources/image/upload/a')).metadata, { m: ['r', name] }, name)
    t.match(await set(`e=${name}`), { status: 400 }, 'not where the field does not allow it')
  }
  const options = ['r', ...WAYS.map(([name]) => name)]
  t.match(await call('GET', 'metadata_fields/m'), { datasource: { values: options.map((id) => ({ external_id: id, state: 'active' })) } })
  t.match(await call('PUT', 'metadata_fields/m', { allow_dynamic_list_values: false }), { allow_dynamic_list_values: false })
  t.match(await call('POST', 'image/metadata', { public_ids: ['a'], metadata: 'm=["new"]' }), { status: 400 })
  t.match(await call('POST', 'image/metadata', { public_ids: ['a'], metadata: 'm=["upload"]' }), { status: 200 }, 'an option stays one')
})

t.test('PUT datasource answers with the ID and the value of each option, and nothing else', async (t) => {
  await define({ external_id: 'e', type: 'enum', datasource: { values: [{ external_id: 'r', value: 'red' }] } })
  const { status, error, ...answer } = await call('PUT', 'metadata_fields/e/datasource', { values: [{ external_id: 'g', value: 'green' }] })
  t.equal(status, 200)
  t.same(answer, { values: [{ external_id: 'r', value: 'red' }, { external_id: 'g', value: 'green' }] })
})

t.test('allow_dynamic_list_values: a list has at most 3,000 options, of 255 characters, however they come in', async (t) => {
  await sandbox.add('a')
  const values = Array.from({ length: 2998 }, (_, index) => ({ external_id: `o${index}`, value: `${index}` }))
  await define({ external_id: 'm', type: 'set', datasource: { values }, allow_dynamic_list_values: true })
  await define({ external_id: 'e', type: 'enum', datasource: { values }, allow_dynamic_list_values: true })
  const options = async (id: string) =>
    ((await call('GET', `metadata_fields/${id}`)) as {
      datasource?: { values: unknown[] }
    }).datasource?.values.length
  const long = 'x'.repeat(256)
  for (const [name, set] of WAYS) {
    for (const wrong of ['m=["1","2","3"]', `m=${long}`, `e=${long}`]) {
      t.match(await set(wrong), {
        status: 400, error: { message: /^Too many or too long values for metadata field/ }
      }, name)
    }
  }
  t.match(
    await call('POST', 'resources/image/upload/a', { metadata: `m=["new","o1","${long.slice(1)}"]|e=new` }),
    { status: 200 }
  )
  t.match(await call('POST', 'resources/image/upload/a', { metadata: 'm=["one more"]' }), { status: 400 })
  t.match(
    await call('POST', 'resources/image/upload/a', { metadata: 'm=["new","o2"]' }), { status: 200 },
    'what is there already may be used'
  )
  // All of them are checked before any is stored.
  await Promise.all(Array.from(
    { length: 8 }, (_, index) => call('POST', 'resources/image/upload/a', { metadata: `e=at once ${index}` })
  ))
  t.same([await options('m'), await options('e')], [3000, 3000])
  const more = { values: [{ external_id: 'by hand', value: 'v' }] }
  t.match(await call('PUT', 'metadata_fields/m/datasource', more), {
    status: 400, error: { message: 'Too many values for parameter datasource. Maximum is 3000.' }
  })
})
