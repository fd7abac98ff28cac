import t from 'tap'
import { sendForm, startRuledGateway, type Asked } from '../../support/ruled-gateway.ts'

const GIF = Buffer.from('R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=', 'base64')
const FILE = { name: 'a.gif', size: 35, type: 'image/gif' }
const files = (count: number) => Array.from({ length: count }, (_, index) => ({
  ...FILE, name: `${index}.gif`
}))
interface Item {
  readonly code?: string, readonly fields?: Record<string, string>, readonly [name: string]: unknown
}

t.test('POST /signature/batch', async (t) => {
  const { ask, app, sandbox } = await startRuledGateway(t, {
    all: {},
    limited: {
      folder: 'users/1',
      sign: { formats: ['gif', 'jpg'], max_bytes: 40, resource_types: ['image'], require: ['tags'] }
    },
    slow: { rate: { requests: 5, per_seconds: 3600 } },
    once: { sign: { single_use: true, formats: ['gif'], force: { folder: 'once' } } }
  })
  const batch = (body: object, caller = 'all'): Promise<Asked> => ask(
    caller, 'POST', '/signature/batch', body
  )
  const itemsOf = async (body: object, caller = 'all'): Promise<Item[]> => {
    const answer = await batch(body, caller)
    t.equal(answer.status, 200, JSON.stringify(answer.body).slice(0, 300))
    return answer.body.items
  }

  t.test('200: each form is exactly that of POST /signature, and Cloudinary takes it', async (t) => {
    const timestamp = Math.floor(Date.now() / 1000)
    const fields = {
      timestamp, tags: 'a,b', context: { alt: 'One\nTwo' }, folder: null, resource_type: 'image'
    }
    const { headers, body: { items } } = await batch({ fields, files: files(3) })
    const { body: single } = await ask('all', 'POST', '/signature', fields)
    t.strictSame(items, [single, single, single])
    t.equal(headers['cache-control'], 'no-store')
    t.match(await sendForm(items[1].upload_url, items[1].fields, GIF), {
      status: 200, body: { tags: ['a', 'b'] }
    })
    t.match(
      await itemsOf({ files: files(1) }),
      [{ resource_type: 'auto', fields: { public_id: undefined } }],
      'no fields at all'
    )
  })

  t.test('200: a form or a problem for each file, in order', async (t) => {
    const items = await itemsOf({
      fields: { tags: ['a'], resource_type: 'image' },
      files: [
        FILE, { ...FILE, size: 41 }, { ...FILE, name: 'a.exe', type: '' }, {
          ...FILE, name: 'a.jpg', type: 'video/mp4'
        },
        { ...FILE, name: 'a.PNG', type: 'image/png', size: 500 }, FILE
      ]
    }, 'limited')
    t.match(items, [
      { fields: { folder: 'users/1', allowed_formats: 'gif,jpg' } },
      {
        status: 413,
        code: 'payload_too_large',
        errors: [{ pointer: '/files/1/size' }],
        detail: /41 bytes; the limit is 40/,
        instance: '/signature/batch'
      },
      {
        status: 422, code: 'param_not_allowed', errors: [{ pointer: '/files/2/name' }], advice: /another file/
      },
      { code: 'param_not_allowed', errors: [{ pointer: '/files/3/type' }] },
      { code: 'param_not_allowed', errors: [{ pointer: '/files/4/name' }, { pointer: '/files/4/size' }] },
      { fields: { folder: 'users/1' } }
    ])
    t.notOk('signature' in (items[1] ?? {}))
  })

  t.test('200: what is no file is a problem of its own', async (t) => {
    const odd: readonly unknown[] = [
      { name: 'a', size: -1 }, { name: 'a', size: 1.5 }, {
        name: 'a', size: 2 ** 53
      }, { name: 'a', size: 'many' }, { name: 'a' },
      { size: 1 }, { name: '', size: 1 }, { name: 'a'.repeat(10_240), size: 1 }, { name: {}, size: 1 }, {
        name: 'a', size: null
      },
      { name: 'a', size: 1, type: 'a'.repeat(256) }, { name: 'a', size: 1, lastModified: 3 }, {
        name: ['a', 'b'], size: 1
      }
    ]
    const items = await itemsOf({ files: [...odd, null, 'a.gif', [], 7, FILE] })
    const places = [
      'size',
      'size',
      'size',
      'size',
      'size',
      'name',
      'name',
      'name',
      'name',
      'size',
      'type',
      'lastModified',
      'name'
    ]
    for (const [index, place] of places.entries()) {
      t.match(
        items[index],
        { status: 400, code: 'invalid_request', errors: [{ pointer: `/files/${index}/${place}` }] },
        JSON.stringify(odd[index]).slice(0, 60)
      )
    }
    for (const index of [13, 14, 15, 16]) {
      t.match(items[index], {
        code: 'invalid_request', errors: [{ pointer: `/files/${index}` }]
      })
    }
    t.ok(items[17]?.fields)
    t.ok(JSON.stringify(items).length < 20_000, 'no long name comes back')
    t.match(
      await itemsOf({
        files: Array.from({ length: 100 }, () => ({ name: `${'ü'.repeat(5000)}.gif`, size: 1 }))
      }),
      [{ code: 'invalid_request' }]
    )
    t.match(
      await itemsOf({ files: [{ name: '__proto__', size: 1 }, { name: 'constructor.gif', size: 1 }] }),
      [{ fields: {} }, { fields: {} }]
    )
  })

  t.test('400, 403 and 422: a fault in the fields is one for all', async (t) => {
    const cases: ReadonlyArray<readonly [object, number, string, string?]> = [
      [{ folder: '../b' }, 400, '/fields/folder'],
      [{ tags: ['a,b'] }, 400, '/fields/tags/0'],
      [{ context: '{"a":' }, 400, '/fields/context'],
      [{ paramsToSign: {} }, 400, '/fields/paramsToSign'],
      [{ timestamp: 5 }, 400, '/fields/timestamp'],
      [{ resource_type: 'audio' }, 400, '/fields/resource_type'],
      [{ notification_url: 'https://10.0.0.1:5432/' }, 200, ''],
      [{ tags: 'a' }, 422, '/fields/resource_type', 'limited'],
      [{ resource_type: 'image' }, 422, '/fields/tags', 'limited'],
      [{ resource_type: 'image', tags: 'a', folder: 'users/2' }, 403, '/fields/folder', 'limited'],
      [{ public_id: 'a' }, 422, '/fields/public_id', 'once']
    ]
    for (const [fields, status, pointer, caller] of cases) {
      const answer = await batch({ fields, files: files(2) }, caller)
      t.equal(answer.status, status, JSON.stringify(fields))
      if (status !== 200) t.equal(answer.body.errors[0].pointer, pointer)
    }
    for (
      const body of [{}, { files: [] }, { files: files(101) }, { files: files(1), other: 1 }, {
        files: files(1), fields: 7
      }]
    ) {
      t.match(await batch(body), { status: 400 }, JSON.stringify(body).slice(0, 60))
    }
    const prototype = await app.inject({
      method: 'POST',
      url: '/signature/batch',
      headers: { authorization: 'Bearer all', 'content-type': 'application/json' },
      payload: '{"files":[{"__proto__":{"size":1},"name":"a"}]}'
    })
    t.equal(prototype.statusCode, 400)
  })

  t.test('files that would overwrite each other are refused', async (t) => {
    t.match(await batch({ fields: { public_id: 'a' }, files: files(2) }), {
      status: 400, body: { errors: [{ pointer: '/fields/public_id', message: /overwrite each other/ }] }
    })
    t.match(await itemsOf({ fields: { public_id: 'a' }, files: files(1) }), [{ fields: { public_id: 'a' } }])
    const byName = { use_filename: true, unique_filename: false }
    t.match(await batch({ fields: { ...byName, filename_override: 'a' }, files: files(2) }), {
      status: 400, body: { errors: [{ pointer: '/fields/filename_override' }] }
    })
    t.match(await itemsOf(
      { fields: byName, files: [FILE, { ...FILE, name: 'a.png' }, { ...FILE, name: 'b.gif' }, FILE] }
    ), [
      { fields: {} },
      { code: 'invalid_request', errors: [{ pointer: '/files/1/name', message: /file 0/ }] },
      { fields: {} },
      { errors: [{ pointer: '/files/3/name' }] }
    ])
    t.match(await itemsOf({ fields: { use_filename: true }, files: [FILE, FILE] }), [
      { fields: {} }, { fields: {} }
    ])
  })

  t.test('each file counts for the rate, those over it get a problem', async (t) => {
    const { headers, body: { items } } = await batch({ files: files(8) }, 'slow')
    t.same(items.map(({ code }: Item) => code), [
      undefined, undefined, undefined, undefined, undefined, 'rate_limited', 'rate_limited', 'rate_limited'
    ])
    t.match(items[6], {
      status: 429, retryable: true, errors: [{ pointer: '/files/6' }], retry_after: Number
    })
    t.ok(items[6].retry_after > 0)
    t.equal(headers['ratelimit-policy'], '"caller";q=5;w=3600')
    t.match(headers['ratelimit'], /^"caller";r=0;t=\d+$/)
    t.match(await ask('slow', 'POST', '/signature', {}), { status: 429 }, 'nothing is left for others')
  })

  t.test('single use: a public ID for each file, and each stored once', async (t) => {
    const items = await itemsOf(
      { fields: { tags: 'a' }, files: [{ ...FILE, name: 'a.exe', type: '' }, ...files(3)] }, 'once'
    )
    const forms = items.slice(1).map(({ fields = {} }) => fields)
    t.match(items[0], { code: 'param_not_allowed' })
    t.equal(new Set(forms.map(({ public_id: id }) => id)).size, 3)
    t.equal(new Set(forms.map(({ signature }) => signature)).size, 3)
    for (const form of forms) {
      t.match(form, { folder: 'once', overwrite: 'false' })
      const url = String(items[1]?.['upload_url'])
      t.match(await sendForm(url, form, GIF), {
        status: 200, body: { public_id: `once/${form['public_id']}` }
      })
      t.match(await sendForm(url, form, GIF), { status: 200, body: { existing: true } })
    }
  })

  t.test('400: an answer has a bound, and few long forms fit', async (t) => {
    const fields = { context: { alt: 'x'.repeat(100_000) } }
    t.match(await batch({ fields, files: files(100) }), {
      status: 400, body: { errors: [{ pointer: '/fields', message: /fewer files/ }] }
    })
    t.equal((await itemsOf({ fields, files: files(10) })).length, 10)
  })

  t.test('nothing is asked of Cloudinary', async (t) => {
    t.same(sandbox.requests.filter(({ path }) => !path.endsWith('/upload')), [])
  })
})
