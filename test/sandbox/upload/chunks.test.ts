import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startSandbox, type Sandbox, type SandboxOptions } from '../../../src/sandbox/index.ts'

const BYTES = randomBytes(100)

async function start (t: Test, options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ minChunkBytes: 10, ...options })
  t.teardown(() => sandbox.close())
  return sandbox
}

async function send (sandbox: Sandbox, start: number, end: number, total: number | string, { id = 'u', bytes = BYTES, publicId = 'x' } = {}): Promise<Record<string, unknown>> {
  const form = new FormData()
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

t.test('200: a repeated chunk counts once, and a repeated last one gets the same answer', async (t) => {
  const sandbox = await start(t)
  await send(sandbox, 0, 39, 100)
  t.match(await send(sandbox, 0, 39, 100), { status: 200, done: false, bytes: 40 })
  const done = await send(sandbox, 40, 99, 100)
  t.same(await send(sandbox, 40, 99, 100), done)
  t.equal((await send(sandbox, 0, 39, 100, { publicId: 'again' })).done, true, 'the first chunk is a repetition, too')
})

t.test('400: gaps, overlaps, wrong lengths, other totals, other bytes, no range', async (t) => {
  const sandbox = await start(t)
  const invalid = { status: 400, error: { message: 'Content range is invalid' } }
  t.match(await send(sandbox, 40, 99, 100), invalid, 'it begins in the middle')
  await send(sandbox, 0, 39, 100)
  t.match(await send(sandbox, 50, 99, 100), invalid, 'a gap')
  t.match(await send(sandbox, 30, 99, 100), invalid, 'an overlap')
  t.match(await send(sandbox, 40, 99, 200), invalid, 'another total')
  t.match(await send(sandbox, 0, 39, 100, { bytes: randomBytes(100) }), invalid, 'other bytes under the same range')
  t.match(await send(sandbox, 40, 109, 110), invalid, 'fewer bytes than the range says')
  t.match(await send(sandbox, 40, 99, 50), invalid, 'a range behind its total')
  t.match(await send(sandbox, 40, 99, 100), { done: true, etag: MD5 }, 'none of this did any harm')
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
  t.match(await send(sandbox, 40, 99, 100), { status: 400, error: { message: 'Content range is invalid' } })
  t.equal((await readdir(join(folder, 'blobs'))).length, 0)
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
