import { SandboxError } from '../errors.ts'
import type { Call, Route } from '../api/call.ts'
import { checkedValue, MAX_OPTIONS, takes, type MetadataField } from '../assets/metadata.ts'
import { readValidation } from '../assets/metadata-validation.ts'
import { compareKeys } from '../api/paging.ts'

/** Structured metadata fields. Source: Cloudinary, "Admin API reference", "metadata_fields". */
export const metadataFieldRoutes: Route[] = [
  { method: 'GET', path: 'metadata_fields', guard: 'admin', action: async (call) => ({ metadata_fields: all(call).map(shown) }) },
  { method: 'POST', path: 'metadata_fields', guard: 'admin', action: create },
  { method: 'PUT', path: 'metadata_fields/order', guard: 'admin', action: reorder },
  { method: 'GET', path: 'metadata_fields/:id', guard: 'admin', action: async (call) => shown(required(call)) },
  { method: 'PUT', path: 'metadata_fields/:id', guard: 'admin', action: update },
  { method: 'DELETE', path: 'metadata_fields/:id', guard: 'admin', action: remove },
  { method: 'PUT', path: 'metadata_fields/:id/datasource', guard: 'admin', action: updateDatasource },
  { method: 'DELETE', path: 'metadata_fields/:id/datasource', guard: 'admin', action: deactivate },
  { method: 'POST', path: 'metadata_fields/:id/datasource_restore', guard: 'admin', action: async (call) => ({ values: await setState(call, 'active') }) },
  { method: 'POST', path: 'metadata_fields/:id/datasource/order', guard: 'admin', action: reorderDatasource }
]

const TYPES = ['string', 'integer', 'date', 'enum', 'set'] as const

async function create (call: Call): Promise<unknown> {
  const { fields } = call
  const label = fields.text('label')
  const type = TYPES.find((name) => name === fields.text('type'))
  if (label === undefined) throw new SandboxError(400, 'Missing required parameter - label')
  if (!type) throw new SandboxError(400, `Type ${fields.text('type') ?? ''} is invalid`)
  const id = fields.text('external_id') ?? call.random.name(20)
  if (call.store.document('metadata_field', id) || call.store.document('deleted_metadata_field', id)) throw new SandboxError(400, `external id ${id} already exists`)
  const field: MetadataField = {
    external_id: id,
    type,
    label,
    mandatory: fields.flag('mandatory'),
    default_value: null,
    validation: readValidation(fields.json('validation'), type),
    restrictions: objectOf(fields.json('restrictions')),
    ...(type === 'enum' || type === 'set') && dynamicList(call),
    position: Math.max(0, ...all(call).map(({ position = 0 }) => position)) + 1,
    createdMs: call.clock(),
    ...(type === 'enum' || type === 'set') && { datasource: { values: readValues(call, fields.json('datasource'), []) } }
  }
  return store(call, field)
}

async function update (call: Call): Promise<unknown> {
  const { fields } = call
  const present = required(call)
  const field: MetadataField = {
    ...present,
    label: fields.text('label') ?? present.label,
    mandatory: fields.flag('mandatory', present.mandatory),
    validation: readValidation(fields.json('validation'), present.type) ?? present.validation,
    restrictions: objectOf(fields.json('restrictions')) ?? present.restrictions,
    ...present.datasource && dynamicList(call, present),
    ...present.datasource && fields.has('datasource') && { datasource: { values: readValues(call, fields.json('datasource'), present.datasource.values) } }
  }
  return store(call, field)
}

function dynamicList ({ fields }: Call, present?: MetadataField): Pick<MetadataField, 'allow_dynamic_list_values'> {
  return { allow_dynamic_list_values: fields.flag('allow_dynamic_list_values', present?.allow_dynamic_list_values) }
}

/** The default must be a value that the field itself would take. */
async function store (call: Call, field: MetadataField): Promise<Record<string, unknown>> {
  const given = call.fields.raw('default_value')
  const text = Array.isArray(given) ? JSON.stringify(given) : call.fields.text('default_value')
  if (text !== undefined && !takes(field, text)) throw new SandboxError(400, 'default_value is invalid')
  const stored = text === undefined ? field : { ...field, default_value: checkedValue(field, text) }
  await call.store.putDocument('metadata_field', field.external_id, stored)
  return shown(stored)
}

/** In the order in which they were made, or into which somebody brought them. */
function all (call: Call): MetadataField[] {
  const fields = call.store.documents<MetadataField>('metadata_field').map(([, field]) => field)
  return fields.sort((one, other) => (one.position ?? 0) - (other.position ?? 0))
}

function shown ({ position, createdMs, ...field }: MetadataField): Record<string, unknown> { return field }

/** `order_by` `label` (default), `external_id` or `created_at`; source: the official Node client, "reorder_metadata_fields". */
async function reorder (call: Call): Promise<unknown> {
  const by = call.fields.text('order_by') ?? 'label'
  const keys: Readonly<Record<string, (field: MetadataField) => string | number>> = { label: ({ label }) => label, external_id: ({ external_id: id }) => id, created_at: ({ createdMs = 0 }) => createdMs }
  const key = Object.hasOwn(keys, by) ? keys[by] : undefined
  if (!key) throw new SandboxError(400, `Invalid value ${by} for parameter order_by`)
  const ordered = inDirection(call, all(call), key)
  await Promise.all(ordered.map((field, index) => call.store.putDocument('metadata_field', field.external_id, { ...field, position: index + 1 })))
  return { metadata_fields: ordered.map(shown) }
}

/** By value, which is all that the vendor can; source: as above, "order_metadata_field_datasource". */
async function reorderDatasource (call: Call): Promise<unknown> {
  const field = required(call)
  const by = call.fields.text('order_by') ?? 'value'
  if (by !== 'value' || !field.datasource) throw new SandboxError(400, `Invalid value ${by} for parameter order_by`)
  const values = inDirection(call, field.datasource.values, ({ value }) => value)
  await call.store.putDocument('metadata_field', field.external_id, { ...field, datasource: { values } })
  return { values }
}

function inDirection<T> (call: Call, items: readonly T[], key: (item: T) => string | number): T[] {
  const direction = call.fields.text('direction') ?? 'asc'
  if (direction !== 'asc' && direction !== 'desc') throw new SandboxError(400, `Invalid value ${direction} for parameter direction`)
  return [...items].sort((one, other) => compareKeys([key(one)], [key(other)], [direction === 'desc']))
}

/** The answer tells which are left; what shows the field itself shows all of them. Source: integration tests of the official clients. */
async function deactivate (call: Call): Promise<unknown> {
  return { values: (await setState(call, 'inactive')).filter(({ state }) => state === 'active') }
}

/** An option that is taken out of use stays with the assets that have it; no other gets it. */
async function setState (call: Call, state: string): Promise<Values> {
  const field = required(call)
  const ids = call.fields.list('external_ids') ?? []
  if (ids.length === 0) throw new SandboxError(400, 'Missing required parameter - external_ids')
  const values = (field.datasource?.values ?? []).map((value) => ids.includes(value.external_id) ? { ...value, state } : value)
  await call.store.putDocument('metadata_field', field.external_id, { ...field, datasource: { values } })
  return values
}

async function updateDatasource (call: Call): Promise<unknown> {
  const field = required(call)
  const values = readValues(call, { values: call.fields.json('values') }, field.datasource?.values ?? [])
  await call.store.putDocument('metadata_field', field.external_id, { ...field, datasource: { values } })
  return { values: values.map(({ external_id: id, value }) => ({ external_id: id, value })) }
}

async function remove (call: Call): Promise<unknown> {
  const { external_id: id } = required(call)
  // First, so that no moment leaves the id free: it stays taken for good. Source: integration tests of the official clients.
  await call.store.putDocument('deleted_metadata_field', id, {})
  await call.store.removeDocument('metadata_field', id)
  return { message: 'ok' }
}

function required (call: Call): MetadataField {
  const id = call.params.id ?? ''
  const field = call.store.document<MetadataField>('metadata_field', id)
  if (!field) throw new SandboxError(404, `External ID ${id} doesn't exist`)
  return field
}

type Values = NonNullable<MetadataField['datasource']>['values']

function readValues (call: Call, datasource: unknown, present: Values): Values {
  const entries = objectOf(datasource)?.values
  if (!Array.isArray(entries)) throw new SandboxError(400, 'Missing required parameter - datasource')
  const values = new Map(present.map((value) => [value.external_id, value]))
  for (const entry of entries.map(objectOf)) {
    if (typeof entry?.value !== 'string') throw new SandboxError(400, 'Invalid value for parameter datasource')
    const id = typeof entry.external_id === 'string' ? entry.external_id : call.random.name(20)
    values.set(id, { external_id: id, value: entry.value, state: 'active' })
  }
  if (values.size > MAX_OPTIONS) {
    throw new SandboxError(400, `Too many values for parameter datasource. Maximum is ${MAX_OPTIONS}.`)
  }
  return [...values.values()]
}

function objectOf (value: unknown): Record<string, unknown> | null {
  // An object that is no array: its members are looked at one by one.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : null
}
