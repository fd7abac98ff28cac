import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { NO_CLIENTS, requireClient } from '../support/clients.ts'
import { exportCloudinaryUrl } from '../support/official-client.ts'

/** A file as Strapi's Media Library hands it over, and as the provider completes it. Size in kilobytes. */
interface StrapiFile {
  hash: string
  ext?: string
  path?: string
  size?: number
  stream?: Readable
  buffer?: Buffer
  url?: string
  provider_metadata?: { public_id: string, resource_type: string }
}
type Send = (file: StrapiFile, settings?: object) => Promise<void>
interface Provider {
  upload: Send
  uploadStream: Send
  replace: (file: StrapiFile, old: StrapiFile) => Promise<void>
  delete: Send
}

interface Strapi { init: (options: object) => Provider }

const picture = readFileSync(join(import.meta.dirname, '../fixtures/landscape.jpg'))
const kilobytes = (bytes: Buffer): number => Number((bytes.length / 1000).toFixed(2))

async function delivered ({ url = '' }: StrapiFile): Promise<Buffer> {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`${answer.status} for ${url}`)
  return Buffer.from(await answer.arrayBuffer())
}

t.test('@strapi/provider-upload-cloudinary, as its README configures it', { skip: NO_CLIENTS }, async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  t.teardown(exportCloudinaryUrl(sandbox))
  const strapi = requireClient('@strapi/provider-upload-cloudinary') as Strapi
  const provider = strapi.init({ cloud_name: 'demo', api_key: '1234', api_secret: 'abcd' })

  t.test('a stream and a buffer are stored byte for byte, in the folder that Strapi names', async (t) => {
    const stream = Readable.from([picture])
    const size = kilobytes(picture)
    const streamed: StrapiFile = { hash: 'Ete_1a2b', ext: '.jpg', path: 'blog/2026', size, stream }
    await provider.uploadStream(streamed)
    t.match(streamed, { provider_metadata: { public_id: 'blog/2026/Ete_1a2b', resource_type: 'image' } })
    t.ok((await delivered(streamed)).equals(picture))
    const text = Buffer.from('ten bytes.')
    const buffered: StrapiFile = { hash: 'notes_3c4d', ext: '.txt', size: kilobytes(text), buffer: text }
    await provider.upload(buffered)
    t.match(buffered, { provider_metadata: { resource_type: 'raw' } })
    t.equal((await delivered(buffered)).toString(), 'ten bytes.')
  })

  t.test('a file that Strapi takes for a large one goes in chunks', async (t) => {
    const bytes = randomBytes(13_000_000)
    const pieces = Array.from({ length: 13 }, (_, index) => bytes.subarray(index * 1e6, (index + 1) * 1e6))
    const stream = Readable.from(pieces)
    const large: StrapiFile = { hash: 'archive_5e6f', ext: '.bin', size: 99_000, stream }
    await provider.uploadStream(large, { chunk_size: 6_000_000 })
    t.ok((await delivered(large)).equals(bytes))
    const ranges = sandbox.requests.flatMap(({ content_range: range }) => range ?? [])
    const sent = ['0-5999999/-1', '6000000-11999999/-1', '12000000-12999999/13000000']
    t.strictSame(ranges, sent.map((range) => `bytes ${range}`))
  })

  t.test('a replacement keeps the public ID, or takes the place of an asset with another', async (t) => {
    const first: StrapiFile = { hash: 'cover_1', size: kilobytes(picture), buffer: picture }
    await provider.upload(first)
    const drawing = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>')
    const second: StrapiFile = { hash: 'cover_1', size: kilobytes(drawing), buffer: drawing }
    await provider.replace(second, first)
    t.match(second, { provider_metadata: { public_id: 'cover_1' } })
    t.ok((await delivered(second)).equals(drawing))
    const third: StrapiFile = { hash: 'cover_2', size: kilobytes(picture), buffer: picture }
    await provider.replace(third, second)
    t.ok((await delivered(third)).equals(picture))
    await t.rejects(delivered(second), { message: /^404/ })
  })

  t.test('a file is deleted, and one that is gone already is no failure', async (t) => {
    const file: StrapiFile = { hash: 'gone_1', size: kilobytes(picture), buffer: picture }
    await provider.upload(file)
    await provider.delete(file)
    await t.rejects(delivered(file), { message: /^404/ })
    await provider.delete(file)
  })

  t.test('a refusal reaches the editor in the words of Cloudinary', async (t) => {
    const empty: StrapiFile = { hash: 'empty', size: 0.01, buffer: Buffer.alloc(0) }
    await t.rejects(provider.upload(empty), { message: 'Error uploading to cloudinary: Empty file' })
  })
})
