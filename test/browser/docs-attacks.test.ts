import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { SANDBOX_CLOUDS, sandboxEnvironments } from '../../src/config/environments/sandbox-environments.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { complaintsOf, NO_BROWSER, startBrowser } from '../support/chromium.ts'
import { startGateway } from '../support/gateway.ts'
import { startRuledGateway } from '../support/ruled-gateway.ts'

const KEY = 'a-key-of-a-reader'
const keys = [{ caller: 'reader', digest: createHash('sha256').update(KEY).digest() }]
const PICTURE = join(import.meta.dirname, '../fixtures/landscape.jpg')
/** Markup that would run wherever a text is read as HTML, in an element, an attribute or a script. */
const HOSTILE = '"><img src=x onerror=window.hacked=1></script><script>window.hacked=1</script>`<b>`'
/** The same as far as Cloudinary takes it in a public ID. */
const HOSTILE_ID = 'a/" onerror="window.hacked=1" x=\'`'

interface Visit {
  readonly page: Page
  readonly complaints: string[]
  /** Each URL that the page asked for. */
  readonly urls: string[]
  /** Opens an action and returns its article. */
  readonly open: (title: string) => Promise<Locator>
}

/** Opens the documentation, with a key where one is given. */
async function visit (t: Test, browser: Browser, url: string, key = ''): Promise<Visit> {
  const page = await browser.newPage()
  t.teardown(() => page.close())
  const [complaints, urls] = [complaintsOf(page), [] as string[]]
  page.on('request', (request) => urls.push(request.url()))
  await page.goto(`${url}/docs`)
  await page.getByText('Ready', { exact: true }).waitFor()
  if (key !== '') {
    await page.getByLabel('Key', { exact: true }).fill(key)
    await page.keyboard.press('Enter')
    await page.getByText('The key is good.').waitFor()
    complaints.length = 0 // before that, the gateway has asked for a key
  }
  const open = async (title: string): Promise<Locator> => {
    await page.getByRole('navigation').getByRole('link', { name: title, exact: true }).click()
    return page.getByRole('article', { name: title, exact: true })
  }
  return { page, complaints, urls, open }
}

const field = (action: Locator, name: string): Locator =>
  action.locator(`[data-field="${name}"] :is(input, select)`)

/** Sends the form and returns the text of the answer. */
async function sent (action: Locator): Promise<string> {
  const answer = action.getByRole('region', { name: 'Answer' })
  await action.locator('button.main').click()
  await answer.getByText(/^(?:\d+ (?:OK|Failed)|No answer)$/).waitFor()
  await action.locator('button.main[aria-disabled=false]').waitFor()
  return await answer.innerText()
}

t.test('documentation under attack', { skip: NO_BROWSER }, async (t) => {
  const browser = await startBrowser(t)

  t.test('names, tags, context and problems are shown as text', async (t) => {
    const { url } = await startGateway(t)
    const form = new FormData()
    form.set('public_id', HOSTILE_ID)
    form.set('tags', JSON.stringify([HOSTILE]))
    form.set('context', JSON.stringify({ alt: HOSTILE }))
    form.set('file', new Blob([readFileSync(PICTURE)]), `${HOSTILE}.jpg`)
    t.equal((await fetch(`${url}/upload`, { method: 'POST', body: form })).status, 200)
    const { page, complaints, open } = await visit(t, browser, url)
    const list = await open('Get All Resources')
    await field(list, 'tags').selectOption('true')
    await field(list, 'context').selectOption('true')
    t.match(await sent(list), /200 OK[^]*onerror=window[^]*onerror=window/)
    t.equal(await list.getByAltText(HOSTILE_ID).count(), 1, 'the name is the alternative text, whole')
    const one = await open('Get Resource by ID')
    await field(one, 'public_id').fill(HOSTILE_ID)
    t.match(await sent(one), /200 OK[^]*onerror=window/)
    t.same(complaints, [])

    await field(one, 'public_id').fill(`absent ${HOSTILE_ID}`)
    t.match(await sent(one), /404 Failed[^]*absent a/)
    const address = await open('Get URL')
    await field(address, 'width').fill(HOSTILE)
    t.match(await sent(address), /400 Failed[^]*\/width/)
    t.equal(await page.evaluate('window.hacked'), undefined)
    t.equal(await page.locator('img[src="x"], main b, main script, [onerror]').count(), 0)
  })

  t.test('what no header can hold is said at its field, and nothing is sent', async (t) => {
    const { url } = await startGateway(t, { auth: { mode: 'keys', keys } })
    const { page, complaints, urls, open } = await visit(t, browser, url, KEY)
    const upload = await open('Upload Resource')
    await field(upload, 'file').setInputFiles(PICTURE)
    await upload.getByText('more fields').click()
    await field(upload, 'Idempotency-Key').fill('ключ')
    urls.length = 0
    await upload.locator('button.main').click()
    t.match(
      await upload.locator('[data-field="Idempotency-Key"] .fault').innerText(),
      'Must be ASCII characters: it is sent as a header.'
    )
    await field(upload, 'Idempotency-Key').fill('')
    await page.getByLabel('Key', { exact: true }).fill('ключ')
    await page.keyboard.press('Enter')
    await page.getByText('This is not a key: keys are made of ASCII characters.').waitFor()
    await upload.locator('button.main').click()
    t.equal(await page.evaluate('document.activeElement.id'), 'key')
    t.same(urls, [])
    t.same(complaints, [])
  })

  t.test('the key stands in no URL, and goes along to no other host', async (t) => {
    const { url } = await startGateway(t, { auth: { mode: 'keys', keys } }, { samples: true })
    const { page, complaints, urls, open } = await visit(t, browser, url, KEY)
    const address = await open('Get URL')
    await address.getByText('more fields').click()
    await field(address, 'redirect').selectOption('true')
    t.match(await sent(address), /No answer/)
    t.match(complaints, [/violates the following Content Security Policy/], 'the redirect is not followed')
    await page.keyboard.press('Enter')
    t.same(urls.filter((each) => each.includes(KEY)), [])
    t.notOk(page.url().includes(KEY))
  })

  t.test('a caller with few rights meets no broken picture, and half a key is not sent', async (t) => {
    const actions = { lister: ['getAllResources'], linker: ['getUrl'] }
    const callers = Object.entries(actions).map(([name, allowed]) => [name, { actions: allowed }] as const)
    const { url } = await startRuledGateway(t, Object.fromEntries(callers), {}, { samples: true })
    for (const [name] of callers) {
      const { page, urls, open } = await visit(t, browser, url, name)
      await page.getByLabel('Key', { exact: true }).pressSequentially('and more')
      t.match(await sent(await open('What this caller may upload')), /401 Failed/)
      await page.getByLabel('Key', { exact: true }).fill(name)
      t.match(await sent(await open('What this caller may upload')), /"allowed": false/)
      t.equal(urls.filter((each) => each.includes('/resources?')).length, 1, name)
      t.same(urls.filter((each) => each.endsWith('/undefined')), [])
    }
  })

  t.test('the chosen environment answers on every route that takes one', async (t) => {
    const sandbox = await startSandbox({ clouds: SANDBOX_CLOUDS, samples: true })
    t.teardown(() => sandbox.close())
    const { url } = await startGateway(t, {
      environments: sandboxEnvironments(sandbox.url), defaultEnvironment: 'production'
    })
    const { page, complaints, open } = await visit(t, browser, url)
    await page.getByLabel('Environment', { exact: true }).selectOption('staging')
    t.match(await sent(await open('What this caller may upload')), /"environment": "staging"/)
    const batch = await open('Generate signatures for several files')
    await field(batch, 'files').fill('[{"name": "a.jpg", "size": 1}]')
    t.match(await sent(batch), /"cloud_name": "staging"/)
    t.match(await page.getByRole('region', { name: 'curl' }).innerText(), /X-Environment: staging/)
    t.same(complaints, [])
  })
})
