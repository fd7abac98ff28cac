import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import t, { type Test } from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { NO_CLIENTS } from '../support/clients.ts'
import { bareNode } from '../support/product.ts'

interface Stored { path: string, filename: string, size: number }
interface Answer<Body> { status: number, body: Body }
/** Bytes by the name of the file. */
type Files = Readonly<Record<string, Uint8Array<ArrayBuffer>>>

const APP = join(import.meta.dirname, '../fixtures/multer-app.js')
const picture = readFileSync(join(import.meta.dirname, '../fixtures/landscape.jpg'))

/** The application, in a process of its own as everywhere; returns its address. */
async function startApp (t: Test, cloudinaryUrl: string): Promise<string> {
  const [program, ...args] = bareNode([APP])
  const child = spawn(program, args, {
    env: { ...process.env, CLOUDINARY_URL: cloudinaryUrl }, stdio: ['ignore', 'inherit', 'inherit', 'ipc']
  })
  t.teardown(async () => {
    child.kill()
    await once(child, 'exit')
  })
  const [port] = await once(child, 'message') as [number]
  return `http://127.0.0.1:${port}`
}

async function bytesAt (url: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(url)).arrayBuffer())
}

const refusal = (message: string): Answer<unknown> => ({ status: 400, body: { message } })

t.test('multer-storage-cloudinary, configured as its README says', { skip: NO_CLIENTS }, async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const url = await startApp(t, sandbox.cloudinaryUrl())
  const send = async <Body> (path: string, field: string, files: Files): Promise<Answer<Body>> => {
    const form = new FormData()
    for (const [name, bytes] of Object.entries(files)) form.append(field, new Blob([bytes]), name)
    const answer = await fetch(`${url}${path}`, { method: 'POST', body: form })
    return { status: answer.status, body: await answer.json() as Body } // of the application above
  }

  t.test('a picture is stored in the folder and in the format of the settings', async (t) => {
    const { status, body } = await send<Stored>('/picture', 'image', { 'Été.jpg': new Uint8Array(picture) })
    t.equal(status, 200)
    t.match(body, { filename: 'some-folder-name/computed-image', path: /\.png$/ })
    const converted = await bytesAt(body.path)
    t.equal(converted.length, body.size)
    const { width, height } = await sharp(picture).metadata()
    t.match(await sharp(converted).metadata(), { format: 'png', width, height })
  })

  t.test('all files of a request are stored byte for byte', async (t) => {
    const small = await sharp(picture).resize(10).png().toBuffer()
    const files = { 'one (1)': new Uint8Array(picture), two: new Uint8Array(small) }
    const { body } = await send<Stored[]>('/album', 'images', files)
    t.strictSame(body.map(({ filename }) => filename), ['album/one (1)', 'album/two'])
    const stored = await Promise.all(body.map(({ path }) => bytesAt(path)))
    t.same(stored, [picture, small])
  })

  t.test('a file that is no picture is refused in the words of Cloudinary', async (t) => {
    t.strictSame(await send('/album', 'images', { text: Buffer.from('text') }), refusal('Invalid image file'))
  })

  t.test('a request that multer refuses leaves nothing behind', async (t) => {
    const files = { first: new Uint8Array(picture), large: Buffer.alloc(1_000_001) }
    t.strictSame(await send('/album', 'images', files), refusal('File too large'))
    const removal = { path: '/v1_1/demo/image/destroy', fields: { public_id: 'album/first' }, status: 200 }
    t.match(sandbox.requests.at(-1), removal)
    const { status } = await fetch(`${sandbox.url}/demo/image/upload/album/first.jpg`)
    t.equal(status, 404)
  })
})
