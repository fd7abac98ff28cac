import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { COLORS } from '../../src/browser/tokens.ts'
import { clientFile, NO_CLIENTS } from '../support/clients.ts'
import { NO_BROWSER } from '../support/chromium.ts'
import { startElementWorld, type ElementPage } from '../support/element-page.ts'

/** The gate keeps what lies here. */
const SHOTS = join(import.meta.dirname, '../../.ci/artifacts/element')
const AXE = clientFile('node_modules/axe-core/axe.min.js')
const NO_AXE = NO_CLIENTS || (
  !existsSync(AXE) && process.env['CI'] !== 'true' && 'npm ci --prefix test/contract/clients is older than axe-core'
)
const UPLOADS = { match: { method: 'POST', path: '/upload' } }
const RULES = `{
  allowed: true, reason: null, resource_types: ['image'], formats: ['png', 'jpg', 'webp'], max_bytes: 10485760
}`

interface Looks { readonly width: number, readonly theme: 'light' | 'dark', readonly lang?: string }
const LOOKS: readonly Looks[] = [
  { width: 390, theme: 'dark' },
  { width: 390, theme: 'light' },
  { width: 1440, theme: 'light' },
  { width: 1440, theme: 'dark' },
  { width: 390, theme: 'light', lang: 'ar' },
  { width: 1440, theme: 'light', lang: 'de' }
]

/** What axe finds, each as its rule and where. */
async function faultsOf (page: ElementPage): Promise<string[]> {
  if (NO_AXE !== false) return []
  await page.run(readFileSync(AXE, 'utf8'))
  return await page.run(`axe.run().then(({ violations, passes }) => passes.length < 10
    ? ['axe looked at nothing']
    : violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => [id, target, failureSummary].join(' '))))`)
}

/** Lets animations end, so that a picture and a contrast are what people see. */
const rest = async (page: ElementPage): Promise<unknown> =>
  await page.run(
    'Promise.allSettled([...field.shadowRoot.getAnimations()].filter(({ effect }) => effect.getTiming().iterations === 1).map(({ finished }) => finished))'
  )

interface Box { y: number, height: number }
const boxesOf = async (page: ElementPage): Promise<Box[]> =>
  await page.run(
    '[...field.shadowRoot.querySelectorAll(\'li\')].map((row) => (({ y, height }) => ({ y, height }))(row.getBoundingClientRect()))'
  )

t.test('<cloudinary-upload> in each of its states', { skip: NO_BROWSER }, async (t) => {
  mkdirSync(SHOTS, { recursive: true })
  const { sandbox, open } = await startElementWorld(t)

  const look = async (t: Test, page: ElementPage, name: string): Promise<void> => {
    await rest(page)
    await page.page.screenshot({ path: join(SHOTS, `${name}.png`) })
    t.ok(await page.fitsItsWidth(), `${name}: nothing scrolls sideways`)
    t.same(await faultsOf(page), [], `${name}: axe finds nothing`)
  }

  const visit = async (t: Test, { width, theme, lang = 'en' }: Looks): Promise<void> => {
    const page = await open(t, `multiple: true, maxFiles: 8, rules: ${RULES}`, {
      lang, viewport: { width, height: 760 }, colorScheme: theme, reducedMotion: 'no-preference'
    })
    const name = (state: string): string => `${lang}-${width}-${theme}-${state}`
    await page.until('field.shadowRoot.querySelector(\'#choose\')')
    await look(t, page, name('empty'))
    await page.run(
      'drag(\'dragenter\', [1, 2, 3].map((number) => new File([\'x\'], number + \'.jpg\', { type: \'image/jpeg\' })))'
    )
    await page.field.locator('.veil').waitFor()
    await look(t, page, name('dragging'))
    await page.run(
      'drag(\'dragenter\', [11000000, 12000000, 5].map((size) => new File([new Uint8Array(size)], size + \'.jpg\', { type: \'image/jpeg\' })))'
    )
    await page.field.locator('.veil[data-bad]').waitFor()
    await look(t, page, name('dragging-too-large'))
    await page.run('drag(\'dragleave\', [])')

    const session = await page.page.context().newCDPSession(page.page)
    const throttle = async (uploadThroughput: number): Promise<unknown> =>
      await session.send('Network.emulateNetworkConditions', {
        offline: false, latency: 5, downloadThroughput: -1, uploadThroughput
      })
    await throttle(900_000)
    await page.run(`Promise.all([
      picture('IMG_20260714_184512_sunset-over-the-harbour-panorama.jpg', 9e6, 160, 90), picture('logo.png', 4e6, 80, 80, 'image/png'),
      picture('portrait.webp', 3e6, 60, 100, 'image/webp'), picture('team.jpg', 2e6, 100, 60)
    ]).then((files) => field.upload(files))`)
    await page.until('seen(\'progress\').some(({ detail }) => detail.secondsLeft > 0 && detail.loaded > 5e5)')
    await look(t, page, name('running'))
    const before = await boxesOf(page)
    t.same(new Set(before.map(({ height }) => height)), new Set([57]))
    await page.run('field.pauseAll()')
    await page.untilRows('paused', 4)
    await look(t, page, name('paused'))
    await throttle(-1)
    await page.run('field.resumeAll()')
    await page.untilRows('done', 4)
    await page.until(
      '[...field.shadowRoot.querySelectorAll(\'img\')].every(({ src }) => src.includes(\'c_limit\'))'
    )
    await look(t, page, name('done'))
    t.same(await boxesOf(page), before, 'no row has jumped')

    await page.run('field.clear(); field.options = { retries: 0 }')
    sandbox.faults.add({
      ...UPLOADS,
      kind: 'status',
      status: 429,
      message: 'Rate limit exceeded',
      headers: { 'access-control-allow-origin': '*' }
    })
    await page.run(`Promise.all([
      picture('later.jpg'), new File([new Uint8Array(14_000_000)], 'holiday-in-full-resolution.jpg', { type: 'image/jpeg' }),
      new File(['x'], 'contract-2026.pdf', { type: 'application/pdf' }), picture('fine.jpg')
    ]).then((files) => field.upload(files))`)
    await page.untilRows('failed', 3)
    await page.untilRows('done', 1)
    await look(t, page, name('failed'))
    await page.field.locator('[aria-expanded]').first().click()
    await look(t, page, name('failed-details'))
    await page.run(
      'field.clear(); field.rules = { allowed: false, reason: \'Uploads are not allowed here. This key may only read. Ask the operator of the gateway.\' }'
    )
    await page.field.locator('.closed').waitFor()
    await look(t, page, name('closed'))
    t.same(page.complaints.filter((complaint) => !/status of 429/.test(complaint)), [])
  }

  for (const looks of LOOKS) {
    const { width, theme, lang = 'en' } = looks
    t.test(`${lang}, ${width} px, ${theme}`, async (t) => { await visit(t, looks) })
  }

  t.test('a narrow place keeps the button alone; data-theme, colors of the page, forced colors', async (t) => {
    const page = await open(t, `multiple: true, rules: ${RULES}`, {
      body: '<div class="narrow">{field}</div>', viewport: { width: 300, height: 400 }
    })
    await page.button('Choose files').waitFor()
    t.same(await page.field.locator('button:visible').allInnerTexts(), ['Choose files'])
    t.equal(await page.field.locator('.invite, .rules').locator('visible=true').count(), 0)
    await look(t, page, 'narrow')
    const background = async (): Promise<string> => await page.run(
      'getComputedStyle(field.shadowRoot.querySelector(\'.root\')).backgroundColor'
    )
    t.equal(await background(), 'rgb(255, 255, 255)')
    const tokens = await page.run(`(({ getPropertyValue: read }, style) => ${JSON.stringify(Object.keys(COLORS))}
      .map((name) => read.call(style, '--' + name)))(CSSStyleDeclaration.prototype, getComputedStyle(field.shadowRoot.querySelector('.root')))`)
    t.same(tokens, Object.values(COLORS).map(([light]) => light))
    await page.run('document.documentElement.dataset.theme = \'dark\'')
    await page.until('field.shadowRoot.querySelector(\'.root\').dataset.theme === \'dark\'')
    t.equal(await background(), 'rgb(15, 18, 23)')
    await page.run('field.style.setProperty(\'--cg-bg\', \'rgb(1, 2, 3)\')')
    t.equal(await background(), 'rgb(1, 2, 3)')
    await page.page.keyboard.press('Tab')
    t.match(
      await page.run('getComputedStyle(field.shadowRoot.activeElement).outline'),
      /solid 2px|2px solid/,
      'the focus is seen'
    )
    const { height = 0 } = await page.button('Choose files').boundingBox() ?? {}
    t.ok(height >= 40)
  })

  t.test('what moves stands still where people ask for that; targets of a finger are larger', async (t) => {
    const page = await open(t, 'multiple: true', {
      reducedMotion: 'reduce', hasTouch: true, isMobile: true, viewport: { width: 390, height: 700 }
    })
    await page.run('picture(\'a.jpg\').then((file) => field.upload(file))')
    await page.untilRows('done', 1)
    t.equal(await page.run('field.shadowRoot.getAnimations().length'), 0)
    for (const name of ['Add files', 'Take a photo', 'Use a link', 'Remove: a.jpg']) {
      const { height = 0, width = 0 } = await page.button(name).boundingBox() ?? {}
      t.ok(height >= 44 && width >= 44, name)
    }
    await look(t, page, 'phone')
    const camera = page.page.waitForEvent('filechooser')
    await page.button('Take a photo').click()
    t.equal(await (await camera).element().getAttribute('capture'), 'environment')
  })

  t.test('axe-core was there', { skip: NO_AXE }, async (t) => { t.ok(existsSync(AXE)) })
})
