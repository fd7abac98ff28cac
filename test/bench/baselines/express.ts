import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startProgram, type RunningServer } from '../servers.ts'

/** Express 5 + multer + the official SDK, in production mode. */
export async function startExpress (folder: string, upstreamUrl: string, storage: 'disk' | 'memory'): Promise<RunningServer> {
  const spool = join(folder, 'spool')
  mkdirSync(spool, { recursive: true })
  return startProgram({
    command: process.execPath,
    args: [join(import.meta.dirname, 'express-upload.js'), storage, spool],
    // The SDK reads its upstream once, when it is loaded.
    env: { CLOUDINARY_URL: `cloudinary://1234:abcd@demo?upload_prefix=${upstreamUrl}` },
    logFile: join(folder, `express-${storage}.log`),
    address: /listening at (\S+)/
  })
}
