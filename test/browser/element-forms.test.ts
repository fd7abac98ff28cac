import t from 'tap'
import { NO_BROWSER } from '../support/chromium.ts'
import { startElementWorld } from '../support/element-page.ts'

t.test('<cloudinary-upload> in a form', { skip: NO_BROWSER }, async (t) => {
  const { sandbox, open } = await startElementWorld(t)
  const body = '<form><fieldset>{field}</fieldset></form>'
  const text = 'new File([\'x\'], \'x.txt\')'

  t.test('is unfinished from the moment that a file is chosen, also while its language is loaded', async (t) => {
    const page = await open(t, 'multiple: true, name: \'x\'', { body })
    t.equal(
      await page.run(`(field.locale = 'ar', field.upload(${text}), document.forms[0].checkValidity())`), false
    )
    await page.untilRows('done', 1)
    t.equal(await page.run('document.forms[0].checkValidity()'), true)
    t.equal(
      await page.run('(field.clear(), field.required = true, document.forms[0].checkValidity())'), false
    )
    t.equal(await page.run('(field.required = false, document.forms[0].checkValidity())'), true)
    t.same(page.complaints, [])
  })

  t.test('settings that change in the middle of uploads lose no file and store none twice', async (t) => {
    const page = await open(t, 'multiple: true, name: \'x\'', { body })
    sandbox.faults.add({ kind: 'delay', ms: 300, times: 4, match: { method: 'POST', path: '/upload' } })
    await page.run(`(() => {
      field.upload([1, 2, 3, 4].map((number) => new File([String(number)], number + '.txt')))
      field.disabled = true
      field.options = { parallel: 1 }
      field.signatureUrl += '?environment=production'
      field.rules = { allowed: true, reason: null, resource_types: ['raw'], formats: ['txt'], max_bytes: 10 }
      field.disabled = false
    })()`)
    await page.untilRows('done', 4)
    t.equal(await page.run('new Set(field.value).size'), 4)
    await page.run(`new Promise((resolve) => {
      const parent = field.parentNode
      field.remove()
      setTimeout(() => resolve(parent.append(field)), 20)
    })`)
    t.same(await page.run('new FormData(document.forms[0]).getAll(\'x\')'), await page.run('field.value'))
    t.same(page.complaints, [])
  })
})
