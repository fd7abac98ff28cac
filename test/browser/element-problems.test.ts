import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { Secret } from '../../src/secret.ts'
import { NO_BROWSER } from '../support/chromium.ts'
import { startElementWorld, type ElementPage } from '../support/element-page.ts'
import { environmentAt } from '../support/gateway.ts'
import { LONG } from '../support/rounds.ts'
import { uploadsOf } from '../support/uploading-page.ts'

const UPLOADS = { match: { method: 'POST', path: '/upload' } }
const digest = (key: string): string => `sha256:${createHash('sha256').update(key).digest('hex')}`
const CALLERS = {
  web: {
    keys: [digest('web')],
    sign: { formats: ['png', 'jpg', 'webp'], max_bytes: 10_000_000, resource_types: ['image'] }
  },
  free: { keys: [digest('free')] },
  reader: { keys: [digest('reader')], read_only: true }
}

t.test('<cloudinary-upload>: what may not be, and what goes wrong', { skip: NO_BROWSER }, async (t) => {
  const { sandbox, url, host, open } = await startElementWorld(t, (sandbox) => ({
    environments: [
      environmentAt(sandbox.url),
      environmentAt(sandbox.url, { name: 'broken', apiSecret: new Secret('another-secret') })
    ],
    auth: {
      mode: 'keys',
      policyFile: `${t.testdir({ 'policy.json': JSON.stringify({ callers: CALLERS }) })}/policy.json`
    }
  }))
  const as = (
    caller: string, rest = ''
  ): string => `headers: { authorization: 'Bearer ${caller}' }, multiple: true, ${rest}`
  const sentences = async (page: ElementPage): Promise<string[]> => await page.field.locator('.sentence').allInnerTexts()
  const noted = (page: ElementPage): string[] => {
    const requests: string[] = []
    page.page.on('request', (request) => { if (!request.url().startsWith('blob:')) requests.push(`${request.method()} ${request.url()}`) })
    return requests
  }
  const closed = async (t: Test, page: ElementPage, sentence: RegExp): Promise<void> => {
    const reason = page.field.locator('.closed .invite')
    await reason.waitFor()
    t.match(await reason.innerText(), sentence)
    t.equal(await page.button('Choose files').count(), 0, 'no dead field')
  }

  t.test('what the rules forbid is refused before any request, with the numbers of the policy', async (t) => {
    const page = await open(t, as('web', 'maxFiles: 5'))
    await page.field.getByText('PNG, JPEG, or WebP, up to 10 MB each, at most 5 files').waitFor()
    const requests = noted(page)
    await page.run(`field.upload([
      new File([new Uint8Array(14_000_000)], 'large.jpg', { type: 'image/jpeg' }),
      new File([new Uint8Array(10_000_400)], 'barely.png', { type: 'image/png' }),
      new File(['%PDF'], 'contract.pdf', { type: 'application/pdf' }),
      new File([], 'empty.webp', { type: 'image/webp' }),
      new File(['words'], 'noname', { type: 'text/plain' })
    ])`)
    await page.untilRows('failed', 5)
    t.same(await sentences(page), [
      'This file is 14 MB; up to 10 MB is allowed here. Choose a smaller one.',
      'This file is 10,000,400 bytes; up to 10,000,000 bytes is allowed here. Choose a smaller one.',
      'PDF files are not allowed here. Choose PNG, JPEG, or WebP.',
      'This file is empty. Choose another one.',
      'PLAIN files are not allowed here. Choose PNG, JPEG, or WebP.'
    ])
    t.equal(await page.button(/Try again/).count(), 0, 'the same file would be refused again')
    t.match(await page.run('seen(\'failed\').length'), 5)
    t.same(requests, [])
    t.same(uploadsOf(sandbox), [])
    t.same(page.complaints, [])
    await page.run('picture(\'fine.JPG\').then((file) => field.upload(file))')
    await page.untilRows('done', 1)
    t.match(uploadsOf(sandbox)[0]?.path, /\/image\/upload$/, 'the only kind that the rules allow')
    const dialog = page.page.waitForEvent('filechooser')
    await page.button('Add files').click()
    t.equal(await (await dialog).element().getAttribute('accept'), '.png,.jpg,.webp')
  })

  t.test('dragged over, files that are too large are counted', { skip: LONG }, async (t) => {
    const page = await open(t, as('web'))
    await page.field.getByText(/up to 10 MB/).waitFor()
    const sizes = [14_000_000, 11_000_000, 5]
    await page.run(
      `drag('dragenter', ${JSON.stringify(sizes)}.map((size) => new File([new Uint8Array(size)], size + '.jpg', { type: 'image/jpeg' })))`
    )
    t.equal(await page.field.locator('.veil').innerText(), '2 of 3 are too large')
  })

  t.test('a policy that forbids everything, an expired key, an environment that is not there: why, and what to do', { skip: LONG }, async (t) => {
    const reader = await open(t, as('reader'))
    await closed(t, reader, /^Uploads are not allowed here\. .+ask the operator/i)

    const expired = await open(t, as('expired'))
    await closed(
      t, expired, /^You are not signed in, or your session has expired\. Sign in again, then try again\.$/
    )
    t.match(await expired.field.locator('pre').innerText(), /^Code: unauthorized\nRequest ID: \S+\n/)
    await expired.button('Try again').click()
    await closed(t, expired, /session has expired/)
    await expired.run('field.headers = () => ({ authorization: \'Bearer free\' })')
    await expired.button('Choose files').waitFor()
    await expired.run('field.upload(new File([\'x\'], \'x.txt\'))')
    await expired.untilRows('done', 1)

    const absent = await open(t, as('free', `signatureUrl: '${url}/signature?environment=absent'`))
    await closed(t, absent, /^environment: there is no such environment/)

    const unset = await open(t, 'signatureUrl: \'\'')
    await closed(t, unset, /signature-url/)
  })

  t.test('an environment whose credentials Cloudinary refuses', { skip: LONG }, async (t) => {
    const page = await open(
      t, as('free', `signatureUrl: '${url}/signature?environment=broken', options: { retries: 0 }`)
    )
    await page.run('picture(\'a.jpg\').then((file) => field.upload(file))')
    await page.untilRows('failed', 1)
    t.same(await sentences(page), [
      'The server\'s account for uploads is refused. Tell whoever runs this site.'
    ])
  })

  t.test('a gateway that is away: said at once, and no obstacle once it is back', { skip: LONG }, async (t) => {
    const page = await open(
      t, as('free', 'signatureUrl: \'http://127.0.0.1:9/signature\', options: { retries: 0 }')
    )
    await page.field.locator('.note').waitFor()
    t.equal(
      await page.field.locator('.note').innerText(),
      'The server cannot be reached. Check your connection and try again.'
    )
    await page.run('field.upload(new File([\'x\'], \'x.txt\'))')
    await page.untilRows('failed', 1)
    t.same(await sentences(page), ['The server cannot be reached. Check your connection and try again.'])
    await page.run(`field.signatureUrl = '${url}/signature'`)
    await page.button('Try again: x.txt').click()
    await page.untilRows('done', 1)
  })

  t.test('a back end of one\'s own that knows no rules', { skip: LONG }, async (t) => {
    const page = await open(t, as('free', `rulesUrl: '${host.origin}/nothing'`))
    await page.run('field.upload(new File([\'x\'], \'x.txt\'))')
    await page.untilRows('done', 1)
    t.equal(await page.field.locator('.rules').innerText(), '')
  })

  t.test('a wrong signature is explained, and names the field', { skip: LONG }, async (t) => {
    const page = await open(t, as('free', `sign: async (fields) => {
      const answer = await fetch('${url}/signature', {
        method: 'POST', body: JSON.stringify({ ...fields, folder: 'users/1' }),
        headers: { authorization: 'Bearer free', 'content-type': 'application/json' }
      })
      const form = await answer.json()
      form.fields.folder = 'users/2'
      return form
    }`))
    await page.run('picture(\'a.jpg\').then((file) => field.upload(file))')
    await page.untilRows('failed', 1)
    t.match(await sentences(page), [/folder/])
    t.match(await page.run('seen(\'failed\')[0].detail.error.code'), 'signature_mismatch')
  })

  t.test('a failure that may pass: one sentence, details to copy, and again', { skip: LONG }, async (t) => {
    const page = await open(t, as('free', 'options: { retries: 0 }'))
    await page.page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    sandbox.faults.add({
      ...UPLOADS,
      kind: 'status',
      status: 429,
      headers: { 'access-control-allow-origin': '*' },
      message: '<b id="bold">broken</b>'
    })
    await page.run('field.upload(new File([\'x\'], \'<img src=x onerror=globalThis.hacked=1>.txt\'))')
    await page.untilRows('failed', 1)
    const name = '<img src=x onerror=globalThis.hacked=1>.txt'
    await page.button(`Details: ${name}`).click()
    t.equal(await page.button(`Details: ${name}`).getAttribute('aria-expanded'), 'true')
    await page.button('Copy').click()
    await page.button('Copied').waitFor()
    t.match(
      await page.run('navigator.clipboard.readText()'), /^Code: rate_limited\n[^]*<b id="bold">broken<\/b>/
    )
    await page.button(`Try again: ${name}`).focus()
    await page.page.keyboard.press('Enter')
    await page.untilRows('done', 1)
    await page.untilFocused(`Remove: ${name}`)
    t.same(await page.rows('done'), [name])
    t.equal(
      await page.run(
        'field.shadowRoot.querySelectorAll(\'#bold, img\').length + Number(globalThis.hacked ?? 0)'
      ),
      0,
      'text is text'
    )
    t.equal(uploadsOf(sandbox).length, 2)
  })

  t.test('an answer that is lost after the last byte is not asked for again by itself', { skip: LONG }, async (t) => {
    const page = await open(t, as('free'))
    sandbox.faults.add({ ...UPLOADS, kind: 'lost_answer', times: 9 })
    await page.run('field.upload(new File([\'x\'], \'x.txt\'))')
    await page.untilRows('failed', 1)
    t.match(await sentences(page), [
      'No clear answer came, so the file may have arrived. Check before you send it again.'
    ])
    t.equal(await page.button(/Try again/).count(), 0)
    t.notOk(await page.run('seen(\'progress\').some(({ detail }) => detail.state === \'retrying\')'))
  })

  t.test('what is cancelled too late is not said to be gone, and what is no file is said at its row', { skip: LONG }, async (t) => {
    const page = await open(t, as('free'))
    sandbox.faults.add({ ...UPLOADS, kind: 'stall', times: 9 })
    await page.run('field.upload(new File([\'x\'], \'x.txt\'))')
    await page.untilRows('processing', 1)
    await page.button('Cancel: x.txt').click()
    await page.field.locator('.note').waitFor()
    t.equal(
      await page.field.locator('.note').innerText(),
      'x.txt: No clear answer came, so the file may have arrived. Check before you send it again.'
    )
    sandbox.faults.clear()
    await page.run('field.upload([\'nonsense\', \'ftp://a/b.png\'])')
    await page.untilRows('failed', 2)
    t.same(page.complaints.filter((complaint) => !complaint.startsWith('Failed to load')), [])
  })

  t.test('a format that the system has no type for passes where pictures do', { skip: LONG }, async (t) => {
    const page = await open(t, as('free', 'accept: \'image/*,.pdf\''))
    await page.field.getByText('Images or PDF').waitFor()
    await page.run(
      'field.upload([new File([\'x\'], \'a.heic\'), new File([\'x\'], \'b.zip\', { type: \'application/zip\' })])'
    )
    await page.untilRows('failed', 1)
    await page.untilRows('done', 1)
    t.same(await page.run('seen(\'failed\').map(({ detail }) => detail.file.name)'), ['b.zip'])
  })

  t.test('links of assets lead to the web alone', { skip: LONG }, async (t) => {
    const page = await open(t, as('free'))
    await page.run(
      'field.assets = [\'javascript:alert(1)\', \'data:text/html,x\'].map((url) => ({ public_id: url, secure_url: url }))'
    )
    await page.untilRows('done', 2)
    t.equal(await page.field.getByRole('link').count(), 0)
  })
})
