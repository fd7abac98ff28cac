import { missingParameter, SandboxError } from '../errors.ts'
import type { Call, Route } from '../api/call.ts'
import type { OwnedDerived } from '../assets/asset.ts'
import { derivedItem } from '../assets/asset-views.ts'
import { spelledOut } from '../transformation/long-names.ts'
import type { KnownTransformation } from '../transformation/named.ts'
import { canonical, normalise, parseTransformation } from '../transformation/parser.ts'
import { pageInOrder } from '../api/paging.ts'

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

/** Prefix of the label that a named transformation has. */
const LABEL = 't_'

interface Listed { name: string, allowed_for_strict: boolean, used: boolean, named: boolean }

async function list (call: Call): Promise<unknown> {
  const { fields } = call
  const isNamed = fields.has('named') ? fields.flag('named') : undefined
  const wanted = [...isNamed === false ? [] : [named], ...isNamed === true ? [] : [unnamed, undeclared]]
  const { items, ...next } = pageInOrder({
    name: 'transformations',
    keyOf: ({ name }: Listed) => [name],
    from: (key) => merged(wanted.map((source) => source(call, key && String(key[0]))))
  }, {
    cursor: fields.text('next_cursor'),
    maxResults: fields.integer('max_results', { min: 1, max: 500, fallback: 10 })
  })
  return { transformations: items, ...next }
}

/** Yields named transformations in order, starting at a label. */
function * named ({ store }: Call, from = ''): Iterable<Listed> {
  const isLabel = from.startsWith(LABEL)
  if (!isLabel && from > LABEL) return
  const first = isLabel ? from.slice(LABEL.length) : undefined
  const known = store.documentsFrom<KnownTransformation>('transformation', first)
  for (const [key, { allowed_for_strict: strict = false }] of known) {
    const name = LABEL + key
    yield { name, allowed_for_strict: strict, used: store.derived.isUsed(name), named: true }
  }
}

/** Yields chains that somebody made known, in order. */
function * unnamed ({ store }: Call, from?: string): Iterable<Listed> {
  const known = store.documentsFrom<KnownTransformation>('unnamed_transformation', from)
  for (const [name, { allowed_for_strict: strict = false }] of known) {
    yield { name, allowed_for_strict: strict, used: store.derived.isUsed(name), named: false }
  }
}

/** Yields transformations that have made something and are in neither list above, in order. */
function * undeclared ({ store }: Call, from?: string): Iterable<Listed> {
  for (const name of store.derived.transformations(from)) {
    const declared = store.document('unnamed_transformation', name) ??
      (name.startsWith(LABEL) ? store.document('transformation', name.slice(LABEL.length)) : undefined)
    if (declared === undefined) yield { name, allowed_for_strict: false, used: true, named: false }
  }
}

/** Merges sorted lists into one that is sorted. */
function * merged (lists: readonly Iterable<Listed>[]): Iterable<Listed> {
  const readers = lists.map((list) => list[Symbol.iterator]())
  const heads = readers.map((reader) => reader.next())
  for (;;) {
    const next = heads.reduce((least, { done, value }, index) => {
      return done || (least >= 0 && heads[least]?.value.name <= value.name) ? least : index
    }, -1)
    const head = heads[next]
    if (!head || head.done) return
    yield head.value
    heads[next] = readers[next]?.next() ?? { done: true, value: undefined }
  }
}

async function details (call: Call): Promise<unknown> {
  const { kind, label, document } = subjectOf(call)
  const { derived } = call.store
  const isUsed = derived.isUsed(label)
  if (!document && !isUsed) throw missing(label)
  const { items, ...next } = pageInOrder({
    name: 'made',
    keyOf: ({ id }: OwnedDerived) => [id],
    from: (key) => derived.madeBy(label, key && String(key[0]))
  }, {
    cursor: call.fields.text('next_cursor'),
    maxResults: call.fields.integer('max_results', { min: 1, max: 500, fallback: 10 })
  })
  return {
    name: label,
    allowed_for_strict: document?.allowed_for_strict ?? false,
    used: isUsed,
    named: kind === 'transformation',
    info: spelledOut(parseTransformation(document?.transformation ?? label).components),
    derived: items.flatMap((one) => shown(call, one)),
    ...next
  }
}

function shown (call: Call, derived: OwnedDerived): object[] {
  const record = call.store.findById(derived.asset_id)
  if (!record) return []
  const { public_id: publicId, resource_type: resourceType, type } = record
  return [{ public_id: publicId, resource_type: resourceType, type, ...derivedItem(call, record, derived) }]
}

/** A new one is allowed in strict mode unless the call says otherwise. Source: integration tests of the official clients. */
async function create (call: Call): Promise<unknown> {
  const given = call.fields.text('name') ?? call.params.name ?? ''
  const transformation = call.fields.text('transformation')
  if (given === '') throw missingParameter('name')
  if (transformation === undefined) throw missingParameter('transformation')
  // A chain that is called what it is has no name.
  const isUnnamed = canonicalIfChain(given) === canonical(transformation)
  const { kind, key } = isUnnamed ? chainSubject(given) : namedSubject(given)
  if (!isUnnamed && !/^[^/,\s]+$/.test(key)) throw new SandboxError(400, `Invalid transformation name ${given}`)
  if (call.store.document(kind, key)) throw new SandboxError(409, `Transformation ${key} already exists`)
  await call.store.putDocument(kind, key, { transformation: isUnnamed ? key : checked(transformation), allowed_for_strict: call.fields.flag('allowed_for_strict', true) })
  return { message: 'created' }
}

async function update (call: Call): Promise<unknown> {
  const { kind, key, label, document } = subjectOf(call)
  if (!document && !call.store.derived.isUsed(label)) throw missing(label)
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
  if (!document && !call.store.derived.isUsed(label)) throw missing(label)
  await dropDerived(call, label)
  await call.store.removeDocument(kind, key)
  return { message: 'deleted' }
}

/** Removes what a transformation made. */
async function dropDerived ({ store }: Call, label: string): Promise<void> {
  await store.removeDerived([...store.derived.madeBy(label)])
}

/** What a call speaks of: under which kind and key it is kept, and what derived assets call it. */
interface Subject { kind: 'transformation' | 'unnamed_transformation', key: string, label: string }

function namedSubject (given: string): Subject {
  const key = given.startsWith(LABEL) ? given.slice(LABEL.length) : given
  return { kind: 'transformation', key, label: LABEL + key }
}

function chainSubject (given: string): Subject {
  const key = canonicalIfChain(given)
  return { kind: 'unnamed_transformation', key, label: key }
}

function subjectOf (call: Call): Subject & { document: KnownTransformation | undefined } {
  const given = call.params.name ?? call.fields.text('transformation') ?? ''
  const known = (subject: Subject) => ({ ...subject, document: call.store.document<KnownTransformation>(subject.kind, subject.key) })
  const byName = known(namedSubject(given))
  return byName.document ? byName : known(chainSubject(given))
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
