import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Locator, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { SANDBOX_CLOUDS, sandboxEnvironments } from '../../src/config/environments/sandbox-environments.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { complaintsOf, NO_BROWSER, startBrowser } from '../support/chromium.ts'
import { startGateway, type Gateway } from '../support/gateway.ts'

const run = promisify(execFile)
const KEY = 'a-key-of-a-reader'
const keys = [{ caller: 'reader', digest: createHash('sha256').update(KEY).digest() }]
const picture = join(import.meta.dirname, '../fixtures/landscape.jpg')
const digest = createHash('sha256').update(readFileSync(picture)).digest('hex')
const WIDTHS = [390, 1440]

/** What stands in every signed call, typed by nobody. */
const BY_THE_GATEWAY = new Set(['api_key', 'signature', 'timestamp', 'return_delete_token', 'async'])

/** An action on the page, as a person finds it. */
interface Action {
  readonly form: Locator
  readonly answer: Locator
  readonly send: (button: string) => Promise<Record<string, unknown>>
}

async function openAction (page: Page, title: string): Promise<Action> {
  await page.getByRole('link', { name: 'cloudinary-gateway' }).click()
  await page.getByRole('main').getByRole('link', { name: title }).click()
  const article = page.getByRole('article', { name: title })
  const [form, answer] = [article.locator('form'), article.getByRole('region', { name: 'Answer' })]
  const send = async (button: string): Promise<Record<string, unknown>> => {
    await form.getByRole('button', { name: button, exact: true }).click()
    await answer.getByText(/^\d+ (OK|Failed)$/).waitFor()
    await form.getByRole('button', { name: button, exact: true }).waitFor()
    return JSON.parse(
      await answer.getByRole('region', { name: 'Body' }).innerText()
    ) as Record<string, unknown> // the gateway answers objects
  }
  return { form, answer, send }
}

/** A field of a form, by its label. */
const field = (form: Locator, name: string): Locator => form.getByLabel(new RegExp(`^${name}(?:required)?$`))

/** Fields that Cloudinary got of the last call of this kind. */
function lastCall ({ sandbox }: Gateway, path: RegExp): { fields: Record<string, string>, sha256?: string } {
  const call = sandbox.requests.findLast((request) => path.test(request.path))
  if (call === undefined) throw new Error(`no request to ${String(path)}`)
  const fields = Object.entries(call.fields).filter(([name]) => !BY_THE_GATEWAY.has(name))
  return { fields: Object.fromEntries(fields), ...call.sha256 !== undefined && { sha256: call.sha256 } }
}

/** Of an image, what is used below; the project's own code knows no DOM. */
interface Shown { decode: () => Promise<void>, naturalWidth: number }

async function widthOf (element: unknown): Promise<number> {
  const image = element as Shown // found by its alternative text
  await image.decode()
  return image.naturalWidth
}

const fitsItsWidth = async (page: Page): Promise<boolean> =>
  await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')

t.test('documentation: each of the nine actions is sent from the page', {
  skip: NO_BROWSER
}, async (t) => {
  const browser = await startBrowser(t)
  const visit = async (t: Test, width: number, url: string): Promise<{
    page: Page, complaints: string[], hosts: Set<string>
  }> => {
    const page = await browser.newPage({ viewport: { width, height: 844 } })
    t.teardown(() => page.close())
    const [complaints, hosts] = [complaintsOf(page), new Set<string>()]
    page.on('request', (request) => hosts.add(new URL(request.url()).host))
    await page.goto(`${url}/docs`)
    return { page, complaints, hosts }
  }

  for (const width of WIDTHS) {
    t.test(`${width} px wide, on a fresh start`, async (t) => {
      const gateway = await startGateway(t, {}, { samples: true })
      const { url } = gateway
      const { page, complaints, hosts } = await visit(t, width, url)
      const stored = async (publicId: string): Promise<unknown> => (
        await fetch(`${url}/resources/${publicId}`)
      ).json()
      await page.getByText('Ready', { exact: true }).waitFor()
      t.equal(await page.getByText('No key is needed here.').count(), 1)
      t.ok(await fitsItsWidth(page), 'the first screen does not scroll sideways')

      const upload = await openAction(page, 'Upload Resource')
      t.equal(
        await upload.form.locator('input:not([type="radio"]):visible, select:visible').count(),
        12,
        'common fields alone'
      )
      await field(upload.form, 'file').setInputFiles(picture)
      t.match(await upload.send('Upload'), { bytes: 19847 })
      t.same(lastCall(gateway, /\/upload$/), { fields: {}, sha256: digest }, 'nothing but the file')
      await field(upload.form, 'public_id').fill('my cats/tom')
      await field(upload.form, 'tags').fill('cat, grey')
      await field(upload.form, 'context').fill('alt=Hills|caption=Tom')
      await upload.form.getByText('more fields').click()
      await upload.form.getByPlaceholder('Find a field').fill('phash')
      await field(upload.form, 'phash').selectOption('true')
      await upload.send('Upload')
      const call = lastCall(gateway, /\/upload$/)
      t.same(call.fields, {
        public_id: 'my cats/tom', tags: 'cat,grey', context: 'alt=Hills|caption=Tom', phash: 'true'
      })
      t.match(await stored('my%20cats/tom'), { tags: ['cat', 'grey'], context: { custom: { alt: 'Hills' } } })

      const address = await openAction(page, 'Get URL')
      await field(address.form, 'width').fill('300')
      await field(address.form, 'crop').selectOption('fill')
      const { url: delivery } = await address.send('Get URL')
      t.match(delivery, /\/c_fill,w_300\/.*sample$/)

      const list = await openAction(page, 'Get All Resources')
      await field(list.form, 'prefix').fill('my cats/')
      t.match(await list.send('List assets'), { resources: [{ public_id: 'my cats/tom' }] })

      const one = await openAction(page, 'Get Resource by ID')
      t.match(await one.send('Get asset'), { public_id: 'samples/logo' })
      await field(one.form, 'public_id').fill('my cats/tom')
      t.match(await one.send('Get asset'), { public_id: 'my cats/tom', bytes: 19847 })

      const update = await openAction(page, 'Update Resource')
      t.match(await update.send('Update asset'), { public_id: 'samples/logo', tags: ['sample'] })
      await field(update.form, 'public_id').fill('my cats/tom')
      t.equal(await field(update.form, 'tags').inputValue(), '', 'the example was meant for the sample')
      await field(update.form, 'context').fill('{"alt": "Tom, asleep"}')
      await update.send('Update asset')
      t.match(await stored('my%20cats/tom'), {
        tags: ['cat', 'grey'], context: { custom: { alt: 'Tom, asleep' } }
      })

      const removal = await openAction(page, 'Delete Resource')
      t.match(await removal.send('Delete asset'), { result: 'ok', public_id: 'samples/landscapes/dunes' })
      await field(removal.form, 'public_id').fill('my cats/tom')
      await removal.send('Delete asset')
      t.match(await stored('my%20cats/tom'), { code: 'not_found' })

      const link = await openAction(page, 'Get Signed URL')
      const { url: signedUrl } = await link.send('Get signed URL')
      t.equal((await fetch(String(signedUrl))).status, 200, 'the link opens the private sample')

      const signature = await openAction(page, 'Generate signature for upload')
      await field(signature.form, 'folder').fill('users/1')
      t.match(await signature.send('Sign'), { fields: { folder: 'users/1' } })
      await signature.answer.getByRole('button', { name: 'Use it for a direct upload' }).click()
      const direct = page.getByRole('article', { name: 'Direct Upload' })
      t.match(await field(direct, 'signature').inputValue(), /^[0-9a-f]{40}$/)
      await field(direct, 'file').setInputFiles(picture)
      await direct.getByRole('button', { name: 'Upload', exact: true }).click()
      await direct.getByText('200 OK').waitFor()
      t.same(lastCall(gateway, /\/upload$/), { fields: { folder: 'users/1' }, sha256: digest })

      await page.reload()
      const fresh = await openAction(page, 'Direct Upload file using signature')
      await field(fresh.form, 'file').setInputFiles(picture)
      await field(fresh.form, 'public_id').fill('direct/a')
      t.match(await fresh.send('Upload'), { public_id: 'direct/a' }, 'the page signs what nobody has signed')
      await field(fresh.form, 'public_id').fill('direct/b')
      t.match(await fresh.send('Upload'), { public_id: 'direct/b' }, 'and signs again what has changed')
      t.same(lastCall(gateway, /\/upload$/), { fields: { public_id: 'direct/b' }, sha256: digest })

      t.ok(await fitsItsWidth(page), 'nothing scrolls sideways')
      t.same([...hosts].filter((host) => !host.startsWith('127.0.0.1')), [], 'no foreign host')
      t.same(complaints, [])

      gateway.app.drain()
      await page.reload()
      await page.getByText('Shutting down', { exact: true }).waitFor()
    })
  }

  t.test('behind a prefix and with keys: the key is entered once, wrong input is said at its field', async (t) => {
    const gateway = await startGateway(
      t, { routePrefix: '/media', auth: { mode: 'keys', keys } }, { samples: true }
    )
    const { page } = await visit(t, 390, `${gateway.url}/media`)
    await page.getByText('This gateway asks for a key.').waitFor()
    const list = await openAction(page, 'Get All Resources')
    t.match(await list.send('List assets'), { code: 'unauthorized' })
    t.equal(await page.evaluate('document.activeElement.id'), 'key', 'the answer leads to the key')
    await page.keyboard.type('wrong')
    await page.keyboard.press('Enter')
    await page.getByText('The gateway does not know this key.').waitFor()
    await page.getByLabel('Key', { exact: true }).fill(KEY)
    await page.keyboard.press('Enter')
    await page.getByText('The key is good.').waitFor()
    t.match(await list.send('List assets'), { resources: [{}, {}] })
    await field(list.form, 'max_results').fill('501')
    t.match(await list.send('List assets'), { code: 'invalid_request' })
    t.equal(await field(list.form, 'max_results').getAttribute('aria-invalid'), 'true')
    t.match(await list.form.locator('[data-field="max_results"] .fault').innerText(), /500/)

    await page.reload()
    await page.getByText('The key is good.').waitFor()
    const upload = await openAction(page, 'Upload Resource')
    t.equal(
      (await upload.form.getByRole('button', { name: 'Upload', exact: true }).boundingBox())?.y,
      844 - 12 - 40,
      'within reach of a thumb'
    )
    await upload.form.getByRole('button', { name: 'Upload', exact: true }).click()
    t.equal(await upload.form.locator('[data-field="file"] .fault').first().innerText(), 'Choose a file.')
    await upload.form.getByRole('radio', { name: 'File as bytes' }).check()
    await field(upload.form, 'file').setInputFiles(picture)
    await field(upload.form, 'public_id').fill('as/bytes')
    await field(upload.form, 'tags').fill('one, two')
    t.match(await upload.send('Upload'), { public_id: 'as/bytes', tags: ['one', 'two'] })
    t.same(lastCall(gateway, /\/upload$/), {
      fields: { public_id: 'as/bytes', tags: 'one,two' }, sha256: digest
    })
    await upload.form.getByRole('radio', { name: 'URL in JSON' }).check()
    t.match(await upload.send('Upload'), { width: 1, height: 1 })
    t.notOk((await page.content()).includes(KEY), 'the key is on no line of the page')
  })

  t.test('another environment answers, and the picture of an answer is shown', async (t) => {
    const sandbox = await startSandbox({ clouds: SANDBOX_CLOUDS, samples: true })
    t.teardown(() => sandbox.close())
    const gateway = await startGateway(t, {
      environments: sandboxEnvironments(sandbox.url), defaultEnvironment: 'production'
    })
    const { page, complaints } = await visit(t, 1440, gateway.url)
    await page.getByAltText('What the command leads to').waitFor()
    await page.getByLabel('Environment', { exact: true }).selectOption('staging')
    const upload = await openAction(page, 'Upload Resource')
    await field(upload.form, 'file').setInputFiles(picture)
    const { public_id: publicId } = await upload.send('Upload')
    const shown = upload.answer.getByAltText(`Picture of ${String(publicId)}`)
    t.equal(await shown.evaluate(widthOf), 640)
    t.match(sandbox.requests.findLast(({ method }) => method === 'POST')?.path, '/staging/')
    t.same(complaints, [], 'the policy of the page lets the sandbox show it')
  })

  t.test('the curl line does what the button does', async (t) => {
    const gateway = await startGateway(t, { auth: { mode: 'keys', keys } }, { samples: true })
    const { page } = await visit(t, 1440, gateway.url)
    await page.getByLabel('Key', { exact: true }).fill(KEY)
    const folder = t.testdir()
    copyFileSync(picture, join(folder, 'landscape.jpg'))
    const command = async (title: string, fill: (form: Locator) => Promise<void>): Promise<unknown> => {
      const { form } = await openAction(page, title)
      await fill(form)
      const line = await page.getByRole('region', { name: 'curl' }).innerText()
      t.notOk(line.includes(KEY))
      const { stdout } = await run('sh', ['-c', line], { cwd: folder, env: { ...process.env, KEY } })
      return JSON.parse(stdout)
    }
    const odd = 'it\'s/(1) $HOME "odd"'
    t.match(await command('Upload Resource', async (form) => {
      await field(form, 'file').setInputFiles(picture)
      await field(form, 'public_id').fill(odd)
      await field(form, 'tags').fill('a;type=text/html, @b')
    }), { public_id: odd, tags: ['a;type=text/html', '@b'] })
    t.match(await command('Update Resource', async (form) => {
      await field(form, 'public_id').fill(odd)
      await field(form, 'context').fill('{"alt": "it\'s $HOME"}')
    }), { context: { custom: { alt: "it's $HOME" } } })
    t.match(await command('Get URL', async (form) => { await field(form, 'width').fill('30') }), {
      transformation: 'w_30'
    })
    t.match(
      await command('Delete Resource', async (form) => { await field(form, 'public_id').fill(odd) }),
      { public_id: odd }
    )
  })
})
