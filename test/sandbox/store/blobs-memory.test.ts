import { randomBytes } from 'node:crypto'
import t from 'tap'
import { MemoryBlobs } from '../../../src/sandbox/store/blobs-memory.ts'

const BYTES = randomBytes(100)

async function start () {
  const blobs = new MemoryBlobs()
  const write = (from: number, to: number) => blobs.write((async function * () { yield BYTES.subarray(from, to) })())
  const [head, tail] = [await write(0, 40), await write(40, 100)]
  return { blobs, head, tail }
}

t.test('a draft that was closed goes on where it was; what it has beyond that is cut off', async (t) => {
  const { blobs, head, tail } = await start()
  const draft = await blobs.draft()
  await draft.append(head.key)
  await draft.append(head.key)
  await draft.close()
  t.equal(await blobs.resume(draft.key, 81), undefined, 'not so many')
  t.equal(await blobs.resume('none', 0), undefined)
  const resumed = await blobs.resume(draft.key, 40)
  t.equal(resumed?.bytes, 40)
  await resumed?.append(tail.key)
  const whole = await resumed?.finish()
  t.ok(BYTES.equals(await blobs.buffer(whole?.key ?? '')))
  t.equal(await blobs.resume(draft.key, 40), undefined, 'it is spent')
})

t.test('a draft that was thrown away is gone, by whoever did it', async (t) => {
  const { blobs, head } = await start()
  const [one, other] = [await blobs.draft(), await blobs.draft()]
  await one.append(head.key)
  await one.discard()
  await blobs.discard(other.key)
  t.same([await blobs.resume(one.key, 0), await blobs.resume(other.key, 0)], [undefined, undefined])
})

t.test('bytes: whole, in part, kept, removed, swept', async (t) => {
  const { blobs, tail } = await start()
  const kept = await blobs.keep(BYTES)
  t.same(Buffer.concat(await blobs.read(kept, { start: 10, end: 19 }).toArray()), BYTES.subarray(10, 20))
  t.same(await blobs.stat(kept), { bytes: 100 })
  t.equal(blobs.path(), undefined)
  await blobs.remove(kept)
  t.equal(await blobs.stat(kept), undefined)
  await t.rejects(blobs.buffer(kept), { message: `No blob ${kept}` })
  await blobs.sweep({ blobs: new Set([tail.key]) })
  t.same(await blobs.stat(tail.key), { bytes: 60 })
})
