import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire, register } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * Loads TypeScript for tests, as `--import` of each test file. Compiled files are kept, so that few processes load the
 * compiler, which takes a second. tsx would be as fast, but puts all of a file on one line: coverage could not tell
 * what of it ran.
 */

const CACHE = join(import.meta.dirname, '../../node_modules/.cache/test-typescript')
const require = createRequire(import.meta.url)
const { version } = require('typescript/package.json')

function compile (path, source) {
  const { ModuleKind, ScriptTarget, transpileModule } = require('typescript')
  const { outputText, sourceMapText } = transpileModule(source, {
    fileName: path,
    compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ES2023, sourceMap: true, verbatimModuleSyntax: true }
  })
  const map = JSON.stringify({ ...JSON.parse(sourceMapText), file: path, sources: [path] })
  const code = outputText.replace(/^\/\/# sourceMappingURL=.*$/m, '')
  return `${code}//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}\n`
}

function compiled (path, source) {
  const kept = join(CACHE, `${createHash('sha256').update(`${version}\n${path}\n${source}`).digest('hex')}.js`)
  try {
    return readFileSync(kept, 'utf8')
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  const code = compile(path, source)
  mkdirSync(CACHE, { recursive: true })
  const partial = `${kept}.${randomUUID()}`
  writeFileSync(partial, code)
  renameSync(partial, kept) // another process may read it at any time
  return code
}

/** A hook of Node's: see "Customization hooks" in its documentation. Imports name `.ts` files in full, so none is resolved here. */
export async function load (url, context, nextLoad) {
  if (!/^file:.*\.ts$/.test(url) || url.includes('/node_modules/')) return nextLoad(url, context)
  const path = fileURLToPath(url)
  return { format: 'module', source: compiled(path, await readFile(path, 'utf8')), shortCircuit: true }
}

// The thread that runs the hook loads this file as well, by the name that it is registered under.
const HOOKS = '?hooks'
if (!import.meta.url.endsWith(HOOKS)) register(import.meta.url + HOOKS)
