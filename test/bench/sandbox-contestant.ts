import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import sharp from 'sharp'
import { addAsset } from '../../src/sandbox/add-asset.ts'
import { buildSandbox } from '../../src/sandbox/index.ts'
import { CHAINS, PHOTOS } from './sandbox-chains.ts'

/**
 * One side of the sandbox's bench, in a process of its own: a sandbox with a photo, its derived asset and the same
 * bytes as a static file, or sharp alone on the same photo.
 */
export interface ContestantOrder { readonly bare?: { readonly chain: string, readonly count: number, readonly optimiseCoding: boolean } }
export interface ContestantState { readonly url: string, readonly derived: string, readonly file: string, readonly pid: number }

const WIDTH = 2000
const HEIGHT = 1500
const folder = mkdtempSync(join(tmpdir(), 'bench-sandbox-'))
const { app, context } = await buildSandbox({ data: join(folder, 'data') })
await app.register(fastifyStatic, { root: folder, prefix: '/static/', allowedPath: (name) => name.endsWith('.webp') })
process.on('disconnect', () => {
  app.close().finally(() => {
    rmSync(folder, { recursive: true, force: true })
    process.exit()
  })
})

// Structure at every scale, so that decoding and encoding have something to do.
const noise = await sharp({ create: { width: WIDTH / 4, height: HEIGHT / 4, channels: 3, background: '#888', noise: { type: 'gaussian', mean: 128, sigma: 40 } } }).png().toBuffer()
const photo = await sharp(noise).resize(WIDTH, HEIGHT, { kernel: 'cubic' }).jpeg({ quality: 90 }).toBuffer()
const path = join(folder, 'photo.jpg')
await writeFile(path, photo)
for (let at = 0; at < PHOTOS; at++) await addAsset(context, `photo/${at}`, { file: photo })
// The sandbox renders with one thread to a picture; so does its rival.
sharp.cache(false)
sharp.concurrency(1)

const url = await app.listen({ port: 0, host: '127.0.0.1' })
const derived = '/demo/image/upload/c_fill,h_300,w_400/v1/photo/0.webp'
await writeFile(join(folder, 'derived.webp'), Buffer.from(await (await fetch(url + derived)).arrayBuffer()))

async function renderBare ({ chain, count, optimiseCoding }: NonNullable<ContestantOrder['bare']>): Promise<void> {
  for (let at = 0; at < count; at++) {
    const bytes = await CHAINS[chain]?.(sharp(path).autoOrient()).jpeg({ quality: 80, optimiseCoding }).toBuffer()
    if (!bytes) throw new Error(`There is no ${chain}`)
  }
}

process.on('message', ({ bare }: ContestantOrder) => {
  const work = bare ? renderBare(bare) : Promise.resolve()
  work.then(() => process.send?.({ url, derived, file: '/static/derived.webp', pid: process.pid } satisfies ContestantState), (error: unknown) => { throw error })
})
