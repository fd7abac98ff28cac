import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { DEFAULT_CLOUD } from '../../src/sandbox/clouds.ts'
import { sendForm, startRuledGateway, type Asked } from '../support/ruled-gateway.ts'

// A form of a policy with `single_use` stores one asset, however often and wherever it is sent.

const picture = readFileSync(new URL('../fixtures/landscape.jpg', import.meta.url))
const GIF = Buffer.from('R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=', 'base64')
const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

const RULES = {
  plain: { sign: { single_use: true } },
  formats: { sign: { single_use: true, formats: ['jpg', 'gif'] } },
  forced: {
    sign: { single_use: true, formats: ['jpg', 'gif'], force: { folder: 'users/1', moderation: 'manual' } }
  },
  jailed: { folder: 'users/2', sign: { single_use: true, formats: ['jpg', 'gif'] } },
  named: { sign: { single_use: true, formats: ['jpg', 'gif'], public_id: ['avatars/*'] } }
}
/** What the public ID looks like under each of them. */
const NAMES: Readonly<Record<keyof typeof RULES, RegExp>> = {
  plain: /^(?:[0-9a-f]{2}\/)?[0-9a-f]{32}$/,
  formats: /^[0-9a-f]{2}\/[0-9a-f]{32}$/,
  forced: /^users\/1\/[0-9a-f]{32}$/,
  jailed: /^users\/2\/[0-9a-f]{32}$/,
  named: /^avatars\/[0-9a-f]{32}$/
}

for (const folderMode of ['fixed', 'dynamic'] as const) {
  t.test(`${folderMode} folders: a second use changes nothing, straight and through the gateway`, async (t) => {
    const { ask, app, sandbox, url } = await startRuledGateway(t, { ...RULES, all: {} }, {}, {
      clouds: [{ ...DEFAULT_CLOUD, folderMode }]
    })
    for (const caller of Object.keys(RULES) as Array<keyof typeof RULES>) {
      const signed = await ask(caller, 'POST', '/signature', { tags: ['a'], context: { alt: 'x & y' } })
      t.equal(signed.status, 200, caller)
      const { upload_url: straight, fields } = signed.body
      t.equal(fields.overwrite, 'false')
      const [one, two] = caller === 'jailed'
        ? [`${url}/direct-upload`, straight]
        : [
            straight, `${url}/direct-upload`
          ]
      const first = await sendForm(one, fields, picture, 'a.jpg')
      t.match(first, { status: 200, body: { public_id: NAMES[caller], etag: md5(picture) } }, caller)
      t.notOk('existing' in first.body)
      for (const place of [one, two]) {
        const again = await sendForm(place, fields, GIF, 'b.gif')
        t.match(
          again,
          { status: 200, body: { public_id: first.body.public_id, existing: true } },
          `${caller} ${place}`
        )
      }
      const kept = await app.inject({
        url: `/resources/${first.body.public_id}`, headers: { authorization: 'Bearer all' }
      })
      t.match(kept.json(), {
        bytes: picture.length, version: first.body.version, etag: md5(picture), format: 'jpg'
      })
    }
    t.equal(sandbox.requests.filter(({ path }) => path.endsWith('/destroy')).length, 0)
  })
}

t.test('in chunks too: the second file is sent in vain', async (t) => {
  const { ask, url } = await startRuledGateway(t, RULES, {
    upload: { singleRequestMaxBytes: 1_000_000, chunkBytes: 5 * 1024 ** 2 }
  })
  const { body: { fields } } = await ask('plain', 'POST', '/signature', { resource_type: 'raw' })
  const files = [randomBytes(6_000_000), randomBytes(6_000_001)] as const
  const form = { ...fields, resource_type: 'raw' }
  t.match(await sendForm(`${url}/direct-upload`, form, files[0]), {
    status: 200, body: { etag: md5(files[0]) }
  })
  t.match(await sendForm(`${url}/direct-upload`, form, files[1]), {
    status: 200,
    headers: { 'x-upload-integrity': 'not-checked' },
    body: { existing: true, etag: md5(files[0]) }
  })
})

/** Every form that a signature of version 1 covers as well: parameters hidden in the value before them. */
function hiddenForms ({ api_key: apiKey, signature, ...signed }: Record<string, string>) {
  const sorted = Object.entries(signed).sort(([one], [other]) => one < other ? -1 : 1)
  const forms: Array<Record<string, string>> = []
  for (let start = 0; start < sorted.length; start++) {
    for (let end = start + 1; end < sorted.length && sorted[end]?.[0] !== 'timestamp'; end++) {
      const [name, value] = sorted[start] as [string, string] // within bounds
      const hidden = sorted.slice(start + 1, end + 1).map(([each, text]) => `&${each}=${text}`).join('')
      const rest = [...sorted.slice(0, start), ...sorted.slice(end + 1)]
      forms.push({
        ...Object.fromEntries(rest), [name]: value + hidden, api_key: apiKey ?? '', signature: signature ?? ''
      })
    }
  }
  return forms
}

t.test('no form that hides overwrite=false from Cloudinary replaces the asset', async (t) => {
  const { ask, app } = await startRuledGateway(t, { ...RULES, all: {} })
  let tried = 0
  for (const caller of ['forced', 'formats', 'named'] as const) {
    const { body: { upload_url: url, fields } } = await ask(caller, 'POST', '/signature', {
      tags: ['a'], context: { alt: 'x' }
    })
    const { body: first } = await sendForm(url, fields, GIF, 'a.gif')
    for (const form of hiddenForms(fields)) {
      tried++
      await sendForm(url, form, picture, 'b.jpg')
    }
    const kept = await app.inject({
      url: `/resources/${first.public_id}`, headers: { authorization: 'Bearer all' }
    })
    t.match(kept.json(), { etag: md5(GIF), version: first.version }, caller)
  }
  t.ok(tried > 20, `${tried} forms`)
})

t.test('422 and 403: nothing of the caller\'s own chooses the public ID, and nothing can hide overwrite', async (t) => {
  const { ask } = await startRuledGateway(t, RULES)
  const now = Math.floor(Date.now() / 1000)
  const refusal = async (body: object, caller = 'forced'): Promise<Asked> => ask(
    caller, 'POST', '/signature', body
  )
  for (const [name, value] of Object.entries({
    public_id: 'a',
    public_id_prefix: 'a',
    use_filename: true,
    use_asset_folder_as_public_id_prefix: true,
    overwrite: true,
    upload_preset: 'p'
  })) {
    t.match(
      await refusal({ [name]: value }),
      { status: 422, body: { code: 'param_not_allowed', errors: [{ pointer: `/${name}` }] } },
      name
    )
  }
  t.match(await refusal({ paramsToSign: { timestamp: now, source: 'uw' } }), {
    status: 422,
    body: { code: 'param_not_allowed', errors: [{ pointer: '/paramsToSign' }], advice: /`fields` of its answer/ }
  })
  for (
    const hiding of [
      { metadata: { a: 'b' } }, { notification_url: 'https://example.com/' }, { invalidate: true }
    ]
  ) {
    const name = Object.keys(hiding).join()
    t.match(
      await refusal(hiding),
      { status: 403, body: { code: 'forbidden', errors: [{ pointer: `/${name}` }] } },
      name
    )
  }
  t.match(await refusal({ use_filename: false, overwrite: false, unique_filename: true }), { status: 200 })
})

t.test('401: through the gateway the form must be whole', async (t) => {
  const { ask, url } = await startRuledGateway(t, RULES)
  const settings = { tags: 'a' }
  const { body: { signature, timestamp, fields } } = await ask('forced', 'POST', '/signature', settings)
  const send = (form: Record<string, string>): Promise<Asked> => sendForm(
    `${url}/direct-upload`, form, GIF, 'a.gif'
  )
  const literal = await send({ ...settings, signature, timestamp: String(timestamp) })
  t.match(literal, {
    status: 401, body: { code: 'signature_mismatch', detail: /whole `fields`/, advice: /whole `fields`/ }
  })
  for (const name of ['public_id', 'overwrite', 'folder', 'allowed_formats', 'moderation']) {
    const { [name]: _left, ...rest } = fields
    t.match(await send(rest), { status: 401, body: { code: 'signature_mismatch' } }, `without ${name}`)
  }
  t.match(await send(fields), { status: 200 })
})

t.test('a form is not for single use where the policy does not say so', async (t) => {
  const { ask } = await startRuledGateway(t, { off: { sign: { single_use: false } } })
  t.match((await ask('off', 'POST', '/signature', { public_id: 'a' })).body.fields, {
    public_id: 'a', overwrite: undefined
  })
})
