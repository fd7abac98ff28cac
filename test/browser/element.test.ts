import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { ENGLISH } from '../../src/browser/element/words/texts-en.ts'
import { COLORS } from '../../src/browser/tokens.ts'
import { NO_BROWSER } from '../support/chromium.ts'
import { startElementWorld } from '../support/element-page.ts'
import { LONG } from '../support/rounds.ts'
import { uploadsOf } from '../support/uploading-page.ts'

const picture = join(import.meta.dirname, '../fixtures/landscape.jpg')
const md5 = createHash('md5').update(readFileSync(picture)).digest('hex')
const UPLOADS = { match: { method: 'POST', path: '/upload' } }
const BUNDLE = join(import.meta.dirname, '../../dist/src/browser/upload-element.js')

t.test('<cloudinary-upload>', { skip: NO_BROWSER }, async (t) => {
  const { sandbox, url, open } = await startElementWorld(t)

  t.test('is at most 14,000 bytes when it is compressed', async (t) => {
    const bytes = gzipSync(readFileSync(BUNDLE), { level: 9 }).length
    t.ok(bytes <= 14_000, `${bytes} bytes`)
    const text = readFileSync(BUNDLE, 'utf8')
    const lost = [...Object.keys(ENGLISH), ...Object.keys(COLORS)].filter(
      (name) => !text.includes(`${name}:`) && !text.includes(`"${name}":`)
    )
    t.same(lost, [], 'names of texts and colors, which pages use, are not made shorter')
    await t.resolves(import(pathToFileURL(BUNDLE).href), 'a server that renders pages may import it')
  })

  t.test('a chosen picture arrives as it is, and becomes the value of the field', async (t) => {
    const page = await open(t, 'name: \'photo\', folder: \'users/1\', tags: \'a, b\', fields: { context: { alt: \'hills\' } }', {
      body: '<form><label id="label">Photo {field}</label><button>Send</button></form>'
    })
    const chooser = page.page.waitForEvent('filechooser')
    await page.button('Choose a file').click()
    await (await chooser).setFiles(picture)
    await page.untilRows('done', 1)
    const [request] = uploadsOf(sandbox)
    t.match(request?.fields, { folder: 'users/1', tags: 'a,b', context: 'alt=hills' })
    t.match(request?.path, /\/auto\/upload$/)
    const [id] = await page.run<string[]>('field.value')
    t.match(await page.run('field.assets'), [{ public_id: id, etag: md5, bytes: 19847 }])
    t.same(await page.run('[...new FormData(document.forms[0])]'), [['photo', id]])
    t.same(await page.run('events.map(({ type }) => type).filter((one) => one !== \'progress\')'), [
      'uploaded', 'change'
    ])
    t.match(await page.run('seen(\'progress\').at(-1).detail'), {
      loaded: 19847, total: 19847, all: { loaded: 19847, total: 19847 }
    })
    t.match(await page.run('seen(\'uploaded\')[0].detail'), { asset: { public_id: id } })
    t.match(await page.run('seen(\'change\')[0].detail'), { value: [id], assets: [{ public_id: id }] })
    const link = page.field.getByRole('link', { name: 'Open landscape.jpg in a new tab' })
    t.equal(await link.getAttribute('href'), await page.run('field.assets[0].secure_url'))
    await page.until('field.shadowRoot.querySelector(\'img\').src.includes(\'c_limit\')')
    t.equal(
      await page.run('field.shadowRoot.querySelector(\'img\').naturalWidth'),
      40,
      'the thumbnail is the delivered one'
    )
    t.same(page.complaints, [], 'a strict content security policy has nothing to refuse')
  })

  t.test('a field of a form: required, unfinished, disabled, reset, restored', async (t) => {
    const page = await open(t, 'name: \'photos\', multiple: true, required: true', {
      body: '<form><fieldset>{field}</fieldset><input type="reset"></form>'
    })
    t.match(
      await page.run(
        '[field.checkValidity(), field.validity.valueMissing, field.form === document.forms[0]]'
      ),
      [false, true, true]
    )
    await page.run('picture(\'a.jpg\').then((file) => field.upload([file, new File([\'text\'], \'b.txt\')]))')
    t.match(await page.run('[field.checkValidity(), field.validity.customError]'), [false, true], 'it runs')
    await page.untilRows('done', 2)
    t.equal(await page.run('field.checkValidity()'), true)
    const value = await page.run<string[]>('field.value')
    t.same(await page.run('new FormData(document.forms[0]).getAll(\'photos\')'), value)
    await page.run('field.name = \'images\'')
    t.same(await page.run('[...new FormData(document.forms[0])].map(([name]) => name)'), ['images', 'images'])
    await page.run('document.querySelector(\'fieldset\').disabled = true')
    await page.until('field.shadowRoot.querySelector(\'#choose\').disabled')
    t.same(await page.run('[...new FormData(document.forms[0])]'), [])
    await page.run('document.querySelector(\'fieldset\').disabled = false')
    const state = await page.run<string>('JSON.stringify(field.assets)')
    await page.run('document.forms[0].reset()')
    t.match(await page.run('[field.value, field.checkValidity()]'), [[], false])
    await page.run(`field.formStateRestoreCallback(${JSON.stringify(state)})`)
    t.same(await page.run('field.value'), value, 'as after a reload')
    await page.untilRows('done', 2)
    t.equal((await page.rows('done'))[0], 'a.jpg')
    await page.run('field.value = [\'kept/one\']')
    t.same(await page.run('new FormData(document.forms[0]).getAll(\'images\')'), ['kept/one'])
    t.same(page.complaints, [])
  })

  t.test('drops, with folders in them, and says before what they would do', async (t) => {
    const page = await open(t, 'multiple: true, accept: \'.txt\'')
    const veil = page.field.locator('.veil')
    const texts = (count: number): string => JSON.stringify(
      Array.from({ length: count }, (_, index) => `${index}.txt`)
    )
    const files = (names: string): string => `${names}.map((name) => new File([name], name))`
    t.equal(
      await page.run(`drag('dragenter', ${files(texts(3))})`),
      false,
      'the browser does not leave for the file'
    )
    t.equal(await veil.innerText(), 'Drop 3 files')
    await page.run('drag(\'dragleave\', [])')
    await veil.waitFor({ state: 'detached' })
    await page.run(`drag('dragover', ${files('["a.txt", "b.png", "c.png"]')})`)
    t.equal(await veil.innerText(), '2 of 3 are not allowed here')
    await page.run(`drag('drop', ${files(texts(2))})`)
    await page.untilRows('done', 2)
    t.equal(await veil.count(), 0)

    const folder = t.testdir({
      'one.txt': 'one', '.hidden': 'x', inner: { 'two.txt': 'two', deep: { 'three.txt': 'three' } }, none: {}
    })
    const wide = join(folder, 'inner/wide')
    mkdirSync(wide)
    for (let index = 0; index < 120; index++) writeFileSync(join(wide, `${index}.png`), '')
    const session = await page.page.context().newCDPSession(page.page)
    const { x = 0, y = 0 } = await page.field.boundingBox() ?? {}
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      const data = { items: [], files: [folder], dragOperationsMask: 1 }
      await session.send('Input.dispatchDragEvent', { type, x: x + 20, y: y + 20, data })
    }
    await page.untilRows('done', 5)
    await page.untilRows('failed', 120)
    t.match(
      (await page.rows('done')).slice(2).sort(),
      ['one.txt', 'three.txt', 'two.txt'],
      'a reader answers a hundred at once'
    )
    t.same(page.complaints, [])
  })

  t.test('pasted files while the focus is inside, and a link that Cloudinary fetches', { skip: LONG }, async (t) => {
    const page = await open(t)
    const paste = (script: string): string => `(async () => {
      const clipboardData = new DataTransfer()
      ${script}
      const target = field.shadowRoot.activeElement ?? document.body
      return target.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, composed: true, cancelable: true }))
    })()`
    await page.run(paste('clipboardData.items.add(await picture(\'outside.png\'))'))
    t.equal(await page.run('field.files.length'), 0, 'not while the focus is elsewhere')
    await page.button('Choose a file').focus()
    t.equal(
      await page.run(paste('clipboardData.setData(\'text/plain\', \'words\')')), true, 'words are left alone'
    )
    t.equal(
      await page.run(
        paste('clipboardData.items.add(await picture(\'image.png\', 0, 60, 40, \'image/png\'))')
      ),
      false
    )
    await page.untilRows('done', 1)
    t.match(await page.run('field.assets[0].format'), 'png')

    const { secure_url: link } = await sandbox.add('there')
    await page.button('Use a link').click()
    t.equal(await page.focused(), 'Link to a file')
    await page.page.keyboard.type('javascript:alert(1)')
    await page.page.keyboard.press('Enter')
    t.equal(await page.field.getByRole('alert').innerText(), 'Enter a link that begins with https://.')
    await page.field.getByLabel('Link to a file').fill(String(link))
    await page.page.keyboard.press('Enter')
    await page.untilRows('done', 1)
    await page.until('events.filter(({ type }) => type === \'uploaded\').length === 2')
    const request = uploadsOf(sandbox).at(-1)
    t.equal(request?.file_bytes, undefined, 'no bytes leave the page')
    t.equal(await page.run('field.value.length'), 1, 'the second takes the place of the first')
    await page.button('Use a link').click()
    await page.page.keyboard.press('Escape')
    t.equal(await page.focused(), 'Choose another file')
  })

  t.test('pause and resume, cancel, remove: the focus stays near, and an aborted file is not stored', async (t) => {
    const page = await open(t, 'multiple: true, options: { parallel: 1 }')
    sandbox.faults.add({ ...UPLOADS, kind: 'delay', ms: 1000 })
    await page.run(
      'Promise.all([\'a.jpg\', \'b.jpg\', \'c.jpg\'].map((name) => picture(name))).then((files) => field.upload(files))'
    )
    await page.button('Pause: b.jpg').focus()
    await page.page.keyboard.press('Enter')
    await page.untilRows('paused', 1)
    t.equal(await page.focused(), 'Resume: b.jpg', 'the same button goes on')
    await page.page.keyboard.press('Enter')
    await page.button('Cancel: c.jpg').focus()
    await page.page.keyboard.press('Enter')
    await page.until('field.files.length === 2')
    await page.untilFocused('Cancel: b.jpg')
    await page.untilRows('done', 2)
    await page.untilFocused('Remove: b.jpg')
    t.equal(uploadsOf(sandbox).length, 2)
    await page.page.keyboard.press('Enter')
    await page.untilFocused('Remove: a.jpg')
    await page.page.keyboard.press('Enter')
    await page.untilFocused('Choose files')
    t.same(await page.run('field.value'), [])
    t.match(await page.run('seen(\'change\').at(-1).detail.value'), [])
  })

  t.test('by keyboard alone, in an order that makes sense, and spoken at the start and the end', async (t) => {
    const page = await open(t, 'multiple: true', { body: '<input id="before">{field}<input id="after">' })
    await page.run('picture(\'a.jpg\').then((file) => field.upload([file, new File([], \'empty.txt\')]))')
    await page.untilRows('done', 1)
    await page.until('field.shadowRoot.querySelector(\'[role=status]\').textContent.includes(\'uploaded\')')
    t.match(await page.spoken(), /1 file uploaded, 1 file failed$/)
    await page.page.locator('#before').focus()
    const order: string[] = []
    for (let steps = 0; steps < 10 && await page.run('document.activeElement.id !== \'after\''); steps++) {
      await page.page.keyboard.press('Tab')
      order.push(await page.focused())
    }
    t.same(order.slice(0, -1), [
      'Add files', 'Use a link', 'Open a.jpg in a new tab', 'Remove: a.jpg', 'Remove: empty.txt'
    ])
    t.equal(await page.field.getByRole('list').getByRole('listitem').count(), 2)
  })

  t.test('at most so many files, each of them once; without `multiple` the next one takes the place', { skip: LONG }, async (t) => {
    const page = await open(t, 'multiple: true, maxFiles: 2')
    await page.run('globalThis.text = (name) => new File([name], name, { lastModified: 1 })')
    await page.run('field.upload([\'a\', \'b\', \'c\'].map(text))')
    await page.untilRows('done', 2)
    t.match(
      await page.field.locator('.note').innerText(),
      'At most 2 files are allowed here. Remove one to add another.'
    )
    t.equal(await page.button('Add files').count(), 0)
    await page.button('Remove: b').click()
    await page.run('field.upload(text(\'a\'))')
    t.match(await page.field.locator('.note').innerText(), 'a: Uploaded.')
    t.equal(await page.run('field.files.length'), 1)
    await page.run('field.multiple = false; field.upload(text(\'d\'))')
    await page.untilRows('done', 1)
    await page.until('field.files[0].name === \'d\' && field.value.length === 1')
    await page.run('field.upload([\'e\', \'f\'].map(text))')
    await page.field.getByText('Only one file is allowed here.').first().waitFor()
    t.same(await page.run('field.files.map(({ name }) => name)'), ['d'])
  })

  t.test('moves with what runs; what leaves the page ends; object URLs are given back', { skip: LONG }, async (t) => {
    const page = await open(t, 'multiple: true', { body: '{field}<div id="other"></div>' })
    await page.run(`globalThis.urls = new Set()
      const { createObjectURL: create, revokeObjectURL: revoke } = URL
      URL.createObjectURL = (blob) => { const url = create.call(URL, blob); urls.add(url); return url }
      URL.revokeObjectURL = (url) => { urls.delete(url); revoke.call(URL, url) }`)
    sandbox.faults.add({ ...UPLOADS, kind: 'delay', ms: 1000 })
    await page.run(
      'picture(\'a.jpg\').then((file) => { field.upload(file); document.querySelector(\'#other\').append(field) })'
    )
    await page.until('urls.size === 1')
    await page.untilRows('done', 1)
    await page.until('urls.size === 0')
    await page.run('picture(\'large.jpg\', 10_000_001).then((file) => { field.upload(file) })')
    await page.until('field.files.length === 2')
    t.equal(await page.run('urls.size'), 0, 'a large file is not read for a picture of 40 pixels')
    await page.untilRows('done', 2)
    sandbox.faults.add({ ...UPLOADS, kind: 'stall' })
    await page.run('picture(\'b.jpg\').then((file) => { field.upload(file) })')
    await page.until('seen(\'progress\').at(-1).detail.state === \'processing\'')
    await page.run('field.remove()')
    await page.until('field.files.length === 2')
    t.equal(await page.run('field.value.length'), 2, 'what is stored stays')
  })

  t.test('properties that were set before the definition count, and a second module does no harm', { skip: LONG }, async (t) => {
    const page = await open(t)
    await page.page.reload()
    const early = await page.run(`(async () => {
      const element = document.createElement('cloudinary-upload')
      Object.assign(element, { signatureUrl: '${url}/signature', maxFiles: 3, multiple: true, headers: { a: '1' }, value: ['kept'] })
      document.body.append(element)
      await import('${url}/upload-element.js')
      return [element.getAttribute('signature-url'), element.getAttribute('max-files'), element.multiple, element.headers, element.value]
    })()`)
    t.same(early, [`${url}/signature`, '3', true, { a: '1' }, ['kept']])
    t.equal(await page.run(`import('${url}/upload-element.js?again').then(() => 'fine')`), 'fine')
  })

  t.test('markup alone is enough, also when the module comes later; through the gateway it is one request', async (t) => {
    const page = await open(t, '', {
      body: `<form><cloudinary-upload id="plain" signature-url="${url}/signature" name="photos" multiple max-files="2" via="gateway"
        accept="image/*" tags="a"></cloudinary-upload></form>{field}`
    })
    await page.run('globalThis.field.remove(), globalThis.field = document.querySelector(\'#plain\')')
    await page.field.getByText('Images, at most 2 files').waitFor()
    await page.run(
      'Promise.all([picture(\'a.jpg\'), picture(\'b.jpg\')]).then((files) => field.upload(files))'
    )
    await page.untilRows('done', 2)
    t.equal(await page.run('new FormData(document.forms[0]).getAll(\'photos\').length'), 2)
    t.same(uploadsOf(sandbox).map(({ fields }) => fields['tags']), ['a', 'a'])
    t.notOk(
      uploadsOf(sandbox).some(({ headers }) => headers.includes('origin')),
      'the page has spoken to the gateway alone'
    )
    await page.field.getByText('At most 2 files are allowed here.').waitFor()
    t.same(page.complaints, [])
  })

  t.test('German, Arabic from right to left, and texts of one\'s own', { skip: LONG }, async (t) => {
    const page = await open(t, 'multiple: true, maxFiles: 3', { lang: 'de-AT' })
    await page.button('Dateien auswählen').waitFor()
    t.equal(await page.field.locator('.rules').innerText(), 'Höchstens 3 Dateien')
    await page.run('field.locale = \'ar\'')
    await page.button('اختيار ملفات').waitFor()
    t.equal(
      await page.field.locator('.rules').innerText(), '3 ملفات على الأكثر', 'a form that English has not'
    )
    t.equal(await page.field.locator('.root').getAttribute('dir'), 'rtl')
    const [choose, link] = [
      await page.button('اختيار ملفات').boundingBox(), await page.button('استخدام رابط').boundingBox()
    ]
    t.ok(Number(choose?.x) > Number(link?.x), 'mirrored')
    await page.run('field.locale = \'fi\'')
    await page.button('Choose files').waitFor()
    await page.run('field.texts = { choose: \'Valitse tiedostot\' }')
    await page.button('Valitse tiedostot').waitFor()
    t.equal(await page.field.locator('.root').getAttribute('lang'), 'fi')
    await page.run('field.locale = \'not a locale\'')
    await page.button('Valitse tiedostot').waitFor()
    t.same(page.complaints, [])
  })
})
