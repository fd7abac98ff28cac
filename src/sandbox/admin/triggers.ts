import { isoTime } from '../assets/asset.ts'
import { missingParameter, notImitated, SandboxError } from '../errors.ts'
import type { Call, Route } from '../api/call.ts'
import type { Trigger } from '../notifications/notifier.ts'

/** Global notification addresses. Source: the official Python client, "triggers". */
export const triggerRoutes: Route[] = [
  { method: 'GET', path: 'triggers', guard: 'admin', action: list },
  { method: 'POST', path: 'triggers', guard: 'admin', action: create },
  { method: 'PUT', path: 'triggers/:id', guard: 'admin', action: update },
  { method: 'DELETE', path: 'triggers/:id', guard: 'admin', action: remove }
]

const MAX_TRIGGERS = 30

async function list (call: Call): Promise<unknown> {
  const type = call.fields.text('event_type')
  const triggers = all(call).filter((trigger) => type === undefined || trigger.event_type === type)
  return { triggers, total: triggers.length }
}

async function create (call: Call): Promise<unknown> {
  const uri = readUri(call, 'uri')
  const eventType = call.fields.text('event_type')
  if (eventType === undefined) throw missingParameter('event_type')
  if ((call.fields.text('uri_type') ?? 'webhook') !== 'webhook') throw notImitated('triggers other than webhooks')
  if (all(call).length >= MAX_TRIGGERS) throw new SandboxError(400, `Too many triggers. Maximum is ${MAX_TRIGGERS}.`)
  const now = isoTime(call.clock())
  const trigger: Trigger = {
    id: call.random.hex(64),
    uri,
    uri_type: 'webhook',
    event_type: eventType,
    additive: call.fields.flag('additive'),
    product_environment_id: call.cloud.cloudName,
    created_at: now,
    updated_at: now
  }
  await call.store.putDocument('trigger', trigger.id, trigger)
  return trigger
}

async function update (call: Call): Promise<unknown> {
  const trigger = required(call)
  const updated: Trigger = { ...trigger, uri: readUri(call, 'new_uri'), updated_at: isoTime(call.clock()) }
  await call.store.putDocument('trigger', trigger.id, updated)
  return { message: 'Trigger updated' }
}

async function remove (call: Call): Promise<unknown> {
  await call.store.removeDocument('trigger', required(call).id)
  return { message: 'Trigger deleted' }
}

function all (call: Call): Trigger[] {
  return call.store.documents<Trigger>('trigger').map(([, trigger]) => trigger)
}

function required (call: Call): Trigger {
  const id = call.params.id ?? ''
  const trigger = call.store.document<Trigger>('trigger', id)
  if (!trigger) throw new SandboxError(404, `Can't find trigger ${id}`)
  return trigger
}

function readUri (call: Call, name: string): string {
  const uri = call.fields.text(name)
  if (uri === undefined) throw missingParameter(name)
  if (!/^https?:\/\//i.test(uri) || !URL.canParse(uri)) throw new SandboxError(400, `Invalid value ${uri} for parameter ${name}`)
  return uri
}
