import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startFlags } from '../support/start-flags.ts'
import type { Bench } from './figure.ts'
import { startProgram, type RunningServer } from './servers.ts'

const KEY = 'a-key-for-the-bench-and-nothing-else'

export const WITH_KEY: Readonly<Record<string, string>> = { authorization: `Bearer ${KEY}` }

const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { scripts: { start: string } } // the project's own

let started = 0

/**
 * The gateway as it is shipped: compiled, with keys and limits, one log line per request to a file. `variables` are
 * added to its environment.
 */
export async function startGateway ({ dist, folder, options }: Bench, upstreamUrl: string, variables: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  return startProgram({
    command: process.execPath,
    args: [...startFlags(scripts.start), ...options.nodeFlags, join(dist, 'src/server.js')],
    env: {
      PORT: '0',
      AUTH: 'keys',
      GATEWAY_KEYS: `bench=sha256:${createHash('sha256').update(KEY).digest('hex')}`,
      CLOUDINARY_URL: `cloudinary://1234:abcd@demo?upload_prefix=${upstreamUrl}`,
      ...variables
    },
    logFile: join(folder, `gateway-${++started}.log`),
    address: /"msg":"Server listening at (http:[^"]+)"/
  })
}
