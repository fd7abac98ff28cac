import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT, run } from './child.ts'
import type { Drill } from './run.ts'
import { installNode, VERSIONS } from './node-versions.ts'
import { checkTarball } from './tarball.ts'

const RUNNERS: Readonly<Record<string, string>> = { vitest: 'vitest@3', jest: 'jest@30' }
const CONSUMER = join(ROOT, 'test/drill/consumer')
const CHECKS = join(ROOT, 'test/contract/clients/node_modules/.bin')
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const NODE_TYPES = '@types/node@20'

const install = (project: string, ...packages: readonly string[]): Promise<void> =>
  run('npm', [
    'install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', '--prefix', project, ...packages
  ])

/** Compiles programs that use the declarations: a server, and a page that knows nothing of Node. */
async function checkTypes (project: string): Promise<void> {
  for (const name of ['tsconfig.json', 'tsconfig.page.json']) {
    await run(process.execPath, [TSC, '--project', join(project, 'types', name)])
  }
}

async function underRunner (project: string, runner: string): Promise<void> {
  await install(project, RUNNERS[runner] ?? runner)
  const args = runner === 'jest' ? ['--rootDir', project] : ['run', '--root', project]
  const options = runner === 'jest' ? { NODE_OPTIONS: '--experimental-vm-modules' } : {}
  await run(join(project, 'node_modules/.bin', runner), [...args, `${runner}.test.js`], options)
}

/** Checks the manifest and the declarations' form, as a registry's visitors would. */
async function checkForm (tarball: string): Promise<void> {
  await run(join(CHECKS, 'publint'), [tarball, '--strict'])
  await run(join(CHECKS, 'attw'), [tarball, '--profile', 'esm-only', '--format', 'ascii'])
}

/** Waits for both, also when one fails: neither may go on in a folder that is gone. */
async function both (...work: ReadonlyArray<Promise<void>>): Promise<void> {
  for (const result of await Promise.allSettled(work)) {
    if (result.status === 'rejected') throw result.reason
  }
}

async function useIn (project: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (name in RUNNERS) await underRunner(project, name)
    else await run(await installNode(join(project, '..'), name), ['--test', join(project, 'node.test.js')])
  }
}

/** What a stranger gets from the registry, in a folder that knows nothing of this one. */
export const packaged: Drill = {
  about: 'the tarball, installed and compiled against, on ' +
    `Node ${VERSIONS.join(', ')} and under ${Object.keys(RUNNERS).join(' and ')}, or on those asked for: package 22.12.0; ` +
    'with --built it packs the dist that is there',
  run: async (asked) => {
    if (!existsSync(join(CHECKS, 'publint'))) {
      throw new Error(
        'Run `npm ci --prefix test/contract/clients` first.'
      )
    }
    const built = asked.includes('--built')
    const wanted = asked.filter((name) => name !== '--built')
    const folder = mkdtempSync(join(tmpdir(), 'package-'))
    try {
      // Without `--built` the tarball is made as for the registry, from an empty dist.
      const pack = built ? ['pack', '--ignore-scripts'] : ['run', 'pack', '--']
      await run('npm', [...pack, '--silent', '--pack-destination', folder])
      const tarball = checkTarball(folder)
      const project = join(folder, 'project')
      mkdirSync(project)
      writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }')
      await both(checkForm(tarball), install(project, tarball, NODE_TYPES))
      cpSync(CONSUMER, project, { recursive: true })
      const names = wanted.length > 0 ? wanted : [...VERSIONS, ...Object.keys(RUNNERS)]
      await both(checkTypes(project), useIn(project, names))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
