import { missingParameter, SandboxError } from '../errors.ts'
import type { Call, Route } from '../api/call.ts'
import { derivedItem } from '../assets/asset-views.ts'
import { spelledOut } from '../transformation/long-names.ts'
import type { KnownTransformation } from '../transformation/named.ts'
import { canonical, normalise, parseTransformation } from '../transformation/parser.ts'
import { page } from '../api/paging.ts'

/** Named transformations, and chains without a name that made a derived asset or were made known. Source: Cloudinary, "Admin API reference", "transformations". */
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
  const known = (kind: Subject['kind'], labelOf: (key: string) => string): Listed[] => call.store.documents<KnownTransformation>(kind)
    .map(([key, { allowed_for_strict: strict = false }]) => ({ name: labelOf(key), allowed_for_strict: strict, used: used.has(labelOf(key)), named: kind === 'transformation' }))
  const named = known('transformation', (key) => `t_${key}`)
  const unnamed = known('unnamed_transformation', (key) => key)
  const told = new Set([...named, ...unnamed].map(({ name }) => name))
  const plain = [...unnamed, ...[...used].filter((name) => !told.has(name)).map((name) => ({ name, allowed_for_strict: false, used: true, named: false }))]
  const wanted = call.fields.has('named') ? (call.fields.flag('named') ? named : plain) : [...named, ...plain]
  const { items, ...next } = page(wanted, { name: 'transformations', keyOf: ({ name }) => [name], descending: [false] }, {
    cursor: call.fields.text('next_cursor'),
    maxResults: call.fields.integer('max_results', { min: 1, max: 500, fallback: 10 })
  })
  return { transformations: items, ...next }
}

async function details (call: Call): Promise<unknown> {
  const { kind, label, document } = subjectOf(call)
  const made = [...call.store.all()].flatMap((record) => record.derived.filter(({ transformation }) => transformation === label).map((derived) => ({ record, derived })))
  if (!document && made.length === 0) throw missing(label)
  const { items, ...next } = page(made, { name: 'made', keyOf: ({ derived }) => [derived.id], descending: [false] }, {
    cursor: call.fields.text('next_cursor'),
    maxResults: call.fields.integer('max_results', { min: 1, max: 500, fallback: 10 })
  })
  return {
    name: label,
    allowed_for_strict: document?.allowed_for_strict ?? false,
    used: made.length > 0,
    named: kind === 'transformation',
    info: spelledOut(parseTransformation(document?.transformation ?? label).components),
    derived: items.map(({ record, derived }) => ({ public_id: record.public_id, resource_type: record.resource_type, type: record.type, ...derivedItem(call, record, derived) })),
    ...next
  }
}

/** A new one is allowed in strict mode unless the call says otherwise. Source: integration tests of the official clients. */
async function create (call: Call): Promise<unknown> {
  const given = call.fields.text('name') ?? call.params.name ?? ''
  const transformation = call.fields.text('transformation')
  if (given === '') throw missingParameter('name')
  if (transformation === undefined) throw missingParameter('transformation')
  // A chain that is called what it is has no name.
  const isUnnamed = canonicalIfChain(given) === canonical(transformation)
  const { kind, key } = isUnnamed ? unnamed(given) : named(given)
  if (!isUnnamed && !/^[^/,\s]+$/.test(key)) throw new SandboxError(400, `Invalid transformation name ${given}`)
  if (call.store.document(kind, key)) throw new SandboxError(409, `Transformation ${key} already exists`)
  await call.store.putDocument(kind, key, { transformation: isUnnamed ? key : checked(transformation), allowed_for_strict: call.fields.flag('allowed_for_strict', true) })
  return { message: 'created' }
}

async function update (call: Call): Promise<unknown> {
  const { kind, key, label, document } = subjectOf(call)
  if (!document && !isUsed(call, label)) throw missing(label)
  const replacement = call.fields.text('unsafe_update')
  if (replacement !== undefined && kind !== 'transformation') throw new SandboxError(400, `Transformation ${label} has no name`)
  await call.store.putDocument(kind, key, {
    transformation: replacement === undefined ? document?.transformation ?? key : checked(replacement),
    allowed_for_strict: call.fields.flag('allowed_for_strict', document?.allowed_for_strict ?? false)
  })
  if (replacement !== undefined) await dropDerived(call, label)
  return { message: 'updated' }
}

async function remove (call: Call): Promise<unknown> {
  const { kind, key, label, document } = subjectOf(call)
  if (!document && !isUsed(call, label)) throw missing(label)
  await dropDerived(call, label)
  await call.store.removeDocument(kind, key)
  return { message: 'deleted' }
}

function isUsed (call: Call, label: string): boolean {
  return [...call.store.all()].some(({ derived }) => derived.some(({ transformation }) => transformation === label))
}

/** Removes what a transformation made. */
async function dropDerived (call: Call, label: string): Promise<void> {
  const using = [...call.store.all()].filter(({ derived }) => derived.some(({ transformation }) => transformation === label))
  for (const record of using) await call.store.change(record.asset_id, (present) => ({ ...present, derived: present.derived.filter(({ transformation }) => transformation !== label) }))
}

/** What a call speaks of: under which kind and key it is kept, and what derived assets call it. */
interface Subject { kind: 'transformation' | 'unnamed_transformation', key: string, label: string }

function named (given: string): Subject {
  const key = given.replace(/^t_/, '')
  return { kind: 'transformation', key, label: `t_${key}` }
}

function unnamed (given: string): Subject {
  const key = canonicalIfChain(given)
  return { kind: 'unnamed_transformation', key, label: key }
}

function subjectOf (call: Call): Subject & { document: KnownTransformation | undefined } {
  const given = call.params.name ?? call.fields.text('transformation') ?? ''
  const known = (subject: Subject) => ({ ...subject, document: call.store.document<KnownTransformation>(subject.kind, subject.key) })
  const byName = known(named(given))
  return byName.document ? byName : known(unnamed(given))
}

/** What is neither a name nor a chain is simply not there. */
function canonicalIfChain (text: string): string {
  try {
    return canonical(text)
  } catch (error) {
    if (error instanceof SandboxError) return text
    throw error
  }
}

function checked (transformation: string): string {
  return normalise(parseTransformation(transformation).components)
}

function missing (label: string): SandboxError {
  return new SandboxError(404, `Can't find transformation ${label}`)
}
