import { join } from 'node:path'
import { startProgram, type RunningServer } from '../servers.ts'

/** node:http piped into node:http: what Node itself costs. */
export async function startNodePipe (folder: string, upstreamUrl: string): Promise<RunningServer> {
  return startProgram({
    command: process.execPath,
    args: [join(import.meta.dirname, 'node-pipe.js')],
    env: { UPSTREAM: upstreamUrl },
    logFile: join(folder, 'node-pipe.log'),
    address: /listening at (\S+)/
  })
}

/** Fastify + @fastify/multipart + the official SDK. */
export async function startFastifyUpload (folder: string, upstreamUrl: string): Promise<RunningServer> {
  return startProgram({
    command: process.execPath,
    args: [join(import.meta.dirname, 'fastify-upload.js')],
    // The SDK reads its upstream once, when it is loaded.
    env: { CLOUDINARY_URL: `cloudinary://1234:abcd@demo?upload_prefix=${upstreamUrl}` },
    logFile: join(folder, 'fastify-upload.log'),
    address: /listening at (\S+)/
  })
}
