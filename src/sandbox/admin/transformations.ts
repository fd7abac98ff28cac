import { SandboxError } from '../errors.ts'
import type { Call, Route } from '../http/call.ts'
import { derivedItem } from '../asset-views.ts'
import type { NamedTransformation } from '../transformation/named.ts'
import { normalise, parseTransformation } from '../transformation/parser.ts'
import { page } from './cursor.ts'

/** Named transformations, and those that made a derived asset. Source: Cloudinary, "Admin API reference", "transformations". */
export const transformationRoutes: Route[] = [
  { method: 'GET', path: 'transformations', guard: 'admin', action: async (call) => call.fields.has('transformation') ? details(call) : list(call) },
  { method: 'GET', path: 'transformations/*name', guard: 'admin', action: details },
  { method: 'POST', path: 'transformations', guard: 'admin', action: create },
  { method: 'POST', path: 'transformations/*name', guard: 'admin', action: create },
  { method: 'PUT', path: 'transformations', guard: 'admin', action: update },
  { method: 'PUT', path: 'transformations/*name', guard: 'admin', action: update },
  { method: 'DELETE', path: 'transformations', guard: 'admin', action: remove },
  { method: 'DELETE', path: 'transformations/*name', guard: 'admin', action: remove }
]

interface Listed { name: string, allowed_for_strict: boolean, used: boolean, named: boolean }

async function list (call: Call): Promise<unknown> {
  const used = new Set([...call.store.all()].flatMap(({ derived }) => derived.map(({ transformation }) => transformation)))
  const named: Listed[] = call.store.documents<NamedTransformation>('transformation').map(([name, { allowed_for_strict: strict = false }]) => (
    { name: `t_${name}`, allowed_for_strict: strict, used: used.has(`t_${name}`), named: true }))
  const plain: Listed[] = [...used].filter((name) => !named.some((one) => one.name === name)).map((name) => ({ name, allowed_for_strict: false, used: true, named: false }))
  const wanted = call.fields.has('named') ? (call.fields.flag('named') ? named : plain) : [...named, ...plain]
  const { items, ...next } = page(wanted, { name: 'transformations', keyOf: ({ name }) => [name], descending: [false] }, {
    cursor: call.fields.text('next_cursor'),
    maxResults: call.fields.integer('max_results', { min: 1, max: 500, fallback: 10 })
  })
  return { transformations: items, ...next }
}

async function details (call: Call): Promise<unknown> {
  const { name, document } = lookUp(call)
  const label = document ? `t_${name}` : name
  const found = [...call.store.all()].flatMap((record) => record.derived.filter(({ transformation }) => transformation === label).map((one) => ({ public_id: record.public_id, resource_type: record.resource_type, type: record.type, ...derivedItem(call, record, one) })))
  if (!document && found.length === 0) throw missing(name)
  const { components } = parseTransformation(document?.transformation ?? name)
  return {
    name: label,
    allowed_for_strict: document?.allowed_for_strict ?? false,
    used: found.length > 0,
    named: document !== undefined,
    info: components.map((component) => Object.fromEntries([...component].map(([key, value]) => [LONG_NAMES[key] ?? key, /^\d+(\.\d+)?$/.test(value) ? Number(value) : value]))),
    derived: found
  }
}

const LONG_NAMES: Readonly<Record<string, string>> = {
  a: 'angle',
  ar: 'aspect_ratio',
  b: 'background',
  bo: 'border',
  c: 'crop',
  co: 'color',
  dpr: 'dpr',
  e: 'effect',
  f: 'fetch_format',
  fl: 'flags',
  g: 'gravity',
  h: 'height',
  l: 'overlay',
  o: 'opacity',
  q: 'quality',
  r: 'radius',
  t: 'transformation',
  u: 'underlay',
  w: 'width',
  x: 'x',
  y: 'y',
  z: 'zoom'
}

async function create (call: Call): Promise<unknown> {
  const name = (call.fields.text('name') ?? call.params.name ?? '').replace(/^t_/, '')
  const transformation = call.fields.text('transformation')
  if (!/^[^/,\s]+$/.test(name)) throw new SandboxError(400, 'Missing required parameter - name')
  if (transformation === undefined) throw new SandboxError(400, 'Missing required parameter - transformation')
  if (call.store.document('transformation', name)) throw new SandboxError(409, `Transformation ${name} already exists`)
  await call.store.putDocument('transformation', name, { transformation: checked(transformation), allowed_for_strict: call.fields.flag('allowed_for_strict') })
  return { message: 'created' }
}

async function update (call: Call): Promise<unknown> {
  const { name, document } = lookUp(call)
  if (!document) throw missing(name)
  const replacement = call.fields.text('unsafe_update')
  await call.store.putDocument('transformation', name, {
    transformation: replacement === undefined ? document.transformation : checked(replacement),
    allowed_for_strict: call.fields.flag('allowed_for_strict', document.allowed_for_strict ?? false)
  })
  if (replacement !== undefined) await dropDerived(call, `t_${name}`)
  return { message: 'updated' }
}

async function remove (call: Call): Promise<unknown> {
  const { name, document } = lookUp(call)
  const dropped = await dropDerived(call, document ? `t_${name}` : name)
  if (document) await call.store.removeDocument('transformation', name)
  else if (!dropped) throw missing(name)
  return { message: 'deleted' }
}

/** Removes what a transformation made. @returns whether there was any. */
async function dropDerived (call: Call, transformation: string): Promise<boolean> {
  const using = [...call.store.all()].filter(({ derived }) => derived.some((one) => one.transformation === transformation))
  for (const record of using) await call.store.change(record.asset_id, (present) => ({ ...present, derived: present.derived.filter((one) => one.transformation !== transformation) }))
  return using.length > 0
}

function lookUp (call: Call): { name: string, document?: NamedTransformation } {
  const given = call.params.name ?? call.fields.text('transformation') ?? ''
  const bare = given.replace(/^t_/, '')
  const document = call.store.document<NamedTransformation>('transformation', bare)
  return document ? { name: bare, document } : { name: given }
}

function checked (transformation: string): string {
  return normalise(parseTransformation(transformation).components)
}

function missing (name: string): SandboxError {
  return new SandboxError(404, `Can't find transformation ${name}`)
}
