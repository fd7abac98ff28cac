import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run, TAP } from './child.ts'
import { installNode, VERSIONS } from './node-versions.ts'
import type { Drill } from './run.ts'

const TESTS = ['test/all/routes.ts', 'test/all/commands.ts', 'test/server.test.ts']

/** The gateway's own tests, where Node could make a difference. */
export const nodes: Drill = {
  about: `routes, commands and the process itself on Node ${VERSIONS.join(', ')}, or on those asked for: nodes 22.12.0`,
  run: async (asked) => {
    const folder = mkdtempSync(join(tmpdir(), 'nodes-'))
    try {
      for (const version of asked.length > 0 ? asked : VERSIONS) {
        const node = await installNode(folder, version)
        const path = `${dirname(node)}:${process.env['PATH'] ?? ''}`
        await run(
          node, [TAP, 'run', '--disable-coverage', '--allow-empty-coverage', ...TESTS], { PATH: path }
        )
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
