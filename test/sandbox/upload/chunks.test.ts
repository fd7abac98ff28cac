import { createHash, randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { LevelJournal } from '../../../src/sandbox/store/journal.ts'
import type { Draft } from '../../../src/sandbox/store/blobs.ts'
import { buildSandbox, startSandbox, type Sandbox, type SandboxOptions } from '../../../src/sandbox/index.ts'
import { startSandboxProcess } from '../../support/sandbox-process.ts'
import { LONG } from '../../support/rounds.ts'

const BYTES = randomBytes(100)

async function start (t: Test, options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ minChunkBytes: 10, ...options })
  t.teardown(() => sandbox.close())
  return sandbox
}

interface Sent { id?: string, bytes?: Buffer, publicId?: string, async?: string, timestamp?: string }

async function send (sandbox: Pick<Sandbox, 'url'>, start: number, end: number, total: number | string, { id = 'u', bytes = BYTES, publicId = 'x', ...fields }: Sent = {}): Promise<Record<string, unknown>> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('public_id', publicId)
  form.set('file', new Blob([bytes.subarray(start, end + 1)]), 'f.bin')
  const answer = await fetch(`${sandbox.url}/v1_1/demo/raw/upload`, {
    method: 'POST',
    body: form,
    headers: { authorization: `Basic ${btoa('1234:abcd')}`, 'x-unique-upload-id': id, 'content-range': `bytes ${start}-${end}/${total}` }
  })
  return { status: answer.status, ...await answer.json() as object } // an upload answer or an error
}

const MD5 = createHash('md5').update(BYTES).digest('hex')

t.test('200: in order, with a known or an unknown total', async (t) => {
  const sandbox = await start(t)
  t.match(await send(sandbox, 0, 39, 100), { status: 200, done: false, bytes: 40, kind: 'upload', resource_type: 'raw', public_id: 'x', upload_id: 'u' })
  t.match(await send(sandbox, 40, 99, 100), { status: 200, done: true, bytes: 100, etag: MD5 })
  t.match(await send(sandbox, 0, 49, -1, { id: 'v' }), { done: false, bytes: 50 })
  t.match(await send(sandbox, 50, 99, 100, { id: 'v' }), { done: true, etag: MD5, overwritten: true })
  t.match(await send(sandbox, 0, 99, 100, { id: 'w' }), { done: true, etag: MD5 }, 'one chunk is enough')
})

t.test('200: a repeated chunk counts once, and the one that made it whole gets the same answer', async (t) => {
  const sandbox = await start(t)
  await send(sandbox, 0, 39, 100)
  t.match(await send(sandbox, 0, 39, 100), { status: 200, done: false, bytes: 40 })
  const done = await send(sandbox, 40, 99, 100)
  t.same(await send(sandbox, 40, 99, 100), done)
  t.same(await send(sandbox, 40, 99, 100, { timestamp: '1' }), done, 'when it was signed does not matter')
  t.match(await send(sandbox, 40, 99, 100, { publicId: 'other' }), { done: false, bytes: 60 }, 'another wish begins anew')
})

async function destroy (sandbox: Sandbox): Promise<void> {
  await fetch(`${sandbox.url}/v1_1/demo/raw/destroy`, { method: 'POST', headers: { authorization: `Basic ${btoa('1234:abcd')}` }, body: new URLSearchParams({ public_id: 'x' }) })
}

t.test('an id that is used again tells of no asset that is gone, and of no other file', async (t) => {
  const sandbox = await start(t)
  const ranges = [[0, 39], [40, 69], [70, 99]] as const
  const whole = async (publicId: string) => {
    const answers = []
    for (const [from, to] of ranges) answers.push(await send(sandbox, from, to, 100, { publicId }))
    return answers
  }
  const first = await whole('x')
  await destroy(sandbox)
  const again = await whole('x')
  t.match(again, [{ done: false, bytes: 40 }, { done: false, bytes: 70 }, { done: true, etag: MD5, public_id: 'x' }])
  t.not(again[2]?.asset_id, first[2]?.asset_id)
  t.match(await whole('y'), [{ done: false }, { done: false }, { done: true, public_id: 'y' }])
  await destroy(sandbox)
  t.match(await send(sandbox, 70, 99, 100), { done: false, bytes: 30 }, 'nor does the piece that made it whole')
})

t.test('an id that is used again for a file that begins alike and ends differently makes that file', async (t) => {
  const sandbox = await start(t)
  const other = Buffer.concat([BYTES.subarray(0, 40), randomBytes(60)])
  await send(sandbox, 0, 39, 100)
  await send(sandbox, 40, 99, 100)
  t.match(await send(sandbox, 0, 39, 100, { bytes: other }), { done: false, bytes: 40 })
  t.match(await send(sandbox, 40, 99, 100, { bytes: other }), { done: true, etag: createHash('md5').update(other).digest('hex') })
})

t.test('the answer to an asynchronous upload can be had again', async (t) => {
  const sandbox = await start(t)
  await send(sandbox, 0, 39, 100, { async: 'true' })
  const pending = await send(sandbox, 40, 99, 100, { async: 'true' })
  t.match(pending, { done: true, status: 'pending' })
  t.same(await send(sandbox, 40, 99, 100, { async: 'true' }), pending)
})

t.test('200: in any order, one after the other and all at once: it is whole when all bytes are there', async (t) => {
  const sandbox = await start(t)
  const ranges = [[0, 24], [25, 49], [50, 74], [75, 99]] as const
  const orders = [[3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1], [0, 2, 1, 3]]
  for (const order of orders) {
    const id = order.join('')
    for (const [count, index] of order.entries()) {
      const [from, to] = ranges[index] ?? [0, 0]
      // Some clients name the total in the last range only.
      const answer = await send(sandbox, from, to, order[0] === 3 && index !== 3 ? -1 : 100, { id, publicId: id })
      t.match(answer, { status: 200, done: count === 3, bytes: (count + 1) * 25, ...count === 3 && { etag: MD5 } }, `${id}: ${index}`)
    }
  }
  const answers = await Promise.all(ranges.map(([from, to]) => send(sandbox, from, to, 100, { id: 'parallel', publicId: 'parallel' })))
  t.match(answers.filter(({ done }) => done), [{ etag: MD5 }], 'one of them is told')
  t.equal(answers.filter(({ status, done }) => status === 200 && done === false).length, 3)
})

t.test('an id that has served its turn begins a new upload, also with bytes of the same ranges', async (t) => {
  const sandbox = await start(t)
  await send(sandbox, 0, 39, 100)
  await send(sandbox, 40, 99, 100)
  const bytes = randomBytes(100)
  t.match(await send(sandbox, 40, 99, 100, { bytes }), { done: false, bytes: 60 })
  t.match(await send(sandbox, 0, 39, 100, { bytes }), { done: true, etag: createHash('md5').update(bytes).digest('hex') })
})

t.test('400: overlaps, wrong lengths, other totals, other bytes, no range', async (t) => {
  const sandbox = await start(t)
  const invalid = { status: 400, error: { message: 'Content range is invalid' } }
  await send(sandbox, 0, 39, 100)
  t.match(await send(sandbox, 60, 79, 100), { done: false, bytes: 60 }, 'a gap may be filled later')
  t.match(await send(sandbox, 40, 69, 100), invalid, 'an overlap with a piece that waits')
  t.match(await send(sandbox, 80, 119, -1), invalid, 'more than the total')
  t.match(await send(sandbox, 0, 19, 20, { id: 'short' }), { done: true })
  await send(sandbox, 20, 39, -1, { id: 'longer' })
  t.match(await send(sandbox, 0, 19, 20, { id: 'longer' }), invalid, 'a total that is less than what is there')
  t.match(await send(sandbox, 30, 99, 100), invalid, 'an overlap')
  t.match(await send(sandbox, 40, 99, 200), invalid, 'another total')
  t.match(await send(sandbox, 0, 39, 100, { bytes: randomBytes(100) }), invalid, 'other bytes under the same range')
  t.match(await send(sandbox, 40, 109, 110), invalid, 'fewer bytes than the range says')
  t.match(await send(sandbox, 40, 99, 50), invalid, 'a range behind its total')
  await send(sandbox, 40, 59, 100)
  t.match(await send(sandbox, 80, 99, 100), { done: true, etag: MD5 }, 'none of this did any harm')
})

t.test('400: a chunk that is too small, unless it is the last', async (t) => {
  const sandbox = await start(t)
  t.match(await send(sandbox, 0, 8, 100), { status: 400, error: { message: 'All parts except EOF-chunk must be larger than 5mb' } })
  await send(sandbox, 0, 97, 100)
  t.match(await send(sandbox, 98, 99, 100), { done: true, bytes: 100 })
})

t.test('unfinished uploads are forgotten after a day, with their bytes', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-chunks-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  let nowMs = Date.UTC(2030, 0, 1)
  const sandbox = await start(t, { data: folder, clock: () => nowMs })
  await send(sandbox, 0, 39, 100)
  t.equal((await readdir(join(folder, 'blobs'))).length, 1)
  nowMs += 25 * 3_600_000
  t.match(await send(sandbox, 80, 99, 100), { done: false, bytes: 20 }, 'what was there is forgotten: this begins anew')
  nowMs += 25 * 3_600_000
  await send(sandbox, 0, 99, 100, { id: 'other' })
  t.equal((await readdir(join(folder, 'blobs'))).length, 1, 'pieces that wait are forgotten, too')
})

t.test('two uploads at once do not mix', async (t) => {
  const sandbox = await start(t)
  const other = randomBytes(100)
  const both = await Promise.all([{ id: 'a', bytes: BYTES, publicId: 'a' }, { id: 'b', bytes: other, publicId: 'b' }].map(async (options) => {
    await send(sandbox, 0, 49, -1, options)
    return send(sandbox, 50, 99, 100, options)
  }))
  t.match(both, [{ etag: MD5 }, { etag: createHash('md5').update(other).digest('hex') }])
})

t.test('few files stay open, however many uploads are unfinished; each goes on where it was', async (t) => {
  for (const data of [await temporaryFolder(t), ':memory:']) {
    const { app, context: { blobs } } = await buildSandbox({ minChunkBytes: 10, data })
    const open = new Set<string>()
    const counted = (draft: Draft): Draft => {
      open.add(draft.key)
      const close = draft.close.bind(draft)
      draft.close = () => {
        open.delete(draft.key)
        return close()
      }
      return draft
    }
    const [draft, resume] = [blobs.draft.bind(blobs), blobs.resume.bind(blobs)]
    blobs.draft = async () => counted(await draft())
    blobs.resume = async (...args) => {
      const resumed = await resume(...args)
      return resumed && counted(resumed)
    }
    const url = await app.listen({ port: 0 })
    const ids = Array.from({ length: 40 }, (_, index) => String(index))
    const sendAll = (from: number, to: number) => Promise.all(ids.map((id) => send({ url }, from, to, 100, { id, publicId: id })))
    for (const [from, to] of [[0, 39], [60, 99]] as const) t.same(new Set((await sendAll(from, to)).map(({ done }) => done)), new Set([false]))
    t.equal(open.size, 16)
    t.same(new Set((await sendAll(40, 59)).map(({ etag }) => etag)), new Set([MD5]))
    await send({ url }, 0, 39, 100)
    await app.close()
  }
})

t.test('500: a piece that could not be noted was not taken, and may come again', async (t) => {
  const folder = await temporaryFolder(t)
  for (const data of [folder, ':memory:']) {
    const { app, context: { store } } = await buildSandbox({ minChunkBytes: 10, data })
    const room = store.cloud('demo')
    const exchangeDocuments = room.exchangeDocuments.bind(room)
    const refused = async (from: number, to: number, bytes = BYTES) => {
      room.exchangeDocuments = async () => { throw new Error('no space left') }
      t.match(await send({ url }, from, to, 100, { bytes }), { status: 500 })
      room.exchangeDocuments = exchangeDocuments
    }
    const url = await app.listen({ port: 0 })
    await refused(0, 39, randomBytes(100))
    t.match(await send({ url }, 0, 39, 100), { done: false, bytes: 40 })
    await refused(70, 99)
    await refused(40, 69, randomBytes(100))
    if (data === folder) t.equal((await readdir(join(data, 'blobs'))).length, 1, 'no bytes of it stay')
    t.match(await send({ url }, 70, 99, 100), { done: false, bytes: 70 })
    t.match(await send({ url }, 40, 69, 100), { done: true, etag: MD5 })
    await app.close()
  }
})

async function temporaryFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-chunks-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Brings the records of a folder into the form that older versions gave them: pieces inside their uploads. */
async function makeOld (data: string): Promise<void> {
  const journal = await LevelJournal.open(join(data, 'records'))
  const rows: { key: string, kind: string, value: Record<string, unknown> }[] = []
  for await (const [key, value] of journal.load()) rows.push({ key, kind: key.split('\u0000')[1] ?? '', value: JSON.parse(value) as Record<string, unknown> })
  const parts = rows.filter(({ kind }) => kind === 'chunk_piece')
  const [upload] = rows.filter(({ kind }) => kind === 'chunked')
  const { received: _received, end: _end, ...old } = upload?.value ?? {}
  await journal.write([...parts.map(({ key }) => ({ key })), { key: upload?.key ?? '', value: JSON.stringify({ ...old, parts: parts.map(({ value }) => value) }) }])
  await journal.close()
}

t.test('an upload that an older version has left unfinished goes on', async (t) => {
  const data = await temporaryFolder(t)
  const first = await start(t, { data })
  await send(first, 0, 39, 100)
  t.match(await send(first, 70, 99, 100), { done: false, bytes: 70 })
  await first.close()
  await makeOld(data)
  const second = await start(t, { data })
  t.match(await send(second, 60, 79, 100), { status: 400 }, 'pieces are known')
  t.match(await send(second, 70, 99, 100), { done: false, bytes: 70 })
  t.match(await send(second, 40, 69, 100), { done: true, etag: MD5 })
})

t.test('kill -9 between two chunks: after the restart the next one makes the whole file', { skip: LONG }, async (t) => {
  const data = await temporaryFolder(t)
  const big = randomBytes(3_000_000)
  const first = await startSandboxProcess(t, data, { minChunkBytes: 10 })
  t.match(await send(first, 0, 999_999, -1, { bytes: big }), { done: false, bytes: 1_000_000 })
  t.match(await send(first, 0, 39, 100, { id: 'other', publicId: 'other' }), { done: false })
  await first.kill()
  const [part = ''] = (await readdir(join(data, 'blobs'))).filter((name) => name.endsWith('.part'))
  await appendFile(join(data, 'blobs', part), 'half a chunk that nobody was told to have arrived')
  const second = await startSandboxProcess(t, data, { minChunkBytes: 10 })
  t.match(await send(second, 0, 999_999, -1, { bytes: big }), { done: false, bytes: 1_000_000 }, 'the last chunk before the kill may come again')
  t.match(await send(second, 2_000_000, 2_999_999, 3_000_000, { bytes: big }), { done: false, bytes: 2_000_000 }, 'the last one waits for the one before')
  await second.kill()
  const third = await startSandboxProcess(t, data, { minChunkBytes: 10 })
  const done = await send(third, 1_000_000, 1_999_999, -1, { bytes: big })
  t.match(done, { done: true, bytes: 3_000_000, etag: createHash('md5').update(big).digest('hex') })
  const link = await fetch(`${third.url}/demo/raw/upload/x`)
  t.ok(Buffer.from(await link.arrayBuffer()).equals(big), 'byte for byte')
  await third.kill()
  const fourth = await startSandboxProcess(t, data, { minChunkBytes: 10 })
  t.same(await send(fourth, 1_000_000, 1_999_999, -1, { bytes: big }), done, 'the piece that made it whole gets the same answer, even now')
  t.match(await send(fourth, 40, 99, 100, { id: 'other', publicId: 'other' }), { done: true, etag: MD5 })
  t.equal((await readdir(join(data, 'blobs'))).length, 2, 'two assets and nothing else')
})

t.test('a restart in the moment between the last chunk and its answer: one asset, and its answer', async (t) => {
  const data = await temporaryFolder(t)
  const first = await start(t, { data })
  await send(first, 0, 39, 100)
  const done = await send(first, 40, 99, 100)
  await first.close()
  // What the journal held just before the answer was noted in it.
  const [blob = ''] = await readdir(join(data, 'blobs'))
  const journal = await LevelJournal.open(join(data, 'records'))
  for await (const [key, value] of journal.load()) {
    if (!key.includes('\u0000chunked\u0000')) continue
    const { answer, ...unfinished } = JSON.parse(value) as { answer: object } // written by the sandbox
    await journal.write([{ key, value: JSON.stringify({ ...unfinished, draft: blob }) }])
  }
  await journal.close()
  const second = await start(t, { data })
  t.match(await send(second, 40, 99, 100), { done: true, asset_id: done['asset_id'], version_id: done['version_id'], etag: MD5 })
  t.same(await readdir(join(data, 'blobs')), [blob])
  const link = await fetch(`${second.url}/demo/raw/upload/x`)
  t.ok(Buffer.from(await link.arrayBuffer()).equals(BYTES))
})

t.test('unfinished uploads expire by their clock while the sandbox is down, with their bytes', async (t) => {
  const data = await temporaryFolder(t)
  let nowMs = Date.UTC(2030, 0, 1)
  const clock = () => nowMs
  const first = await start(t, { data, clock })
  await send(first, 0, 39, 100)
  await first.close()
  nowMs += 23 * 3_600_000
  const second = await start(t, { data, clock })
  t.match(await send(second, 0, 39, 100), { done: false, bytes: 40 }, 'still there, and touched')
  await second.close()
  nowMs += 23 * 3_600_000
  const third = await start(t, { data, clock })
  t.equal((await readdir(join(data, 'blobs'))).length, 1)
  await third.close()
  nowMs += 2 * 3_600_000
  const fourth = await start(t, { data, clock })
  t.equal((await readdir(join(data, 'blobs'))).length, 0)
  t.match(await send(fourth, 40, 99, 100), { done: false, bytes: 60 })
})

t.test('a reset forgets unfinished uploads of an earlier process, too', async (t) => {
  const data = await temporaryFolder(t)
  const first = await start(t, { data })
  await send(first, 0, 39, 100)
  await send(first, 60, 79, 100)
  await first.close()
  const second = await start(t, { data })
  t.equal((await readdir(join(data, 'blobs'))).length, 2)
  await second.reset()
  t.equal((await readdir(join(data, 'blobs'))).length, 0)
  t.match(await send(second, 40, 99, 100), { done: false, bytes: 60 })
})
