import { SandboxError } from '../errors.ts'
import type { Call, Route } from '../http/call.ts'
import { checkedValue, type MetadataField } from '../metadata.ts'
import { readValidation } from '../metadata-validation.ts'

/** Structured metadata fields. Source: Cloudinary, "Admin API reference", "metadata_fields". */
export const metadataFieldRoutes: Route[] = [
  { method: 'GET', path: 'metadata_fields', guard: 'admin', action: async (call) => ({ metadata_fields: call.store.documents('metadata_field').map(([, field]) => field) }) },
  { method: 'POST', path: 'metadata_fields', guard: 'admin', action: create },
  { method: 'GET', path: 'metadata_fields/:id', guard: 'admin', action: async (call) => required(call) },
  { method: 'PUT', path: 'metadata_fields/:id', guard: 'admin', action: update },
  { method: 'DELETE', path: 'metadata_fields/:id', guard: 'admin', action: remove },
  { method: 'PUT', path: 'metadata_fields/:id/datasource', guard: 'admin', action: updateDatasource },
  { method: 'DELETE', path: 'metadata_fields/:id/datasource', guard: 'admin', action: async (call) => setState(call, 'inactive') },
  { method: 'POST', path: 'metadata_fields/:id/datasource_restore', guard: 'admin', action: async (call) => setState(call, 'active') }
]

const TYPES = ['string', 'integer', 'date', 'enum', 'set'] as const

async function create (call: Call): Promise<unknown> {
  const { fields } = call
  const label = fields.text('label')
  const type = TYPES.find((name) => name === fields.text('type'))
  if (label === undefined) throw new SandboxError(400, 'Missing required parameter - label')
  if (!type) throw new SandboxError(400, `Type ${fields.text('type') ?? ''} is invalid`)
  const id = fields.text('external_id') ?? call.context.random.name(20)
  if (call.store.document('metadata_field', id)) throw new SandboxError(400, `external id ${id} already exists`)
  const field: MetadataField = {
    external_id: id,
    type,
    label,
    mandatory: fields.flag('mandatory'),
    default_value: null,
    validation: readValidation(fields.json('validation'), type),
    restrictions: objectOf(fields.json('restrictions')),
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
    restrictions: objectOf(fields.json('restrictions')) ?? present.restrictions
  }
  return store(call, field)
}

/** The default must be a value that the field itself would take. */
async function store (call: Call, field: MetadataField): Promise<MetadataField> {
  const given = call.fields.raw('default_value')
  const text = Array.isArray(given) ? JSON.stringify(given) : call.fields.text('default_value')
  const stored = text === undefined ? field : { ...field, default_value: checkedValue(field, text) }
  await call.store.putDocument('metadata_field', field.external_id, stored)
  return stored
}

/** An option that is taken out of use stays with the assets that have it; no other gets it. */
async function setState (call: Call, state: string): Promise<unknown> {
  const field = required(call)
  const ids = call.fields.list('external_ids') ?? []
  if (ids.length === 0) throw new SandboxError(400, 'Missing required parameter - external_ids')
  const values = (field.datasource?.values ?? []).map((value) => ids.includes(value.external_id) ? { ...value, state } : value)
  await call.store.putDocument('metadata_field', field.external_id, { ...field, datasource: { values } })
  return { values }
}

async function updateDatasource (call: Call): Promise<unknown> {
  const field = required(call)
  const values = readValues(call, { values: call.fields.json('values') }, field.datasource?.values ?? [])
  await call.store.putDocument('metadata_field', field.external_id, { ...field, datasource: { values } })
  return { values }
}

async function remove (call: Call): Promise<unknown> {
  const { external_id: id } = required(call)
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
    const id = typeof entry.external_id === 'string' ? entry.external_id : call.context.random.name(20)
    values.set(id, { external_id: id, value: entry.value, state: 'active' })
  }
  return [...values.values()]
}

function objectOf (value: unknown): Record<string, unknown> | null {
  // An object that is no array: its members are looked at one by one.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : null
}
