import { fileURLToPath } from 'node:url'
import { buildApp, loadConfig } from 'cloudinary-gateway'
import { GatewayClient, GatewayProblem } from 'cloudinary-gateway/api'
import { createUploader } from 'cloudinary-gateway/client'
import { startSandbox } from 'cloudinary-gateway/sandbox'
// A server that renders pages loads both modules for browsers, and uses neither.
import 'cloudinary-gateway/upload-element'

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
    return { width: uploaded.width, tags: added.tags, picture: picture.status, ...await useClient(base) }
  } finally {
    await app.close()
    await sandbox.close()
  }
}

/** Sends a file from the disk and bytes with the typed client, and reads one back. */
async function useClient (url) {
  const client = new GatewayClient({ url })
  const options = { public_id: 'notes/use.js', resource_type: 'raw', tags: ['note'] }
  await client.upload({ path: fileURLToPath(import.meta.url) }, options)
  const { bytes } = await client.upload(new Uint8Array(1000), { public_id: 'notes/none', resource_type: 'raw' })
  const note = await client.get('notes/use.js', { resource_type: 'raw' })
  const failure = await client.get('notes/absent').catch((error) => error)
  return { bytes, note: note.tags, client: typeof createUploader, absent: failure instanceof GatewayProblem && failure.code }
}

export const EXPECTED = {
  width: 20, tags: ['a', 'b'], picture: 200, bytes: 1000, note: ['note'], client: 'function', absent: 'not_found'
}
