import { buildApp, loadConfig } from 'cloudinary-gateway'
import { startSandbox } from 'cloudinary-gateway/sandbox'

/** What somebody who has installed the package does with it in a test. Fails by throwing. */
export async function use () {
  const sandbox = await startSandbox()
  const app = await buildApp({ config: loadConfig({ CLOUDINARY_URL: sandbox.cloudinaryUrl(), PORT: '0' }) })
  try {
    const base = await app.listen({ port: 0 })
    const added = await sandbox.add('cats/tom', { width: 20, height: 10, tags: ['a', 'b'] })
    const form = new FormData()
    form.set('public_id', 'mice/jerry')
    form.set('file', new Blob([await (await fetch(added.url)).arrayBuffer()]), 'jerry.png')
    const uploaded = await (await fetch(`${base}/upload`, { method: 'POST', body: form })).json()
    const { url } = await (await fetch(`${base}/url?public_id=mice/jerry&width=4&crop=scale`)).json()
    const picture = await fetch(url)
    await picture.arrayBuffer()
    return { width: uploaded.width, tags: added.tags, picture: picture.status }
  } finally {
    await app.close()
    await sandbox.close()
  }
}

export const EXPECTED = { width: 20, tags: ['a', 'b'], picture: 200 }
