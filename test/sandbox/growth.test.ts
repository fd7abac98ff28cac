import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { AssetRecord, OwnedDerived } from '../../src/sandbox/assets/asset.ts'
import { buildSandbox } from '../../src/sandbox/index.ts'

/** What a call may cost with ten times as many assets: a few more steps on the way to the first one. */
const MOST_GROWTH = 1.5
/** The same for a walk of all pages. */
const MOST_WALK_GROWTH = 12
const FEW = 300
const PAGE = 20

const hex = (number: number): string => number.toString(16).padStart(32, '0')
const folder = (index: number): string => `f${index % 7}/g${index % 3}`

function asset (index: number): AssetRecord {
  const created = new Date(Date.UTC(2030, 0, 1) + Math.floor(index / 3) * 1000).toISOString().replace('.000Z', 'Z')
  return {
    asset_id: hex(index),
    public_id: `p${index % 11}/${(index * 7919) % 1_000_003}`,
    resource_type: 'image',
    type: 'upload',
    version: 1,
    version_id: hex(index),
    format: 'png',
    bytes: 1,
    etag: hex(index),
    created_at: created,
    uploaded_at: created,
    sequence: index + 1,
    tags: ['all', `t${index % 5}`, `own${index}`],
    context: { by: `b${index % 5}`, alt: `a${index}` },
    moderation: [{ kind: 'manual', status: 'pending' }],
    access_mode: 'public',
    asset_folder: folder(index),
    display_name: index < 2 ? 'taken' : `n${index}`,
    api_key: '1234',
    blob: hex(index)
  }
}

function derived (index: number): OwnedDerived {
  return { id: hex(index), transformation: `c_scale,w_${index}`, format: 'png', bytes: 1, etag: hex(index), blob: hex(1e6 + index), created_at: '2030-01-01T00:00:00Z', asset_id: hex(1), order: index }
}

type Call = (method: 'GET' | 'POST' | 'DELETE', path: string, form?: Record<string, string>, headers?: Record<string, string>) => Promise<Record<string, unknown>>

/** A sandbox that holds `count` assets, derived assets of one of them and unfinished uploads, and counts what is read of them. */
async function filled (t: Test, count: number) {
  const { app, context, reset } = await buildSandbox({ minChunkBytes: 1, adminRateLimit: 1e9, publicUrl: 'http://sandbox.example', clock: () => Date.UTC(2031, 0, 1) })
  t.teardown(() => app.close())
  let reads = 0
  const counted = <T extends object>(record: T): T => new Proxy(record, {
    get (target, name) {
      reads++
      return Reflect.get(target, name)
    }
  })
  const store = context.store.cloud('demo')
  for (let index = 0; index < count; index++) {
    store.adopt(counted(asset(index)))
    store.adoptDerived(counted(derived(index)))
    // One upload has many pieces, which wait for its first.
    store.adoptDocument('chunk_piece', `many\n${String(10 + index).padStart(16, '0')}`, counted({ start: 10 + index, end: 10 + index, md5: '' }))
    store.adoptDocument('chunked', `u${index}`, counted({ bytes: 1, received: 1, end: 0, total: 9, touchedMs: Date.UTC(2031, 0, 1) }))
  }
  store.adoptDocument('chunked', 'many', counted({ bytes: 0, received: count, end: 9 + count, total: -1, touchedMs: Date.UTC(2031, 0, 1) }))
  const call: Call = async (method, path, form, headers = {}) => {
    const answer = await app.inject({
      method,
      url: path.startsWith('/') ? path : `/v1_1/demo/${path}`,
      headers: { authorization: `Basic ${btoa('1234:abcd')}`, ...form && { 'content-type': 'application/x-www-form-urlencoded' }, ...headers },
      ...form && { payload: new URLSearchParams(form).toString() }
    })
    if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.body}`)
    return answer.headers['content-type']?.toString().startsWith('application/json') ? answer.json() as Record<string, unknown> : {} // an object, as all of them
  }
  /** How much is read for something, once what is only read the first time has been. */
  const cost = async (work: (call: Call) => Promise<unknown>): Promise<number> => {
    await work(call)
    reads = 0
    await work(call)
    return reads
  }
  return { call, cost, reset, store }
}

const first = asset(1)
const update = (form: Record<string, string>) => (call: Call) => call('POST', `resources/image/upload/${encodeURIComponent(first.public_id)}`, form)
let pieces = 0
/** One call each; what it answers is the same however much is stored beside it. */
const CALLS: Readonly<Record<string, (call: Call) => Promise<unknown>>> = {
  'a list': (call) => call('GET', `resources/image?max_results=${PAGE}`),
  'a list of one type, the oldest first': (call) => call('GET', `resources/image/upload?direction=asc&max_results=${PAGE}`),
  'a list from a time on': (call) => call('GET', `resources/image?start_at=2030-01-01T00:01:00Z&direction=asc&max_results=${PAGE}`),
  'a list by prefix': (call) => call('GET', `resources/image/upload?prefix=p3/&max_results=${PAGE}`),
  'a list by prefix, the last first': (call) => call('GET', `resources/image/upload?prefix=p3/&direction=desc&max_results=${PAGE}`),
  'a list by tag': (call) => call('GET', `resources/image/tags/t3?max_results=${PAGE}`),
  'a list by context': (call) => call('GET', `resources/image/context?key=alt&value=a1&max_results=${PAGE}`),
  'a list by a key of context': (call) => call('GET', `resources/image/context?key=by&max_results=${PAGE}`),
  'a list by moderation': (call) => call('GET', `resources/image/moderations/manual/pending?max_results=${PAGE}`),
  'a list by folder': (call) => call('GET', `resources/by_asset_folder?asset_folder=${encodeURIComponent(folder(1))}&max_results=${PAGE}`),
  tags: (call) => call('GET', `tags/image?max_results=${PAGE}`),
  folders: (call) => call('GET', 'folders/f1'),
  'a search for folders': (call) => call('GET', 'folders/search?expression=name:g1'),
  usage: (call) => call('GET', 'usage'),
  transformations: (call) => call('GET', `transformations?max_results=${PAGE}`),
  'one transformation': (call) => call('GET', `transformations/${encodeURIComponent('c_scale,w_7')}`),
  'an asset with many derived ones': (call) => call('GET', `resources/image/upload/${encodeURIComponent(first.public_id)}`),
  'new tags for it': update({ tags: 'x' }),
  'a display name that another has': update({ display_name: 'taken', unique_display_name: 'true' }),
  'an upload with a display name that another has': (call) => call('POST', 'raw/upload', { file: 'data:;base64,AAAA', public_id: 'new', display_name: 'taken', unique_display_name: 'true' }),
  'a tag for one asset alone': (call) => call('POST', 'image/tags', { command: 'set_exclusive', tag: 'own1', public_ids: first.public_id }),
  'a piece of a chunked upload': (call) => call('POST', 'raw/upload', { file: 'data:;base64,AAAA' }, { 'x-unique-upload-id': `v${pieces++}`, 'content-range': 'bytes 0-2/9' }),
  'one more of many pieces': (call) => call('POST', 'raw/upload', { file: 'data:;base64,AAAA' }, { 'x-unique-upload-id': 'many', 'content-range': `bytes ${1e6 + 3 * pieces}-${1e6 + 3 * pieces++ + 2}/-1` }),
  'the first page': (call) => call('GET', '/'),
  'deleting by a prefix of nothing': (call) => call('DELETE', 'resources/image/upload?prefix=nothing'),
  'deleting by the tag of nothing': (call) => call('DELETE', 'resources/image/tags/nothing'),
  'deleting derived assets by id': (call) => call('DELETE', 'derived_resources?derived_resource_ids[]=0')
}

/** Walks all pages; each says where the next one begins. */
async function walk (call: Call, path: string, cursor = 'next_cursor'): Promise<void> {
  let next: unknown
  do next = (await call('GET', path + (next === undefined ? '' : `&${cursor}=${String(next)}`)))[cursor]
  while (typeof next === 'string')
}

const WALKS: Readonly<Record<string, (call: Call) => Promise<unknown>>> = {
  'all assets': (call) => walk(call, 'resources/image?max_results=100'),
  'all with a prefix': (call) => walk(call, 'resources/image/upload?prefix=p&max_results=100'),
  'all with a tag': (call) => walk(call, 'resources/image/tags/all?max_results=100'),
  'all that a search finds': (call) => walk(call, 'resources/search?expression=tags:all&max_results=100'),
  'all tags': (call) => walk(call, 'tags/image?max_results=100'),
  'all derived assets of one': (call) => walk(call, `resources/image/upload/${encodeURIComponent(first.public_id)}?max_results=100`, 'derived_next_cursor'),
  'all transformations': (call) => walk(call, 'transformations?max_results=100')
}

t.test('ten times as many assets: every call costs what it cost before, and a walk ten times as much', async (t) => {
  const [few, many] = [await filled(t, FEW), await filled(t, 10 * FEW)]
  for (const [name, work] of Object.entries(CALLS)) {
    const [before, after] = [await few.cost(work), await many.cost(work)]
    t.ok(after <= before * MOST_GROWTH, `${name}: ${before} reads, then ${after}`)
  }
  for (const [name, work] of Object.entries(WALKS)) {
    const [before, after] = [await few.cost(work), await many.cost(work)]
    t.ok(after <= before * MOST_WALK_GROWTH, `${name}: ${before} reads, then ${after}`)
  }
})

t.test('searching and starting over let others have their turn', async (t) => {
  const { call, reset, store } = await filled(t, 10 * FEW)
  const turnsDuring = async (work: Promise<unknown>): Promise<number> => {
    const state = { goesOn: true, turns: 0 }
    const ended = work.finally(() => { state.goesOn = false })
    for (; state.goesOn; state.turns++) await turn()
    await ended
    return state.turns
  }
  t.ok(await turnsDuring(call('GET', 'resources/search?expression=tags:all')) >= 6)
  t.ok(await turnsDuring(call('GET', 'resources/search?expression=tags:all&aggregate=format')) >= 12)
  t.ok(await turnsDuring(reset()) >= 6)
  t.equal([...store.all()].length, 0)
})
