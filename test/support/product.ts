import { cpSync, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { WITH_TYPESCRIPT } from './with-typescript.ts'

const ROOT = join(import.meta.dirname, '../..')
const BUILD_INFO = join(ROOT, 'dist/.tsbuildinfo')

/** Modules for browsers are built apart; a gateway only serves them. */
const isForBrowsers = (name: string): boolean => /^browser(?:$|[/\\](?!tokens\.ts$))/.test(name)

function changedAfter (time: number, folder: string): boolean {
  const names = readdirSync(join(ROOT, folder), { recursive: true }).map(String)
  return names.some((name) => !isForBrowsers(name) && statSync(join(ROOT, folder, name)).mtimeMs > time)
}

/** `npm test` builds before it begins; whoever then edits a file and runs one test gets the sources. */
const isBuilt = existsSync(BUILD_INFO) && !['src', 'routes'].some((folder) => changedAfter(statSync(BUILD_INFO).mtimeMs, folder))

/**
 * Node's arguments that load a file of the product, such as `src/server.ts`: as it was built, if that is up to date.
 * `root` is a folder that holds the product.
 */
export function productArguments (file: string, root = ROOT): string[] {
  return isBuilt ? [join(root, 'dist', file.replace(/\.ts$/, '.js'))] : [...WITH_TYPESCRIPT, join(root, file)]
}

/** Copies what `productArguments` loads into a folder, without the packages that it imports. */
export function copyProduct (folder: string): void {
  for (const name of ['package.json', 'openapi.yaml', ...isBuilt ? ['dist'] : ['src', 'routes']]) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  }
}

/**
 * A command that runs Node without what tap adds to each process for the sake of coverage, which costs a second of CPU.
 * `options` stand in its `NODE_OPTIONS`.
 */
export function bareNode (args: readonly string[], options = ''): [string, ...string[]] {
  return ['env', `NODE_OPTIONS=${options}`, process.execPath, ...args]
}
