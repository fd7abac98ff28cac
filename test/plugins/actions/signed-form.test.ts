import t from 'tap'
import { v2 as official } from 'cloudinary'
import { startRuledGateway } from '../../support/ruled-gateway.ts'

// The same function makes the forms of both routes.

t.test('the form of both routes: whole, signed as the official package signs, dated as the policy says', async (t) => {
  const { ask, app } = await startRuledGateway(t, {
    all: {},
    once: { sign: { single_use: true } },
    brief: { sign: { validity_seconds: 60, force: { tags: 'x' } } }
  })
  for (const caller of ['all', 'brief']) {
    const { body: single } = await ask(caller, 'POST', '/signature', {
      folder: 'a', context: { alt: 'One\nTwo' }
    })
    const { body: { items: [first, second] } } = await ask(caller, 'POST', '/signature/batch', {
      fields: { folder: 'a', context: { alt: 'One\nTwo' } }, files: [{ name: 'a', size: 1 }, { name: 'b', size: 1 }]
    })
    t.strictSame(second, first, 'one form is good for any number of assets')
    for (const form of [single, first]) {
      const { signature, api_key: apiKey, ...signed } = form.fields
      t.equal(signature, official.utils.api_sign_request(signed, 'abcd'))
      t.match(form, {
        signature,
        api_key: '1234',
        cloud_name: 'demo',
        expires_at: form.timestamp + 3600,
        upload_url: /\/v1_1\/demo\/auto\/upload$/
      })
      t.match(signed, {
        context: 'alt=One\r\nTwo', timestamp: String(form.timestamp), ...(caller === 'brief' && { tags: 'x' })
      })
      const lifeSeconds = form.expires_at - Date.now() / 1000
      t.ok(caller === 'brief' ? lifeSeconds <= 60 : lifeSeconds > 3500, `${lifeSeconds}`)
      t.equal(apiKey, '1234')
    }
  }
  const { body: { items } } = await ask('once', 'POST', '/signature/batch', {
    fields: { tags: 'a' }, files: [{ name: 'a', size: 1 }, { name: 'b', size: 1 }]
  })
  for (const { fields: { signature, api_key: _key, ...signed } } of items) {
    t.equal(signature, official.utils.api_sign_request(signed, 'abcd'), 'each form is signed by itself')
  }
  t.not(items[0].fields.public_id, items[1].fields.public_id)
  const told = await app.inject({
    method: 'POST',
    url: '/signature/batch',
    headers: { authorization: 'Bearer all' },
    payload: { fields: { timestamp: 1 }, files: [{ name: 'a', size: 1 }] }
  })
  t.match(told.json(), { status: 400, errors: [{ pointer: '/fields/timestamp' }] })
  t.match((await ask('all', 'POST', '/signature', { timestamp: 1 })).body, {
    status: 400, errors: [{ pointer: '/timestamp' }]
  })
})
