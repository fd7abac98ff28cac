import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './child.ts'

/** Files beside the compiled sources. Guides are there once the project has some. */
const BESIDE = /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md|openapi\.yaml|docs\/.+)$/

/** Compiled files of a source. Of the modules for browsers the entries are bundled, and the rest stays as types alone. */
function compiledFrom (source: string): string[] {
  if (source === 'src/browser/bundle.js') return []
  const stem = source.replace(/\.[jt]s$/, '')
  const isPart = /^src\/browser\/.+\//.test(source)
  return (isPart ? ['.d.ts'] : ['.js', '.d.ts']).map((end) => `dist/${stem}${end}`)
}

/**
 * Finds the only tarball in a folder and checks that it holds each source, compiled and with its types, the files
 * beside them, and nothing else: neither tests nor what an earlier build has left.
 */
export function checkTarball (folder: string): string {
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'no tarball')
  const list = (program: string, args: string[]) => execFileSync(program, args, {
    cwd: ROOT, encoding: 'utf8'
  })
    .split('\n').filter((line) => line !== '')
  const held = list('tar', ['-tzf', tarball]).map((name) => name.replace(/^package\//, ''))
  const sources = list('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'src', 'routes'])
    .filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts'))
  const compiled = sources.flatMap(compiledFrom)
  const wanted = new Set(compiled)
  const missing = compiled.filter((name) => !held.includes(name))
  const stale = held.filter((name) => !BESIDE.test(name) && !wanted.has(name))
  assert.deepEqual(
    { missing, stale }, { missing: [], stale: [] }, 'the tarball holds what `npm run prepack` builds'
  )
  for (const name of ['README.md', 'LICENSE', 'CHANGELOG.md', 'openapi.yaml']) {
    assert.ok(
      held.includes(name), name
    )
  }
  return tarball
}
