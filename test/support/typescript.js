import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire, register } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { filesBelow } from './files-below.js'

/*
 * Loads TypeScript for tests, as `--import` of each test file. Types are replaced by blanks, so every line and
 * column of coverage and stack traces is that of the source. The result is kept: loading the parser takes
 * half a second.
 */

const ROOT = join(import.meta.dirname, '../..')
const CACHE = join(ROOT, 'node_modules/.cache/test-typescript')
const require = createRequire(import.meta.url)
const { version } = require('ts-blank-space/package.json')

async function withoutTypes (path, source) {
  const kept = join(CACHE, `${createHash('sha256').update(`${version}\n${source}`).digest('hex')}.js`)
  try {
    return readFileSync(kept, 'utf8')
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  const { default: blankSpace } = await import('ts-blank-space')
  const code = blankSpace(source, (node) => {
    throw new SyntaxError(`${path}: not just a type: ${node.getText()}`)
  })
  mkdirSync(CACHE, { recursive: true })
  const partial = `${kept}.${randomUUID()}`
  writeFileSync(partial, code)
  renameSync(partial, kept) // another process may read it at any time
  return code
}

/** Prepares what tests load before they begin, so that no test process has to load the parser. */
export async function blankTypes () {
  const files = ['src', 'routes', 'test'].flatMap((folder) => filesBelow(join(ROOT, folder)))
  const withTypes = files.filter((path) => /(?<!\.d)\.ts$/.test(path))
  for (const path of withTypes) await withoutTypes(path, readFileSync(path, 'utf8'))
}

/**
 * A hook of Node's: see "Customization hooks" in its documentation. Imports name `.ts` files in full, so none
 * is resolved here.
 */
export async function load (url, context, nextLoad) {
  if (!/^file:.*\.ts$/.test(url) || url.includes('/node_modules/')) return nextLoad(url, context)
  const path = fileURLToPath(url)
  const source = await withoutTypes(path, await readFile(path, 'utf8'))
  return { format: 'module', source, shortCircuit: true }
}

// The thread that runs the hook loads this file as well, by the name that it is registered under.
const HOOKS = '?hooks'
if (!import.meta.url.endsWith(HOOKS)) register(import.meta.url + HOOKS)
