import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Third-party clients have a package.json of their own, so that `npm ci` at the top brings none of them. */
const FOLDER = join(import.meta.dirname, '../contract/clients')
const installed = existsSync(join(FOLDER, 'node_modules'))
const load = createRequire(join(FOLDER, 'package.json'))

/** Why tests with them are skipped on this machine, or false. Where everything is installed, their absence is a failure. */
export const NO_CLIENTS = !installed && process.env['CI'] !== 'true' && 'npm ci --prefix test/contract/clients was not run'

/** Loads one of them. */
export function requireClient (name: string): unknown {
  return load(name)
}

/** Loads one that is published as modules alone. */
export async function importClient (name: string): Promise<unknown> {
  return await import(pathToFileURL(load.resolve(name)).href)
}

/** Path of a file among them, or of one of theirs below `node_modules/`. */
export function clientFile (path: string): string {
  return join(FOLDER, path)
}
