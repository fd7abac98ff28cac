import type { Test } from 'tap'
import type { Sandbox } from '../../src/sandbox/index.ts'

/**
 * The official client, pointed at a sandbox as its users do it: by `CLOUDINARY_URL`. It keeps its settings in one place for
 * the whole process, so they are taken back when the test ends.
 */
export async function officialClient (t: Pick<Test, 'teardown'>, sandbox: Sandbox) {
  const { CLOUDINARY_URL: before } = process.env
  process.env['CLOUDINARY_URL'] = sandbox.cloudinaryUrl()
  const { v2: cloudinary } = await import('cloudinary')
  cloudinary.config(true) // it may have been loaded for another sandbox
  t.teardown(() => {
    if (before === undefined) delete process.env['CLOUDINARY_URL']
    else process.env['CLOUDINARY_URL'] = before
    cloudinary.config(true)
  })
  return cloudinary
}
