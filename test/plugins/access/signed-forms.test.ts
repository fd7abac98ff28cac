import fastify from 'fastify'
import t, { type Test } from 'tap'
import authentication from '../../../src/plugins/access/authentication.ts'
import environmentChoice from '../../../src/plugins/access/environment-choice.ts'
import signedForms, { type GivenFields } from '../../../src/plugins/access/signed-forms.ts'
import cloudinary from '../../../src/plugins/actions/cloudinary.ts'
import errorHandler from '../../../src/plugins/http/error-handler.ts'
import { environmentAt, testConfig } from '../../support/gateway.ts'

type Form = Readonly<Record<string, string>>

const NUMBER_OF_CHOICES = 16

/** Asks for the forms as a route does, from inside a request. `keywords`: whether schemas may have keywords of ours. */
async function start (t: Test, keywords = true): Promise<(given: GivenFields) => Promise<Form[]>> {
  const { auth, upstream, upload } = testConfig([])
  const app = fastify({ ajv: { customOptions: { strictSchema: !keywords, strictTypes: false } } })
  t.teardown(() => app.close())
  await app.register(errorHandler, { docs: '/docs/errors' })
  await app.register(cloudinary, { environments: [environmentAt('http://127.0.0.1:9')], defaultEnvironment: 'production', client: { upstream, upload } })
  await app.register(authentication, { auth, environments: ['production'] })
  await app.register(environmentChoice)
  await app.register(signedForms)
  app.post('/forms', async (request) => {
    const forms = request.signedForms(request.body as GivenFields) // what the test sends
    const twice = [...forms]
    return [...forms].length === twice.length ? twice : 'cannot be gone through twice'
  })
  return async (payload) => (await app.inject({ method: 'POST', url: '/forms', payload: { ...payload } })).json<Form[]>()
}

const includes = (forms: readonly Form[], wanted: Form): boolean => forms.some((form) => JSON.stringify(Object.entries(form).sort()) === JSON.stringify(Object.entries(wanted).sort()))

t.test('the fields as they were sent come first, then with the marker of today, then as they are signed', async (t) => {
  const formsOf = await start(t)
  const given = { public_id: 'a', tags: '["x","y"]', overwrite: '1', timestamp: '1700000000' }
  const written = { public_id: 'a', tags: 'x,y', overwrite: 'true', timestamp: '1700000000' }
  const forms = await formsOf({ ...given, signature: 'x', api_key: '1', cloud_name: 'demo' })
  t.strictSame(forms.slice(0, 4), [given, { ...given, return_delete_token: 'false' }, written, { ...written, return_delete_token: 'false' }])
  t.equal(forms.length, 2 * NUMBER_OF_CHOICES)
  for (const reading of [given, written]) t.ok(includes(forms, { ...reading, async: 'false', discard_original_filename: 'false' }), 'markers of another set')
})

t.test('one reading where the text is what would be signed, or where POST /signature would refuse it', async (t) => {
  const formsOf = await start(t)
  t.equal((await formsOf({ folder: 'a', timestamp: '1700000000' })).length, NUMBER_OF_CHOICES)
  for (const refused of [{ tags: '["a"' }, { overwrite: 'perhaps' }, { eager: '[{"width":-1}]' }]) {
    const forms = await formsOf(refused as Form)
    t.equal(forms.length, NUMBER_OF_CHOICES, JSON.stringify(refused))
    t.strictSame(forms[0], refused)
  }
  const mixed = await formsOf({ tags: '[a,b', custom_coordinates: '[[1,2,3,4]]', timestamp: '1' })
  t.ok(includes(mixed, { tags: '[a,b', custom_coordinates: '1,2,3,4', timestamp: '1' }), 'text that begins like JSON beside JSON')
})

t.test('repeated fields are a list, joined as text or as their parameter is written', async (t) => {
  const forms = await (await start(t))({ eager: ['w_10', 'w_5/png'], timestamp: '1' })
  t.strictSame(forms[0], { eager: 'w_10,w_5/png', timestamp: '1' })
  t.ok(includes(forms, { eager: 'w_10|w_5/png', timestamp: '1' }))
})

t.test('line ends are read as they came, as forms send them, and as they were before a form', async (t) => {
  const formsOf = await start(t)
  const forms = await formsOf({ context: 'alt=One\r\nTwo', tags: ['a\r\nb', 'c'] })
  t.equal(forms.length, 2 * NUMBER_OF_CHOICES)
  t.strictSame(forms[0], { context: 'alt=One\r\nTwo', tags: 'a\r\nb,c' })
  t.ok(includes(forms, { context: 'alt=One\nTwo', tags: 'a\nb,c' }))
  t.ok(includes(await formsOf({ context: 'alt=One\nTwo' }), { context: 'alt=One\r\nTwo' }))
  t.ok(includes(await formsOf({ context: '{"alt":"One\\nTwo"}' }), { context: 'alt=One\r\nTwo' }), 'in JSON, too')
})

t.test('blanks inside a list are read as they came, too, beside fields that are written otherwise', async (t) => {
  const forms = await (await start(t))({ tags: 'new york ,x', overwrite: '1', timestamp: '1' })
  t.ok(includes(forms, { tags: 'new york ,x', overwrite: 'true', timestamp: '1' }))
})

t.test('repeated areas are read, and what was given stays as it is', async (t) => {
  const given = { custom_coordinates: ['1,2,3,4', '5,6,7,8'], timestamp: '1' }
  const forms = await (await start(t))(given)
  t.ok(includes(forms, { custom_coordinates: '1,2,3,4|5,6,7,8', timestamp: '1' }))
  t.strictSame(given, { custom_coordinates: ['1,2,3,4', '5,6,7,8'], timestamp: '1' })
})

t.test('what is no refusal of the settings is not taken for one', async (t) => {
  t.match(await (await start(t, false))({ public_id: 'a' }), { status: 500 })
})
