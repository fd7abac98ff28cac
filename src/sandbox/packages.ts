import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/**
 * What only the sandbox uses. These are optional dependencies: a gateway in front of Cloudinary does without them,
 * and half of an installation are they. So no file that the gateway or its command line loads imports one statically.
 */
const PACKAGES = ['classic-level', 'dejavu-fonts-ttf', 'file-type', 'mediabunny', 'sharp', 'sorted-btree']

/** @throws {Error} with one line that says what to install, when some of the packages are absent. */
export function requirePackages (): void {
  const require = createRequire(import.meta.url)
  const missing = PACKAGES.filter((name) => !isInstalled(require, name))
  if (missing.length === 0) return
  const { optionalDependencies: ranges } = require('cloudinary-gateway/package.json') as Ours
  const wanted = missing.map((name) => `'${name}@${ranges[name] ?? '*'}'`).join(' ')
  throw new Error(`The sandbox needs packages that are not installed: ${missing.join(', ')}. Run: ` +
    `npm install --include=optional ${wanted} (a gateway with CLOUDINARY_URL does without them)`)
}

/** Our own package.json. */
interface Ours { optionalDependencies: Record<string, string | undefined> }

function isInstalled (require: NodeJS.Require, name: string): boolean {
  try {
    require.resolve(`${name}/package.json`)
  } catch (error) {
    // A package that is there may keep that file to itself, which is another error, but the same one under Jest.
    const { code } = error as NodeJS.ErrnoException // resolve throws nothing but errors
    if (code !== 'MODULE_NOT_FOUND') return true
    return (require.resolve.paths(name) ?? []).some((folder) => existsSync(join(folder, name)))
  }
  return true
}
