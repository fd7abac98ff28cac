import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Arguments with which Node runs a TypeScript file as the tests themselves are run: as fast, and with coverage that holds. */
export const WITH_TYPESCRIPT: readonly string[] = ['--import', pathToFileURL(join(import.meta.dirname, 'typescript.js')).href]
