import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import type { build as BuildOfVite, Rollup } from 'vite'
import { bundleForBrowsers } from '../support/browser-modules.ts'
import { complaintsOf, NO_BROWSER, startBrowser } from '../support/chromium.ts'
import { clientFile, importClient, NO_CLIENTS } from '../support/clients.ts'
import { startGateway } from '../support/gateway.ts'
import { choosePicture, isStored, pageOf, projectFolder, snippet, startSite } from '../support/snippets.ts'

interface Framework {
  readonly heading: string
  readonly language: string
  /** Script that shows the component of the snippet. */
  readonly mount: string
  readonly installed: readonly string[]
  /** Its `vite.config.js`. */
  readonly config: () => string
}
const FRAMEWORKS: readonly Framework[] = [
  {
    heading: 'React',
    language: 'jsx',
    mount: `import { createElement } from 'react'
      import { createRoot } from 'react-dom/client'
      import { Pictures } from './Pictures.jsx'
      createRoot(document.getElementById('root')).render(createElement(Pictures))`,
    installed: ['react', 'react-dom'],
    config: () => "export default { esbuild: { jsx: 'automatic' } }"
  },
  {
    heading: 'Vue',
    language: 'vue',
    mount: `import { createApp } from 'vue'
      import Pictures from './Pictures.vue'
      createApp(Pictures).mount('#root')`,
    installed: ['vue', '@vitejs/plugin-vue'],
    config: () => snippet('Vue', 'js')
  },
  {
    heading: 'Svelte',
    language: 'svelte',
    mount: `import { mount } from 'svelte'
      import Pictures from './Pictures.svelte'
      mount(Pictures, { target: document.getElementById('root') })`,
    installed: ['svelte', '@sveltejs/vite-plugin-svelte'],
    config: () => `import { svelte } from '@sveltejs/vite-plugin-svelte'
      export default { plugins: [svelte()] }`
  }
]

/** Packages of a project, each with the folder that it links to. */
const linked = (names: readonly string[]): Record<string, string> => ({
  'cloudinary-gateway': join(import.meta.dirname, '../..'),
  ...Object.fromEntries(names.map((name) => [name, clientFile(`node_modules/${name}`)]))
})

t.test('components of docs/browser.md, as printed, bundled by vite', {
  skip: NO_BROWSER || NO_CLIENTS
}, async (t) => {
  await bundleForBrowsers()
  const browser = await startBrowser(t)
  // The one that the plugins import, too.
  const { build } = await importClient('vite') as { build: typeof BuildOfVite }
  const { url, sandbox } = await startGateway(t)
  for (const { heading, language, mount, installed, config } of FRAMEWORKS) {
    t.test(heading, async (t) => {
      const component = { [`Pictures.${language}`]: snippet(heading, language) }
      const files = { ...component, 'main.js': mount, 'vite.config.js': config() }
      const root = projectFolder(t, files, linked(installed))
      const built = await build({
        root,
        logLevel: 'error',
        build: { write: false, rollupOptions: { input: join(root, 'main.js') } }
      })
      const { output: [main, ...others] } = built as Rollup.RollupOutput // one build, and nothing is watched
      const site = await startSite(t)
      site.behind = url
      for (const file of [main, ...others]) {
        if (file.type === 'chunk') site.files.set(`/${file.fileName}`, file.code)
      }
      const script = `<script type="module" src="/${main.fileName}"></script>`
      site.files.set('/', pageOf(`<div id="root"></div>${script}`))
      const page = await browser.newPage()
      t.teardown(() => page.close())
      const complaints = complaintsOf(page)
      await page.goto(site.origin)
      const shown = page.locator('#root > img')
      for (const [index, name] of ['one.jpg', 'two.jpg'].entries()) {
        const publicId = await choosePicture(page, undefined, name)
        t.match(publicId, /^pictures\//)
        await isStored(t, sandbox, publicId)
        t.equal(await shown.nth(index).getAttribute('alt'), publicId)
        t.equal(await shown.count(), index + 1)
      }
      t.same(complaints, [])
    })
  }
})

t.test('the declaration for React, as printed, types the component', {
  skip: NO_CLIENTS
}, async (t) => {
  const typed = "useState<import('cloudinary-gateway/upload-element').Asset[]>([])"
  const component = snippet('React', 'jsx').replace('useState([])', typed)
  const compilerOptions = {
    strict: true,
    noEmit: true,
    jsx: 'react-jsx',
    module: 'esnext',
    moduleResolution: 'bundler',
    target: 'es2022',
    types: []
  }
  const root = projectFolder(t, {
    'cloudinary-upload.ts': snippet('React', 'ts'),
    'good.tsx': component,
    'bad.tsx': component.replace("folder='pictures'", 'folder={7}'),
    'tsconfig.json': JSON.stringify({ compilerOptions })
  }, linked(['react', '@types/react', 'csstype']))
  const compiler = clientFile('node_modules/typescript/bin/tsc')
  const { stdout } = await promisify(execFile)(process.execPath, [compiler], { cwd: root }).catch(
    (failure: { stdout: string }) => failure // with a code of its own
  )
  t.match(stdout, /^bad\.tsx\(9,\d+\): error TS2322: Type 'number' is not assignable to type 'string'\.\n$/)
})
