import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Third-party clients have a package.json of their own, so that `npm ci` at the top brings none of them. */
const FOLDER = join(import.meta.dirname, '../contract/clients')
const installed = existsSync(join(FOLDER, 'node_modules'))

/** Why tests with them are skipped on this machine, or false. Where everything is installed, their absence is a failure. */
export const NO_CLIENTS = !installed && process.env['CI'] !== 'true' && 'npm ci --prefix test/contract/clients was not run'

/** Loads one of them. */
export function requireClient (name: string): unknown {
  return createRequire(join(FOLDER, 'package.json'))(name)
}
