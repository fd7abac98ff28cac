import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, TAP } from './child.ts'
import type { Drill } from './run.ts'

/** The oldest that is promised, the latest of its line, and the lines after it. */
const VERSIONS = ['20.18.1', '20', '22', '24']
const TESTS = ['test/all/routes.ts', 'test/all/commands.ts', 'test/server.test.ts']

/** Node comes from npm: its packages hold the very binary that nodejs.org offers. */
export const nodes: Drill = {
  about: `routes, commands and the process itself on Node ${VERSIONS.join(', ')}, or on those asked for: nodes 22.12.0`,
  run: async (asked) => {
    if (process.platform !== 'linux') throw new Error('the binaries are for Linux')
    const folder = mkdtempSync(join(tmpdir(), 'nodes-'))
    try {
      for (const version of asked.length > 0 ? asked : VERSIONS) {
        const home = join(folder, version)
        await run('npm', ['install', '--silent', '--no-save', '--prefix', home, `node-linux-${process.arch}@${version}`])
        const bin = join(home, `node_modules/node-linux-${process.arch}/bin`)
        await run(join(bin, 'node'), ['--version'])
        await run(join(bin, 'node'), [TAP, 'run', '--disable-coverage', '--allow-empty-coverage', ...TESTS], { PATH: `${bin}:${process.env['PATH'] ?? ''}` })
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
