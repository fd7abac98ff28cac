import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT, run } from './child.ts'
import type { Drill } from './run.ts'
import { checkTarball } from './tarball.ts'

/** The oldest that is promised, and the latest of each line that has one. */
const VERSIONS = ['20.18.1', '22', '24', '26']
const RUNNERS = ['vitest', 'jest']
const CONSUMER = join(ROOT, 'test/drill/consumer')
const CHECKS = join(ROOT, 'test/contract/clients/node_modules/.bin')

/** Runs the consumer's test with a binary that npm holds. */
async function onNode (project: string, homes: string, version: string): Promise<void> {
  const home = join(homes, version)
  await run('npm', ['install', '--silent', '--no-save', '--prefer-offline', '--prefix', home, `node-linux-${process.arch}@${version}`])
  const node = join(home, `node_modules/node-linux-${process.arch}/bin/node`)
  await run(node, ['--version'])
  await run(node, ['--test', join(project, 'node.test.js')])
}

async function underRunner (project: string, runner: string): Promise<void> {
  await run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefix', project, runner])
  const args = runner === 'jest' ? ['--rootDir', project] : ['run', '--root', project]
  const options = runner === 'jest' ? { NODE_OPTIONS: '--experimental-vm-modules' } : {}
  await run(join(project, 'node_modules/.bin', runner), [...args, `${runner}.test.js`], options)
}

/** What a stranger gets from the registry, in a folder that knows nothing of this one. */
export const packaged: Drill = {
  about: `the tarball, installed, on Node ${VERSIONS.join(', ')} and under ${RUNNERS.join(' and ')}, or on those asked for: package 22.12.0`,
  run: async (asked) => {
    if (process.platform !== 'linux') throw new Error('the binaries are for Linux')
    const built = asked.includes('--built')
    const wanted = asked.filter((name) => name !== '--built')
    const folder = mkdtempSync(join(tmpdir(), 'package-'))
    try {
      // Without `--built` the tarball is made as for the registry, from an empty dist.
      const pack = built ? ['pack', '--ignore-scripts'] : ['run', 'pack', '--']
      await run('npm', [...pack, '--silent', '--pack-destination', folder])
      const tarball = checkTarball(folder)
      await run(join(CHECKS, 'publint'), [tarball, '--strict'])
      await run(join(CHECKS, 'attw'), [tarball, '--profile', 'esm-only'])
      const project = join(folder, 'project')
      mkdirSync(project)
      writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }')
      await run('npm', ['install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', '--prefix', project, tarball])
      cpSync(CONSUMER, project, { recursive: true })
      for (const name of wanted.length > 0 ? wanted : [...VERSIONS, ...RUNNERS]) {
        await (RUNNERS.includes(name) ? underRunner(project, name) : onNode(project, folder, name))
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
