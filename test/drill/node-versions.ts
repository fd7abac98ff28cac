import { join } from 'node:path'
import { run } from './child.ts'

/** The oldest that is promised, and the latest of each line from it on. They are exact: a range could mean an older one. */
export const VERSIONS = ['20.18.1', '20.20.2', '22.23.5', '24.22.3', '26.12.1']

/** Installs a version of Node from npm, whose packages hold the binary that nodejs.org offers; answers its path. */
export async function installNode (folder: string, version: string): Promise<string> {
  if (process.platform !== 'linux') throw new Error('The binaries are for Linux.')
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(
    `"${version}" is not an exact version such as 22.12.0.`
    )
  }
  const home = join(folder, version)
  const name = `node-linux-${process.arch}`
  await run('npm', [
    'install', '--silent', '--no-save', '--prefer-offline', '--prefix', home, `${name}@${version}`
  ])
  const node = join(home, 'node_modules', name, 'bin/node')
  await run(node, ['--version'])
  return node
}
