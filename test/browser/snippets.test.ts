import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { bundleForBrowsers } from '../support/browser-modules.ts'
import { complaintsOf, NO_BROWSER, startBrowser } from '../support/chromium.ts'
import { startGateway } from '../support/gateway.ts'
import { LONG } from '../support/rounds.ts'
import {
  atGateway, choosePicture, isStored, lastUpload, namesIn, pageOf, PICTURE, snippet, startSite
} from '../support/snippets.ts'

/** The same picture with bytes behind its end, so that it is on its way for a while. */
const LARGE = Buffer.concat([PICTURE, Buffer.alloc(300_000)])
/** So large that most of it is still in the browser when somebody pauses. */
const buffer = Buffer.concat([PICTURE, Buffer.alloc(4_000_000)])
const FILM = { name: 'film.jpg', mimeType: 'image/jpeg', buffer }

/** Decides how many bytes a second may leave a page; -1 lets all of them go. */
async function brakeOf (page: Page): Promise<(bytesPerSecond: number) => Promise<void>> {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  const unchanged = { offline: false, latency: 0, downloadThroughput: -1 }
  return async (uploadThroughput) => {
    await session.send('Network.emulateNetworkConditions', { ...unchanged, uploadThroughput })
  }
}

/** Notes every state of the bar that an element shows, from now on. Runs in the page. */
const WATCH_BAR = `(() => {
  window.shown = new Set()
  const look = () => {
    const root = document.querySelector('cloudinary-upload').shadowRoot
    const bar = root?.querySelector('li [role="progressbar"]')
    if (bar) window.shown.add(Number(bar.getAttribute('aria-valuenow')))
    requestAnimationFrame(look)
  }
  look()
})()`

/** Names of all parts that an element shows. Runs in the page. */
const PARTS = `[...document.querySelector('cloudinary-upload').shadowRoot.querySelectorAll('[part]')]
  .flatMap(({ part }) => [...part])`
/** Parts that are there for a while: a note on files that were left out, a link form, details, a drop. */
const HIDDEN_PARTS = new Set(['note', 'link', 'panel', 'veil'])

/** Of a page, what is used below; the project's own code knows no DOM. */
interface InPage {
  getComputedStyle: (element: unknown) => { textTransform: string, backgroundColor: string }
}
interface Shown { decode: () => Promise<void>, naturalWidth: number }

function styleOf (element: unknown): { transform: string, background: string } {
  const { textTransform, backgroundColor } = (globalThis as unknown as InPage).getComputedStyle(element)
  return { transform: textTransform, background: backgroundColor }
}

async function widthOf (image: unknown): Promise<number> {
  await (image as Shown).decode()
  return (image as Shown).naturalWidth
}

t.test('pages of docs/browser.md, as printed', { skip: NO_BROWSER }, async (t) => {
  await bundleForBrowsers()
  const browser = await startBrowser(t)
  const site = await startSite(t)
  const { url, sandbox } = await startGateway(t, { corsOrigins: [site.origin] })
  const printed = (heading: string, nth = 0): string => atGateway(snippet(heading, 'html', nth), url)
  const opened = async (t: Test, html: string): Promise<{ page: Page, complaints: string[] }> => {
    site.files.set('/', html)
    site.files.set('/favicon.ico', '')
    const page = await browser.newPage()
    t.teardown(() => page.close())
    const complaints = complaintsOf(page)
    await page.goto(site.origin)
    return { page, complaints }
  }
  const uploads = (): number =>
    sandbox.requests.filter(({ method, status }) => method === 'POST' && status === 200).length

  t.test('the two lines at the top, which are those of the README too', async (t) => {
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
    t.ok(readme.includes(snippet('Upload from a browser', 'html')))
    const { page, complaints } = await opened(t, pageOf(printed('Upload from a browser')))
    await isStored(t, sandbox, await choosePicture(page))
    t.same(complaints, [])
  })

  t.test('the whole page: a bar that moves, a link, a value that the form posts', async (t) => {
    site.files.set('/pictures', pageOf('Thank you'))
    const { page, complaints } = await opened(t, printed('A whole page'))
    await (await brakeOf(page))(150_000)
    await page.evaluate(WATCH_BAR)
    const publicId = await choosePicture(page, LARGE)
    t.match(publicId, /^pictures\//)
    await isStored(t, sandbox, publicId, LARGE)
    const shown = await page.evaluate('[...window.shown]') as number[] // numbers are put in
    t.ok(shown.filter((value) => value > 0 && value < 100).length >= 3, `the bar showed ${shown.join(', ')}`)
    t.same(shown, shown.toSorted((one, other) => one - other), 'and never went back')
    t.match(lastUpload(sandbox).fields, { tags: 'web,holiday' })

    const href = await page.locator('#stored').getByRole('link', { name: publicId }).getAttribute('href')
    t.equal((await fetch(String(href))).status, 200)
    const posted = page.waitForRequest(`${site.origin}/pictures`)
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    t.equal((await posted).postData(), new URLSearchParams({ picture: publicId }).toString())
    t.same(complaints, [])
  })

  t.test('the client alone: pause, resume, cancel', { skip: LONG }, async (t) => {
    const { page, complaints } = await opened(t, printed('The client alone'))
    const message = page.getByRole('status')
    const button = (name: string): Promise<void> => page.getByRole('button', { name }).click()
    const allow = await brakeOf(page)
    await allow(500_000)
    await page.getByLabel('Film').setInputFiles(FILM)
    await message.getByText(/^uploading, \d+ s left$/).waitFor()
    await button('Pause')
    await message.getByText(/^paused/).waitFor()
    const before = uploads()
    await allow(-1)
    await button('Resume')
    await message.getByText(/^Stored as films\//).waitFor()
    await isStored(t, sandbox, (await message.innerText()).replace('Stored as ', ''), FILM.buffer)
    t.equal(uploads(), before + 1)
    t.equal(await page.evaluate('document.querySelector("#bar").value'), 1)

    await allow(500_000)
    await page.getByLabel('Film').setInputFiles({ ...FILM, name: 'other.jpg' })
    await message.getByText(/^uploading/).waitFor()
    await button('Cancel')
    await message.getByText('Cancelled').waitFor()
    t.equal(uploads(), before + 1)
    t.same(complaints, [])
  })

  t.test('looks and texts', { skip: LONG }, async (t) => {
    const { page, complaints } = await opened(
      t, pageOf(printed('Upload from a browser') + printed('Looks and languages'))
    )
    await page.evaluate(`customElements.whenDefined('cloudinary-upload').then(() => {
      ${snippet('Looks and languages', 'js')} })`)
    const button = page.getByRole('button', { name: 'Add your pictures' })
    t.same(await button.evaluate(styleOf), { transform: 'uppercase', background: 'rgb(10, 125, 79)' })

    const parts = async (): Promise<string[]> => await page.evaluate(PARTS)
    const empty = await parts()
    await choosePicture(page)
    await t.rejects(choosePicture(page, Buffer.alloc(0), 'empty.jpg'), 'one that failed')
    const shown = new Set([...empty, ...await parts()])
    const code = await (await fetch(`${url}/upload-element.js`)).text()
    const names = namesIn('Looks and languages')
    t.ok(names.length > 30)
    for (const name of names) {
      const isThere = name.startsWith('--cg-') ? code.includes(name.replace('--cg-', '')) : shown.has(name)
      t.ok(isThere || (HIDDEN_PARTS.has(name) && code.includes(`.${name}`)), `it has ${name}`)
    }
    t.same(complaints, [])
  })

  t.test('a low-code tool: the script in the head, and a block that runs no scripts', async (t) => {
    const { page, complaints } = await opened(t, pageOf(`${printed('Low-code tools')}<div id="block"></div>`))
    const block = JSON.stringify(printed('Low-code tools', 1))
    await page.evaluate(`document.querySelector('#block').innerHTML = ${block}`)
    const change = "new Event('change', { bubbles: true })"
    await page.evaluate(`document.querySelector('#block').dispatchEvent(${change})`)
    const publicId = await choosePicture(page)
    await isStored(t, sandbox, publicId)
    t.match(await page.evaluate('window.uploadedPictures'), [{ public_id: publicId }])
    t.same(complaints, [], 'other fields of the page change, too')
  })

  t.test('the content security policy lets through all that the element needs', { skip: LONG }, async (t) => {
    const policy = snippet('Content security policy', 'text').replaceAll('\n', ' ')
      .replaceAll('https://media.example.com', url)
      .replaceAll(/https:\/\/(?:api|res)\.cloudinary\.com/g, sandbox.url)
    t.notMatch(policy, /example|cloudinary/)
    const meta = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; ${policy}">`
    const { page, complaints } = await opened(
      t, pageOf(meta + printed('Upload from a browser')).replace('data:,', '/favicon.ico')
    )
    const publicId = await choosePicture(page)
    await isStored(t, sandbox, publicId)
    // The delivered picture takes the place of the chosen one, which cannot be decoded while it does.
    const thumbnail = page.locator('cloudinary-upload li img[src^="http"]').first()
    t.ok(await thumbnail.evaluate(widthOf) > 0, 'the thumbnail is shown')
    t.same(complaints, [])
  })
})
