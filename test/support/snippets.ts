import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import type { RequestRecord, Sandbox } from '../../src/sandbox/index.ts'
import { passOn } from './chromium.ts'
import { blocksOf, PAGES } from './pages.ts'

/** The address that pages of the documentation give the gateway. */
const PRINTED = 'http://127.0.0.1:8080'

const PAGE = PAGES.find(({ path }) => path === 'docs/browser.md')?.text ?? ''

/** Returns what stands below a heading of `docs/browser.md`, up to the next one. */
function section (heading: string): string {
  const sections = PAGE.split(/^(?=#{1,3} )/m)
  const found = sections.find((part) => part.split('\n', 1)[0]?.replace(/^#+ /, '') === heading)
  if (found === undefined) throw new Error(`docs/browser.md has no heading ${heading}`)
  return found
}

/** Returns a block of `docs/browser.md` as printed: the first, or the nth, of a language below a heading. */
export function snippet (heading: string, language: string, nth = 0): string {
  const blocks = blocksOf({ path: heading, text: section(heading) })
  const block = blocks.filter((one) => one.language === language)[nth]
  if (block === undefined) throw new Error(`docs/browser.md has no ${language} below ${heading}`)
  return block.text
}

/** Returns every name in the tables below a heading, but for their first columns. */
export function namesIn (heading: string): string[] {
  const rows = section(heading).match(/(?<=^\|[^|]*\|).*$/gm) ?? []
  return rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
}

const md5Of = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex')

/** Returns a snippet that speaks to the gateway of the test. Nothing else of it changes. */
export const atGateway = (text: string, url: string): string => text.replaceAll(PRINTED, url)

async function listen (t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // it listens on TCP
  return `http://127.0.0.1:${port}`
}

export interface Site {
  readonly origin: string
  /** What it serves, by path: scripts at names that end with `.js`, pages at all others. */
  readonly files: Map<string, string>
  /** Where requests for anything else go, as behind the web server of somebody. */
  behind?: string
}

/** Starts a site with an origin of its own. */
export async function startSite (t: Test): Promise<Site> {
  const files = new Map<string, string>()
  const origin = await listen(t, (incoming, answer) => {
    const path = incoming.url ?? '/'
    const text = files.get(path)
    if (text !== undefined) {
      const type = path.endsWith('.js') ? 'text/javascript' : 'text/html'
      return answer.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(text)
    }
    if (site.behind !== undefined) return passOn(incoming, answer, site.behind)
    return answer.writeHead(404).end()
  })
  const site: Site = { origin, files }
  return site
}

/** A page around what a snippet has no page for. */
export const pageOf = (body: string): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>A page</title>${body}`

export const PICTURE = readFileSync(join(import.meta.dirname, '../fixtures/landscape.jpg'))

/** What an element says next of a file: its public ID, or why it was not stored. Runs in the page. */
const NEXT_EVENT = `new Promise((resolve, reject) => {
  document.addEventListener('uploaded', ({ detail }) => resolve(detail.asset.public_id), { once: true })
  document.addEventListener('failed', ({ detail }) => reject(detail.error), { once: true })
})`

/** Chooses a picture in the element of a page, as a person does. Resolves with its public ID. */
export async function choosePicture (page: Page, buffer = PICTURE, name = 'landscape.jpg'): Promise<string> {
  const input = page.locator('cloudinary-upload input[type="file"]').first()
  const [publicId] = await Promise.all([
    page.evaluate(NEXT_EVENT), input.setInputFiles({ name, mimeType: 'image/jpeg', buffer })
  ])
  return String(publicId)
}

/** What Cloudinary saw of the last upload. */
export function lastUpload ({ requests }: Sandbox): RequestRecord {
  const found = requests.findLast(({ method, path }) => method === 'POST' && path.endsWith('/upload'))
  if (found === undefined) throw new Error('nothing was uploaded')
  return found
}

/** Proves that Cloudinary has these bytes under a public ID: by their MD5 there, and by fetching them. */
export async function isStored (t: Test, sandbox: Sandbox, publicId: string, bytes = PICTURE): Promise<void> {
  const { etag } = await (await fetch(`${sandbox.url}/v1_1/demo/resources/image/upload/${publicId}`, {
    headers: { authorization: `Basic ${btoa('1234:abcd')}` }
  })).json() as { etag: string } // as Cloudinary documents it
  const file = await fetch(`${sandbox.url}/demo/image/upload/${publicId}.jpg`)
  const fetched = md5Of(Buffer.from(await file.arrayBuffer()))
  t.same([etag, fetched], [md5Of(bytes), md5Of(bytes)], `${publicId} has the bytes of the picture`)
}

type Texts = Readonly<Record<string, string>>

/** Makes a folder of somebody's project: its files, and links to the packages that it has installed. */
export function projectFolder (t: Test, files: Texts, packages: Texts = {}): string {
  const folder = t.testdir({ 'package.json': '{ "type": "module" }', ...files, node_modules: {} })
  for (const [name, path] of Object.entries(packages)) {
    const link = join(folder, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(path, link)
  }
  return folder
}

const PRINTED_PORT = '.listen(3000)'
/** Says to its parent which port was free. */
const FREE_PORT = ".listen(0, '127.0.0.1', function () { process.send(this.address().port) })"

/**
 * Runs a server of the documentation in a process of its own, on a free port in place of the printed one.
 * Resolves with its address.
 */
export async function startBackEnd (t: Test, files: Texts, name: string, env: Texts): Promise<string> {
  const printed = files[name]
  if (printed?.includes(PRINTED_PORT) !== true) throw new Error(`${name} does not listen on port 3000`)
  const changed = `${printed.replace(PRINTED_PORT, FREE_PORT)}\nprocess.on('disconnect', process.exit)`
  const folder = projectFolder(t, { ...files, [name]: changed })
  const own = { PATH: process.env['PATH'], ...env }
  const child = fork(join(folder, name), { cwd: folder, execArgv: [], env: own })
  t.teardown(() => child.kill())
  const [chosen] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => { throw new Error(`${name} has ended: ${code}`) })
  ])
  return `http://127.0.0.1:${String(chosen)}`
}
