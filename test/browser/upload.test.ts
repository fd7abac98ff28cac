import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t from 'tap'
import { complaintsOf, NO_BROWSER, startBrowser, startFrontEnd } from '../support/chromium.ts'
import { startGateway } from '../support/gateway.ts'
import { LONG } from '../support/rounds.ts'

const KEY = 'a-key-of-a-front-end'
const keys = [{ caller: 'web', digest: createHash('sha256').update(KEY).digest() }]
const picture = join(import.meta.dirname, '../fixtures/landscape.jpg')

/** Of the page, what the scripts below use; the project's own code knows no DOM. */
interface InPage { document: { querySelector: (selector: string) => { files: File[], src: string, decode: () => Promise<void>, naturalWidth: number } } }

interface Outcome { status?: number, body?: Record<string, unknown>, retryAfter?: string | null, failure?: string }

/** What a page gets when it asks; runs in the browser. */
async function ask ({ url, init }: { url: string, init: RequestInit }): Promise<Outcome> {
  try {
    const answer = await fetch(url, init)
    return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body: await answer.json() as Record<string, unknown> } // problems and assets are objects
  } catch (error) {
    return { failure: String(error) }
  }
}

t.test('a page in a real browser', { skip: NO_BROWSER }, async (t) => {
  const browser = await startBrowser(t)
  const [front, foreign] = [await startFrontEnd(t), await startFrontEnd(t)]
  const { url, sandbox } = await startGateway(t, { corsOrigins: [front.origin], auth: { mode: 'keys', keys } })
  const sign = (fields: object, key = KEY): { url: string, init: RequestInit } => ({
    url: `${url}/signature`,
    init: { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` }, body: JSON.stringify(fields) }
  })
  const opened = async (origin: string): Promise<Page> => {
    const page = await browser.newPage()
    t.teardown(() => page.close())
    await page.goto(`${origin}/page`)
    return page
  }

  t.test('C1: of an origin that is listed asks for a signature, sends its file straight to Cloudinary, and shows it', async (t) => {
    const page = await opened(front.origin)
    await page.setInputFiles('#input', picture)
    const { status, body: signed } = await page.evaluate(ask, sign({ folder: 'users/1', tags: ['avatar'] }))
    t.equal(status, 200)
    const asset = await page.evaluate(async ({ fields, target }) => {
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.append(name, value)
      const [file] = (globalThis as unknown as InPage).document.querySelector('#input').files
      if (file) form.append('file', file)
      return await (await fetch(target, { method: 'POST', body: form })).json() as { secure_url: string, url: string, bytes: number, public_id: string }
    }, { fields: signed?.['fields'] as Record<string, string>, target: String(signed?.['upload_url']) }) // as documented
    t.match(asset, { public_id: /^users\/1\//, bytes: readFileSync(picture).length, tags: ['avatar'] })
    const width = await page.evaluate(async (source) => {
      const image = (globalThis as unknown as InPage).document.querySelector('#shown')
      image.src = source
      await image.decode()
      return image.naturalWidth
    }, asset.url.replace('/upload/', '/upload/c_scale,w_123/'))
    t.equal(width, 123, 'the transformed picture is on the page')
  })

  t.test('C1: sends the signed file through the gateway instead, without a key', async (t) => {
    const page = await opened(front.origin)
    await page.setInputFiles('#input', picture)
    const { body: signed } = await page.evaluate(ask, sign({ public_id: 'through/the-gateway' }))
    const outcome = await page.evaluate(async ({ fields, target }) => {
      const form = new FormData()
      const [file] = (globalThis as unknown as InPage).document.querySelector('#input').files
      if (file) form.append('file', file)
      for (const [name, value] of Object.entries(fields)) form.append(name, value)
      const answer = await fetch(target, { method: 'POST', body: form })
      return { status: answer.status, integrity: answer.headers.get('x-upload-integrity'), body: await answer.json() as object }
    }, { fields: signed?.['fields'] as Record<string, string>, target: `${url}/direct-upload` }) // as documented
    t.match(outcome, { status: 200, integrity: 'verified', body: { public_id: 'through/the-gateway', bytes: readFileSync(picture).length } })
  })

  t.test('C5: of a listed origin reads what is wrong: no key, an unknown field, too fast, too large', { skip: LONG }, async (t) => {
    const page = await opened(front.origin)
    t.match(await page.evaluate(ask, sign({}, 'another-key')), { status: 401, body: { code: 'unauthorized', advice: String } })
    t.match(await page.evaluate(ask, sign({ folders: 'a' })), { status: 400, body: { code: 'invalid_request', errors: [{ pointer: '/folders' }] } })
    await sandbox.faults.add({ kind: 'status', status: 429, headers: { 'retry-after': '77' }, times: 3, match: { path: '/resources/' } })
    const tooFast = await page.evaluate(ask, { url: `${url}/resources/cats`, init: { headers: { authorization: `Bearer ${KEY}` } } })
    t.match(tooFast, { status: 429, retryAfter: '77', body: { code: 'rate_limited' } })
    t.match(await page.evaluate(ask, sign({ context: { text: 'x'.repeat(2_000_000) } })), { status: 413, body: { code: 'payload_too_large' } })
  })

  t.test('C2: of any other origin gets nothing, and nothing of it reaches Cloudinary', async (t) => {
    const page = await opened(foreign.origin)
    const before = sandbox.requests.length
    t.match(await page.evaluate(ask, sign({ folder: 'a' })), { failure: /Failed to fetch/ })
    t.match(await page.evaluate(ask, { url: `${url}/resources`, init: { headers: { authorization: `Bearer ${KEY}` } } }), { failure: /Failed to fetch/ })
    t.match(await page.evaluate(ask, { url: `${url}/signature`, init: { method: 'POST', body: '{"folder":"a"}' } }), { failure: /Failed to fetch/ })
    t.equal(sandbox.requests.length, before)
  })

  t.test('C4: of any other origin cannot use that no key is wanted on loopback', { skip: LONG }, async (t) => {
    const open = await startGateway(t)
    await open.sandbox.add('cats/tom')
    const page = await opened(foreign.origin)
    const before = open.sandbox.requests.length
    await page.evaluate(ask, { url: `${open.url}/upload?public_id=planted`, init: { method: 'POST', body: 'bytes' } })
    const form = await page.evaluate(async (target) => {
      const body = new FormData()
      body.append('file', new Blob(['bytes']), 'planted.txt')
      return await fetch(target, { method: 'POST', body, mode: 'no-cors' }).then(({ type }) => type)
    }, `${open.url}/upload?public_id=planted`)
    t.equal(form, 'opaque', 'the browser did send it')
    t.equal(open.sandbox.requests.length, before)
  })
})

t.test('the script of the README works as printed, on a page that shares its origin with the gateway', {
  skip: NO_BROWSER || LONG
}, async (t) => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
  const script = /^```js\n([^]*?FormData[^]*?)^```/m.exec(readme)?.[1]
  if (script === undefined) throw new Error('the README has no script for browsers')
  const { url } = await startGateway(t)
  const { origin } = await startFrontEnd(t, url)
  const page = await (await startBrowser(t)).newPage()
  await page.goto(`${origin}/page`)
  await page.setInputFiles('#input', picture)
  const asset = await page.evaluate(`(async () => { ${script}\n return asset })()`)
  t.match(asset, { public_id: /^users\/1\//, tags: ['avatar'], bytes: readFileSync(picture).length })
})

t.test('the pages of the gateway and of the sandbox load without a complaint', {
  skip: NO_BROWSER || LONG
}, async (t) => {
  const { url, sandbox } = await startGateway(t)
  const browser = await startBrowser(t)
  for (
    const [address, text] of [
      [`${url}/docs`, 'Upload Resource'],
      [`${url}/docs/errors`, 'signature_mismatch'],
      [`${sandbox.url}/`, 'CLOUDINARY_URL']
    ] as const
  ) {
    const page = await browser.newPage()
    const complaints = complaintsOf(page)
    await page.goto(address)
    await page.getByText(text).first().or(page.locator(`[id*="${text}"]`).first()).first().waitFor()
    t.same(complaints, [], address)
    await page.close()
  }
})

t.test('the error pages', { skip: NO_BROWSER || LONG }, async (t) => {
  const { url } = await startGateway(t, { routePrefix: '/media' })
  const page = await (await startBrowser(t)).newPage({ viewport: { width: 390, height: 844 } })
  const complaints = complaintsOf(page)

  t.test('a link of before, with the code behind #, leads to the page of the code', async (t) => {
    await page.goto(`${url}/media/docs/errors#signature_mismatch`)
    await page.waitForURL(`${url}/media/docs/errors/signature_mismatch`)
    t.equal(await page.locator('h1').innerText(), 'Signature mismatch')
  })

  t.test('the widest of them do not scroll sideways at 390 px', async (t) => {
    for (const path of ['', '/signature_mismatch', '/uri_too_long', '/http_version_unsupported']) {
      await page.goto(`${url}/media/docs/errors${path}`)
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), 390, path)
    }
  })
  t.same(complaints, [])
})
