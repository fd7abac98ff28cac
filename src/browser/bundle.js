import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'

/** Modules that pages import, by the name of their entry in this folder. */
const ENTRIES = ['client', 'upload-element', 'upload-element.de', 'upload-element.ar']
const SOURCES = fileURLToPath(new URL('./', import.meta.url))
const TARGET = fileURLToPath(new URL('../../dist/src/browser/', import.meta.url))
/** Browsers since 2022: private fields, `at`, top-level await. */
const OLDEST = ['chrome100', 'firefox100', 'safari15.4']

/**
 * Properties that the modules of an entry use among themselves. Their names become shorter, as those of
 * variables do. Nothing that a browser, a page or another entry knows may be called so, and no text or color
 * of the element.
 */
export const INTERNAL = {
  client: [
    'chunkOf', 'destination', 'explained', 'form', 'gateway', 'header', 'isAborted', 'isEnding', 'isFresh', 'mayBeWhole',
    'mustEnd', 'onLoaded', 'onSent', 'ready', 'tell', 'turn', 'unclear', 'write'
  ],
  'upload-element': [
    'active', 'announce', 'asked', 'changed', 'chooseButton', 'configure', 'direction', 'draw', 'either', 'emit', 'isDisabled',
    'isDisabledByForm', 'isFull', 'isGood', 'isKnown', 'isLinkOpen', 'isOpen', 'keepValue', 'limits', 'linkFault', 'linkText',
    'mayRetry', 'noted', 'number', 'offers', 'openLink', 'props', 'queue', 'rows', 'sentence', 'shadow', 'showVeil', 'sizes',
    'source', 'takeLink', 'thumbnails', 'toggle', 'updateForm', 'urlOf', 'veil', 'warning', 'words'
  ]
}

/**
 * Keeps the other modules imports of the element: a page loads each of them once, and only when it is needed.
 */
const othersApart = {
  name: 'others-apart',
  setup (build) {
    build.onResolve({ filter: /^[./]+\/(client|upload-element\.\w+)\.ts$/ }, ({ path, kind }) =>
      kind === 'entry-point'
        ? undefined
        : { path: path.replace(/^.*\/(.+)\.ts$/, './$1.js'), external: true })
  }
}

/** Makes each style sheet a module that exports its text, without blanks. */
const styleSheets = {
  name: 'style-sheets',
  setup (build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, 'utf8'), { loader: 'css', minify: true })
      return { contents: code, loader: 'text' }
    })
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
    charset: 'utf8',
    format: 'esm',
    platform: 'browser',
    target: OLDEST,
    plugins: [othersApart, styleSheets],
    legalComments: 'inline',
    write: false
  }
  await Promise.all(ENTRIES.filter((name) => existsSync(`${SOURCES}${name}.ts`)).map(async (name) => {
    const internal = INTERNAL[name]
    const { outputFiles: [file] } = await build({
      ...options,
      entryPoints: [`${name}.ts`],
      ...internal && { mangleProps: new RegExp(`^(${internal.join('|')})$`) }
    })
    replace(`${target}${name}.js`, Buffer.from(file.contents))
  }))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle()
