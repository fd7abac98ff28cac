import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici'
import { startSandbox } from '../../src/sandbox/index.ts'
import { importClient, NO_CLIENTS } from '../support/clients.ts'

/** What we use of the package: Directus calls the same members. */
interface Driver {
  write: (path: string, content: Readable) => Promise<void>
  read: (path: string, options?: { range?: { start?: number, end?: number } }) => Promise<Readable>
  stat: (path: string) => Promise<{ size: number, modified: Date }>
  exists: (path: string) => Promise<boolean>
  move: (from: string, to: string) => Promise<void>
  copy: (from: string, to: string) => Promise<void>
  delete: (path: string) => Promise<void>
  list: (prefix?: string) => AsyncIterable<string>
  createChunkedUpload: (path: string, context: Context) => Promise<Context>
  writeChunk: (path: string, content: Readable, offset: number, context: Context) => Promise<number>
  finishChunkedUpload: (path: string, context: Context) => Promise<void>
}
interface Context { size: number, metadata: Record<string, string | null> }
type ReadBytes = (...from: Parameters<Driver['read']>) => Promise<Buffer>
interface Package { default: new (config: object) => Driver }

const picture = readFileSync(join(import.meta.dirname, '../fixtures/landscape.jpg'))

/**
 * Leads both hosts of Cloudinary to the sandbox, since the driver has no setting for them. The driver stays
 * as published: its copy of undici sends through the dispatcher that all copies in a process share.
 */
function redirectCloudinary (t: Test, sandboxUrl: string): void {
  const before = getGlobalDispatcher()
  const agent = new Agent().compose((dispatch) => (options, handler) => {
    const isCloudinary = /^https:\/\/(api|res)\.cloudinary\.com$/.test(String(options.origin))
    return dispatch(isCloudinary ? { ...options, origin: sandboxUrl } : options, handler)
  })
  setGlobalDispatcher(agent)
  t.teardown(async () => {
    setGlobalDispatcher(before)
    await agent.close()
  })
}

t.test('@directus/storage-driver-cloudinary, as Directus configures it', { skip: NO_CLIENTS }, async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  redirectCloudinary(t, sandbox.url)
  const { default: DriverCloudinary } = await importClient('@directus/storage-driver-cloudinary') as Package
  const account = { cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd' }
  const driver = new DriverCloudinary({ root: 'uploads', accessMode: 'public', ...account })
  const read: ReadBytes = async (...from) => buffer(await driver.read(...from))
  const write = (path: string, bytes: Buffer): Promise<void> => driver.write(path, Readable.from([bytes]))

  t.test('what is written is read, whole and in part, and described', async (t) => {
    const files = { 'photo.jpg': picture, 'notes/Été 1, 2.txt': Buffer.from('some notes') }
    for (const [path, bytes] of Object.entries(files)) {
      await write(path, bytes)
      t.ok((await read(path)).equals(bytes), path)
      const part = await read(path, { range: { start: 2, end: 5 } })
      t.ok(part.equals(bytes.subarray(2, 6)), `${path}, four bytes of it`)
      t.match(await driver.stat(path), { size: bytes.length, modified: Date })
      t.equal(await driver.exists(path), true)
    }
    t.equal(await driver.exists('absent.jpg'), false)
    await t.rejects(driver.read('absent.jpg'), { message: 'No stream returned for file "absent.jpg"' })
  })

  t.test('files of the access mode authenticated are read by the driver alone', async (t) => {
    const guarded = new DriverCloudinary({ root: 'guarded', accessMode: 'authenticated', ...account })
    await guarded.write('photo.jpg', Readable.from([picture]))
    t.ok((await buffer(await guarded.read('photo.jpg'))).equals(picture))
    const { status } = await fetch(`${sandbox.url}/demo/image/upload/guarded/photo.jpg`)
    t.equal(status, 401)
  })

  t.test('a file of many chunks, which the driver sends at once', async (t) => {
    const bytes = randomBytes(14_000_000)
    await driver.write('large.bin', Readable.from([bytes.subarray(0, 6_000_000), bytes.subarray(6_000_000)]))
    t.ok((await read('large.bin')).equals(bytes))
  })

  t.test('an upload that Directus takes in pieces', async (t) => {
    const bytes = randomBytes(6_000_000)
    const context = await driver.createChunkedUpload('resumed.bin', { size: bytes.length, metadata: {} })
    let offset = 0
    for (const piece of [bytes.subarray(0, 5_242_880), bytes.subarray(5_242_880)]) {
      offset = await driver.writeChunk('resumed.bin', Readable.from([piece]), offset, context)
    }
    await driver.finishChunkedUpload('resumed.bin', context)
    t.equal(offset, bytes.length)
    t.ok((await read('resumed.bin')).equals(bytes))
  })

  t.test('files are copied, moved, listed and deleted', async (t) => {
    await write('albums/one.jpg', picture)
    await driver.copy('albums/one.jpg', 'albums/two.jpg')
    await driver.move('albums/one.jpg', 'albums/three.jpg')
    t.equal(await driver.exists('albums/one.jpg'), false)
    t.ok((await read('albums/two.jpg')).equals(picture))
    t.ok((await read('albums/three.jpg')).equals(picture))
    const listed: string[] = []
    for await (const path of driver.list('albums/')) listed.push(path)
    t.strictSame(listed.sort(), ['/albums/three.jpg', '/albums/two.jpg'])
    await driver.delete('albums/two.jpg')
    t.equal(await driver.exists('albums/two.jpg'), false)
    const refused = driver.move('albums/absent.jpg', 'albums/four.jpg')
    await t.rejects(refused, { message: /Resource not found - uploads\/albums\/absent/ })
  })
})
