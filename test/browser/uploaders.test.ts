import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { build, type Rollup } from 'vite'
import { NO_BROWSER, startBrowser, startFrontEnd } from '../support/chromium.ts'
import { clientFile, NO_CLIENTS } from '../support/clients.ts'
import { startGateway } from '../support/gateway.ts'

type Fields = Readonly<Record<string, string>>
/** What a page sends beside the file, and where. */
interface Form { readonly target: string, readonly fields: Fields }
/** An answer of `POST /signature`. */
interface Signed { timestamp: number, signature: string, upload_url: string, fields: Fields }
/** The answer that an uploader shows its page, or what it says went wrong. */
type Outcome = Readonly<Record<string, unknown>>
type Listen = (event: string, listener: (...given: never[]) => void) => void

interface XhrUploadOptions { endpoint: string, fieldName: string, allowedMetaFields: string[] }
interface UppyInstance {
  use: (plugin: unknown, options: XhrUploadOptions) => UppyInstance
  setMeta: (fields: object) => void
  addFile: (file: { name: string, type: string, data: unknown }) => void
  on: Listen
}
interface FilePondProcess {
  url: string
  ondata: (form: FormData) => FormData
  onload: (answer: string) => string
  onerror: (failure: string) => void
}
interface FilePondOptions { name: string, server: { process: FilePondProcess } }

interface FileInput { files: File[], addEventListener: (event: 'change', listener: () => void) => void }

/** Of a page with one of the uploaders, what the scripts below use. */
interface InPage {
  document: { body: unknown, querySelector: (selector: string) => FileInput }
  outcome: Promise<Outcome>
  Dropzone: new (element: unknown, options: { url: string }) => { on: Listen }
  FilePond: { create: (element: unknown, options: FilePondOptions) => { on: Listen } }
  Uploaders: { Uppy: new (options: { autoProceed: boolean }) => UppyInstance, XHRUpload: unknown }
}

function startDropzone ({ target, fields }: Form): void {
  const page = globalThis as unknown as InPage
  const zone = new page.Dropzone(page.document.body, { url: target })
  zone.on('sending', (_file: never, _request: never, form: FormData) => {
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
  })
  page.outcome = new Promise((resolve) => {
    zone.on('success', (_file: never, answer: Outcome) => { resolve(answer) })
    zone.on('error', (_file: never, failure: unknown) => { resolve({ failure }) })
  })
}

function startFilePond ({ target, fields }: Form): void {
  const page = globalThis as unknown as InPage
  page.outcome = new Promise((resolve) => {
    const server = {
      process: {
        url: target,
        ondata: (form: FormData) => {
          for (const [name, value] of Object.entries(fields)) form.append(name, value)
          return form
        },
        onload: (answer: string) => {
          resolve(JSON.parse(answer) as Outcome) // both targets answer objects
          return ''
        },
        onerror: (failure: string) => { resolve({ failure }) }
      }
    }
    page.FilePond.create(page.document.querySelector('#input'), { name: 'file', server })
  })
}

function startUppy ({ target, fields }: Form): void {
  const page = globalThis as unknown as InPage
  const { Uppy, XHRUpload } = page.Uploaders
  const uppy = new Uppy({ autoProceed: true })
  uppy.use(XHRUpload, { endpoint: target, fieldName: 'file', allowedMetaFields: Object.keys(fields) })
  uppy.setMeta(fields)
  const input = page.document.querySelector('#input')
  input.addEventListener('change', () => {
    for (const data of input.files) uppy.addFile({ name: data.name, type: data.type, data })
  })
  page.outcome = new Promise((resolve) => {
    uppy.on('upload-success', (_file: never, { body }: { body: Outcome }) => { resolve(body) })
    uppy.on('upload-error', (_file: never, failure: Error) => { resolve({ failure: failure.message }) })
  })
}

/** Uppy and its plugin as one script. */
async function uppyScript (): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      write: false, minify: false, lib: { entry: clientFile('uppy.js'), formats: ['iife'], name: 'Uploaders' }
    }
  }) as Rollup.RollupOutput[] // one for each format of a library
  return built[0]?.output[0].code ?? ''
}

interface Uploader {
  readonly name: string
  /** What a page loads. */
  readonly script: () => Promise<{ path: string } | { content: string }>
  /** Where its user chooses a file. */
  readonly input: string
  readonly start: (form: Form) => void
}

const UPLOADERS: readonly Uploader[] = [
  {
    name: 'Dropzone',
    script: async () => ({ path: clientFile('node_modules/dropzone/dist/dropzone-min.js') }),
    input: '.dz-hidden-input',
    start: startDropzone
  },
  {
    name: 'FilePond',
    script: async () => ({ path: clientFile('node_modules/filepond/dist/filepond.min.js') }),
    input: '.filepond--browser',
    start: startFilePond
  },
  { name: 'Uppy', script: async () => ({ content: await uppyScript() }), input: '#input', start: startUppy }
]

const buffer = readFileSync(join(import.meta.dirname, '../fixtures/landscape.jpg'))
const picture = { name: 'Été à Zürich (1).jpg', mimeType: 'image/jpeg', buffer }

t.test('published uploaders, on a page of another origin', {
  skip: NO_BROWSER || NO_CLIENTS
}, async (t) => {
  const browser = await startBrowser(t)
  const { origin } = await startFrontEnd(t)
  const { url, sandbox } = await startGateway(t, { corsOrigins: [origin] })

  const signed = async (settings: object): Promise<Signed> => {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify(settings)
    const answer = await fetch(`${url}/signature`, { method: 'POST', headers, body })
    return await answer.json() as Signed // as documented
  }
  const forms = {
    'the settings that were signed, to /direct-upload': async (settings: Fields): Promise<Form> => {
      const { timestamp, signature } = await signed(settings)
      const fields = { ...settings, timestamp: String(timestamp), signature }
      return { target: `${url}/direct-upload`, fields }
    },
    'all fields, to upload_url': async (settings: Fields): Promise<Form> => {
      const { upload_url: target, fields } = await signed(settings)
      return { target, fields }
    }
  }
  const stored = async (publicId: string): Promise<{ bytes: Buffer, tags: unknown }> => {
    const { tags } = await (await fetch(`${url}/resources/${publicId}`)).json() as { tags: unknown }
    const file = await fetch(`${sandbox.url}/demo/image/upload/${publicId}.jpg`)
    return { bytes: Buffer.from(await file.arrayBuffer()), tags }
  }

  for (const { name, script, input, start } of UPLOADERS) {
    const loaded = await script()
    for (const [index, [title, formFor]] of Object.entries(forms).entries()) {
      t.test(`${name} sends ${title}`, async (t) => {
        const publicId = `${name}-${index}`
        const tags = ['holiday', 'web']
        const page = await browser.newPage()
        t.teardown(() => page.close())
        await page.goto(`${origin}/page`)
        await page.addScriptTag(loaded)
        await page.evaluate(start, await formFor({ public_id: publicId, tags: tags.join(',') }))
        await page.setInputFiles(input, picture)
        const outcome = await page.evaluate(() => (globalThis as unknown as InPage).outcome)
        t.match(outcome, { failure: undefined, public_id: publicId, bytes: buffer.length, tags })
        const asset = await stored(publicId)
        t.ok(asset.bytes.equals(buffer), 'byte for byte')
        t.strictSame(asset.tags, tags)
      })
    }
  }
})
