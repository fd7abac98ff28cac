import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import type { Test } from 'tap'
import { startSandbox, type Sandbox } from '../../src/sandbox/index.ts'
import { bundleForBrowsers } from './browser-modules.ts'
import { complaintsOf, startBrowser } from './chromium.ts'
import { startGatewayAt, type GatewayAtOptions } from './gateway.ts'

const LONGEST_MS = 15_000

/** What strict pages send. A script or style that stands in the page itself would be refused, and complained about. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src * blob: data:; connect-src *; require-trusted-types-for 'script'; trusted-types 'none'"

/** Somebody's web server, with pages by their paths. */
export interface PageHost { readonly origin: string, readonly pages: Map<string, string> }

/** Serves pages whose policy lets scripts in from `gatewayUrl` besides. Ends with the test. */
export async function startPageHost (t: Test, policyFor: () => string): Promise<PageHost> {
  const pages = new Map([['/page.css', ':root{color-scheme:light dark}body{margin:16px;font-family:system-ui;background:Canvas;' +
    'color:CanvasText}main{max-width:720px;margin:auto}h1{font-size:20px}']])
  const server = createServer(({ url = '' }, answer) => {
    const type = url.endsWith('.css') ? 'text/css' : 'text/html'
    answer.writeHead(200, {
      'content-type': type,
      'content-security-policy': POLICY.replace('script-src', `script-src ${policyFor()}`)
    })
    answer.end(pages.get(url))
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // it listens on TCP
  return { origin: `http://127.0.0.1:${port}`, pages }
}

export interface ElementPageOptions extends BrowserContextOptions {
  readonly host: PageHost
  /** Of the gateway that the module comes from. */
  readonly url: string
  /** Language of the page. */
  readonly lang?: string
  /** Around `{field}`, where the element will be. */
  readonly body?: string
  /** Properties of the element, as the text of an object. */
  readonly properties?: string
}

const SCRIPT = (module: string, properties: string): string => `(async () => {
  await import(${JSON.stringify(module)})
  globalThis.field = Object.assign(document.createElement('cloudinary-upload'), ${properties})
  globalThis.events = []
  for (const name of ['change', 'progress', 'uploaded', 'failed']) {
    document.addEventListener(name, ({ type, detail, target }) => { if (target === field) events.push({ type, detail }) })
  }
  globalThis.seen = (name) => events.filter(({ type }) => type === name)
  globalThis.picture = async (name, padding = 0, width = 60, height = 40, type = 'image/jpeg') => {
    const canvas = new OffscreenCanvas(width, height)
    const pen = canvas.getContext('2d')
    const colors = pen.createLinearGradient(0, 0, width, height)
    colors.addColorStop(0, '#ffb36b')
    colors.addColorStop(0.5, '#c44fd0')
    colors.addColorStop(1, '#3a63f0')
    pen.fillStyle = colors
    pen.arc(width / 2, height / 2, type === 'image/png' ? height / 2.4 : width, 0, 7)
    pen.fill()
    return new File([await canvas.convertToBlob({ type }), new Uint8Array(padding)], name, { type })
  }
  globalThis.drag = (type, files) => {
    const dataTransfer = new DataTransfer()
    for (const file of files) dataTransfer.items.add(file)
    return field.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true, composed: true }))
  }
  document.querySelector('#place').replaceWith(field)
})()`

/** A page with the element on it, and what it complained about. */
export class ElementPage {
  readonly page: Page
  readonly complaints: string[]
  readonly field: Locator

  constructor (page: Page) {
    this.page = page
    this.complaints = complaintsOf(page)
    this.field = page.locator('cloudinary-upload')
  }

  async run<T = unknown> (script: string): Promise<T> { return await this.page.evaluate<T>(script) }

  /** Waits in the page: its policy forbids the eval that Playwright's own waiting is made of. */
  async until (expression: string): Promise<void> {
    const isTrue = await this.run(`new Promise((resolve) => {
      const end = performance.now() + ${LONGEST_MS}
      const look = () => (${expression}) ? resolve(true) : performance.now() > end ? resolve(false) : setTimeout(look, 20)
      look()
    })`)
    if (isTrue !== true) throw new Error(`${expression} has not become true`)
  }

  /** A button, by the name that screen readers say. */
  button (name: string | RegExp): Locator { return this.field.getByRole('button', { name, exact: true }) }

  /** Rows in a state, by what their names are. */
  async rows (state: string): Promise<string[]> {
    return await this.run(
      `[...field.shadowRoot.querySelectorAll('li[data-state=${state}] .name')].map(({ title }) => title)`
    )
  }

  async untilRows (state: string, count: number): Promise<void> {
    await this.until(`field.shadowRoot.querySelectorAll('li[data-state=${state}]').length === ${count}`)
  }

  /** What is spoken by screen readers without being asked for. */
  async spoken (): Promise<string> {
    return await this.run('field.shadowRoot.querySelector(\'[role=status]\').textContent')
  }

  /** Name of what has the focus. */
  async focused (): Promise<string> {
    return await this.run(
      '(({ activeElement: one }) => one?.ariaLabel ?? (one?.querySelector(\'.unseen\') ?? one)?.textContent ?? \'\')(field.shadowRoot)'
    )
  }

  /** Waits until a button of that name has the focus. */
  async untilFocused (name: string): Promise<void> {
    await this.until(`field.shadowRoot.activeElement && (field.shadowRoot.activeElement.ariaLabel ??
      field.shadowRoot.activeElement.textContent) === ${JSON.stringify(name)}`)
  }

  async fitsItsWidth (): Promise<boolean> {
    return await this.run('document.documentElement.scrollWidth <= innerWidth')
  }
}

/** Opens a page with a strict content security policy. It closes with the test. */
export async function openElementPage (
  t: Test, browser: Browser, options: ElementPageOptions
): Promise<ElementPage> {
  const { host, url, lang = 'en', body = '{field}', properties = '{}', ...context } = options
  const opened = await browser.newContext(context)
  t.teardown(() => opened.close())
  const path = `/page/${host.pages.size}`
  host.pages.set(path, `<!doctype html><html lang="${lang}"><meta name="viewport" content="width=device-width">
    <link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css"><title>A form</title>
    <main><h1>A form</h1>${body.replace('{field}', '<div id="place"></div>')}</main></html>`)
  const shown = new ElementPage(await opened.newPage())
  await shown.page.goto(host.origin + path)
  await shown.run(SCRIPT(`${url}/upload-element.js`, properties))
  return shown
}

/** What tests of the element share: one browser, one gateway, one sandbox, one page host. */
export interface ElementWorld {
  readonly sandbox: Sandbox
  readonly url: string
  readonly host: PageHost
  /** Opens a page of the element before an empty sandbox. `properties` stand inside the braces of an object. */
  open (t: Test, properties?: string, options?: Partial<ElementPageOptions>): Promise<ElementPage>
}

/** Starts them, with bundles of the present sources. `optionsFor` may put a line between browser and sandbox. */
export async function startElementWorld (
  t: Test,
  optionsFor: (sandbox: Sandbox) => GatewayAtOptions | Promise<GatewayAtOptions> = () => ({})
): Promise<ElementWorld> {
  await bundleForBrowsers()
  const browser = await startBrowser(t)
  const sandbox = await startSandbox({ allowPrivateFetch: true })
  t.teardown(() => sandbox.close())
  const host = await startPageHost(t, () => url)
  const { url } = await startGatewayAt(t, sandbox.url, {
    corsOrigins: [host.origin], ...await optionsFor(sandbox)
  })
  const open: ElementWorld['open'] = async (t, properties = '', options = {}) => {
    sandbox.faults.clear()
    await sandbox.reset()
    return await openElementPage(t, browser, {
      host, url, properties: `{ signatureUrl: '${url}/signature', ${properties} }`, ...options
    })
  }
  return { sandbox, url, host, open }
}
