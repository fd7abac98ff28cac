import type { Test } from 'tap'
import type { Sandbox } from '../../src/sandbox/index.ts'

/**
 * Points official clients at a sandbox as their users do it, by `CLOUDINARY_URL`, and returns what takes that back.
 * Load them after this: what they find then decides whether they speak http or https.
 */
export function exportCloudinaryUrl (sandbox: Sandbox): () => void {
  const { CLOUDINARY_URL: before } = process.env
  process.env['CLOUDINARY_URL'] = sandbox.cloudinaryUrl()
  return () => {
    if (before === undefined) delete process.env['CLOUDINARY_URL']
    else process.env['CLOUDINARY_URL'] = before
  }
}

/** The official client, pointed at a sandbox until the test ends: its settings hold for the whole process. */
export async function officialClient (t: Pick<Test, 'teardown'>, sandbox: Sandbox) {
  const takeBack = exportCloudinaryUrl(sandbox)
  const { v2: cloudinary } = await import('cloudinary')
  cloudinary.config(true) // it may have been loaded for another sandbox
  t.teardown(() => {
    takeBack()
    cloudinary.config(true)
  })
  return cloudinary
}
