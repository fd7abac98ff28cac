import t from 'tap'
import { NO_BROWSER } from '../support/chromium.ts'
import { startElementWorld } from '../support/element-page.ts'

const LONG_NAME = 'IMG_20260714_184512_sunset-over-the-harbour-panorama.jpg'
const NAMES = [
  LONG_NAME, `${'x'.repeat(250)}.jpeg`, `${'😀'.repeat(60)}.png`, `a${'😀'.repeat(60)}.png`, `${'語'.repeat(80)}.txt`,
  '<img src=x onerror=alert(1)>.txt', `${'no-extension-'.repeat(12)}`, 'short.txt', `${'صورة'.repeat(30)}.jpg`
]

t.test('names of files in <cloudinary-upload>', { skip: NO_BROWSER }, async (t) => {
  const { open } = await startElementWorld(t)

  t.test('are shortened in their middle: no gap, no half letter, the extension in sight', async (t) => {
    const page = await open(t, 'multiple: true', { viewport: { width: 390, height: 760 } })
    await page.run(`field.upload(${JSON.stringify(NAMES)}.map((name) => new File([name], name)))`)
    await page.untilRows('done', NAMES.length)
    const boxes = async (): Promise<Array<{ text: string, title: string, gap: number, whole: number }>> => await page.run(`
      [...field.shadowRoot.querySelectorAll('.name')].map((box) => {
        const range = new Range()
        range.selectNodeContents(box)
        return {
          text: box.textContent, title: box.title, whole: box.scrollWidth - box.clientWidth,
          gap: box.parentElement.closest('.title').clientWidth - range.getBoundingClientRect().width
        }
      })`)
    for (const { text, title, gap, whole } of await boxes()) {
      t.ok(whole <= 0, `${text} fits`)
      t.ok(
        !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text), 'no half letter'
      )
      t.equal(text.slice(-4), title.slice(-4), 'the extension is in sight')
      const [start = '', end = ''] = text.split('…')
      t.ok(text === title || (start !== '' && title.startsWith(start) && title.endsWith(end)), text)
      t.ok(text === title || gap < 40, `${text} uses the room that it has: ${gap}`)
    }
    t.same((await page.rows('done')).sort(), [...NAMES].sort(), 'read out, they are whole')
    const [narrow] = await boxes()
    await page.page.setViewportSize({ width: 1440, height: 760 })
    await page.until(`field.shadowRoot.querySelector('.name').textContent === ${JSON.stringify(LONG_NAME)}`)
    await page.page.setViewportSize({ width: 390, height: 760 })
    await page.until(
      `field.shadowRoot.querySelector('.name').textContent === ${JSON.stringify(narrow?.text)}`
    )
    t.same(page.complaints, [])
  })
})
