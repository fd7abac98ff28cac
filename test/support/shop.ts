import sharp from 'sharp'
import { Cloudinary } from '@cloudinary/url-gen'
import { startSandbox } from '../../src/sandbox/index.ts'

/** A sandbox with a photo of 100x60 and a logo of 10x8, and the official URL builder pointed at it. */
export async function openShop () {
  const sandbox = await startSandbox({ clock: () => 1_700_000_000_000 })
  const photo = await sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="100" height="60"><rect width="100" height="60" fill="#c33"/>
    <rect width="50" height="30" fill="#3c3"/><circle cx="60" cy="30" r="15" fill="#ff0"/></svg>`)).png().toBuffer()
  await sandbox.add('shop/photo', { file: photo, tags: 'sale', context: { label: 'Autumn' }, custom_coordinates: '70,30,20,20', face_coordinates: '10,10,20,20' })
  await sandbox.add('shop/logo', { file: await sharp({ create: { width: 10, height: 8, channels: 4, background: '#0000ffff' } }).png().toBuffer() })
  const urls = new Cloudinary({ cloud: { cloudName: 'demo' }, url: { secure: false, cname: new URL(sandbox.url).host, analytics: false } })
  return { sandbox, urls, photo }
}

/** `100x60` of what the URL delivers, or the status and the reason why it delivers nothing. */
export async function outcomeOf (url: string): Promise<string> {
  const answer = await fetch(url)
  const body = Buffer.from(await answer.arrayBuffer())
  if (answer.status !== 200) return `${answer.status} ${String(answer.headers.get('x-cld-error'))}`
  const { width, height } = await sharp(body).metadata()
  return `${width}x${height}`
}
