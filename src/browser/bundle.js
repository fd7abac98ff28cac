import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Modules that pages import, by the name of their entry in this folder. */
const ENTRIES = ['client', 'upload-element']
const SOURCES = fileURLToPath(new URL('./', import.meta.url))
const TARGET = fileURLToPath(new URL('../../dist/src/browser/', import.meta.url))
/** Browsers since 2022: private fields, `at`, top-level await. */
const OLDEST = ['chrome100', 'firefox100', 'safari15.4']

/** Keeps the client an import of the element, so that a page which uses both loads it once. */
const clientApart = {
  name: 'client-apart',
  setup (build) {
    build.onResolve({ filter: /^\.{1,2}\/client\.[jt]s$/ }, ({ kind }) =>
      kind === 'entry-point' ? undefined : { path: './client.js', external: true })
  }
}

/** Leaves an unchanged file alone, and replaces another one at once: a gateway may be reading it. */
function replace (path, bytes) {
  if (existsSync(path) && readFileSync(path).equals(bytes)) return
  const partial = `${path}.${process.pid}`
  writeFileSync(partial, bytes)
  renameSync(partial, path)
}

/** Bundles each module with what it imports into `target`, a path that ends in a slash. */
export async function bundle (target = TARGET) {
  mkdirSync(target, { recursive: true })
  const options = {
    absWorkingDir: SOURCES,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: OLDEST,
    plugins: [clientApart],
    legalComments: 'inline',
    write: false
  }
  await Promise.all(ENTRIES.filter((name) => existsSync(`${SOURCES}${name}.ts`)).map(async (name) => {
    const { outputFiles: [file] } = await build({ ...options, entryPoints: [`${name}.ts`] })
    replace(`${target}${name}.js`, Buffer.from(file.contents))
  }))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle()
