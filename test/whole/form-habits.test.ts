import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { digestOf } from '../../src/auth/policy/keys.ts'
import { startFaultUpstream } from '../support/fault-upstream.ts'
import { startGateway, startGatewayAt } from '../support/gateway.ts'
import { LONG } from '../support/rounds.ts'

// Habits of forms and low-code tools, sent to the running gateway. What counts is what the upstream saw.

const picture = readFileSync(new URL('../fixtures/landscape.jpg', import.meta.url))
const DATA_URI = `data:image/jpeg;base64,${picture.toString('base64')}`
const KEY = { authorization: 'Bearer web' }

type Part = [name: string, value: string | Buffer]
type Fields = Record<string, unknown>
interface Answer { status: number, body: Fields & { errors?: Array<{ pointer: string, message: string }> } }

async function send (url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init)
  return {
    status: response.status, body: await response.json() as Answer['body']
  } // every answer here is a JSON object
}
const sendJson = async (
  url: string, body: unknown, { method = 'POST', headers = {} } = {}
): Promise<Answer> =>
  send(url, {
    method, body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers }
  })

function form (...parts: readonly Part[]): FormData {
  const data = new FormData()
  for (const [name, value] of parts) {
    data.append(
      name,
      typeof value === 'string' ? value : new Blob([value]),
      ...typeof value === 'string' ? [] : ['tom.jpg']
    )
  }
  return data
}

/** The same texts in every way in which `POST /upload` takes them. */
async function uploadEachWay (
  gateway: string, fields: Record<string, string>, headers: Record<string, string> = {}
): Promise<Answer[]> {
  const texts = Object.entries(fields)
  const url = `${gateway}/upload`
  return [
    await send(url, { method: 'POST', headers, body: form(...texts, ['file', picture]) }),
    await send(url, { method: 'POST', headers, body: form(['file', picture], ...texts) }),
    await send(`${url}?${new URLSearchParams(texts)}`, {
      method: 'POST', body: picture, headers: { 'content-type': 'image/jpeg', ...headers }
    }),
    await sendJson(url, { ...fields, file: DATA_URI }, { headers }),
    await send(url, { method: 'POST', headers, body: new URLSearchParams([...texts, ['file', DATA_URI]]) })
  ]
}

/** A gateway before an upstream that remembers what it saw, and takes it away. */
async function startSeeing (t: Test, policy?: string) {
  const upstream = await startFaultUpstream(t)
  const policyFile = policy === undefined ? undefined : `${t.testdir({ 'policy.yaml': policy })}/policy.yaml`
  const { url, app } = await startGatewayAt(t, upstream.url, {
    ...(policyFile !== undefined && { auth: { mode: 'keys', policyFile } })
  })
  await app.inject('/readyz')
  const seen = (): Fields[] => upstream.seen.splice(0).map(({ fields }) => {
    const { timestamp: _now, signature: _of, api_key: _key, file: _file, ...others } = fields
    return others
  })
  seen()
  return { url, upstream, seen }
}

const policyWith = (rules: string): string => `callers: { web: { keys: ['sha256:${digestOf('web').toString('hex')}'], ${rules} } }`

t.test('a blank field counts as not given, wherever it stands', async (t) => {
  const { url, seen } = await startSeeing(t)
  const names = [
    'public_id',
    'folder',
    'tags',
    'context',
    'metadata',
    'overwrite',
    'eager',
    'transformation',
    'format',
    'allowed_formats',
    'notification_url',
    'type',
    'face_coordinates',
    'auto_tagging',
    'regions',
    'access_control',
    'responsive_breakpoints',
    'resource_type',
    'filename_override',
    'upload_preset'
  ]
  for (const blank of ['', ' ']) {
    const answers = await uploadEachWay(url, Object.fromEntries(names.map((name) => [name, blank])))
    t.same(answers.map(({ status }) => status), [200, 200, 200, 200, 200])
    t.same(seen(), [{}, {}, {}, {}, {}])
  }
  t.match(
    await sendJson(`${url}/upload`, {
      file: DATA_URI, ...Object.fromEntries(names.map((name) => [name, null])), tags: ['a']
    }),
    { status: 200 }
  )
  t.same(seen(), [{ tags: 'a' }])
  const { body } = await sendJson(`${url}/signature`, {
    folder: '', tags: null, timestamp: '', eager: '', context: ' ', resource_type: null, paramsToSign: null
  })
  t.same(Object.keys(body['fields'] as Fields).sort(), ['api_key', 'signature', 'timestamp'])
  t.match(
    await send(`${url}/url?public_id=a&width=&transformation=&type=&version=&format=&secure=&redirect=`),
    { status: 200, body: { transformation: '' } }
  )
  t.match(
    await sendJson(`${url}/url`, {
      public_id: 'a', type: null, transformation: { width: 10, crop: '', height: null }
    }),
    { status: 200, body: { transformation: 'w_10' } }
  )
  t.match(
    await sendJson(`${url}/signed-url`, { public_id: 'a', format: '', expires_at: null }), { status: 200 }
  )
  t.match(await send(`${url}/resources?prefix=&tags=&max_results=&direction=&public_ids=`), { status: 200 })
  t.match(await send(`${url}/resources/a?type=&resource_type=&colors=`), { status: 200 })
  for (const answer of [
    await send(`${url}/url?public_id=`),
    await sendJson(`${url}/url`, { public_id: null }),
    await sendJson(`${url}/upload`, { file: ' ' })
  ]) {
    t.match(
      answer, { status: 400, body: { errors: [{ message: 'is required' }] } }, 'but not where it is needed'
    )
  }
})

t.test('repeated fields of a form: the blank ones say nothing', async (t) => {
  const { url, seen } = await startSeeing(t)
  t.match(
    await send(`${url}/upload`, {
      method: 'POST',
      body: form(
        ['tags[]', ''], ['tags[]', 'a'], ['tags[]', 'b'], ['folder', ''], ['folder', 'f'], ['file', picture]
      )
    }),
    { status: 200 }
  )
  t.match(
    await send(`${url}/upload`, {
      method: 'POST', body: new URLSearchParams([['tags', ''], ['tags', ''], ['file', DATA_URI]])
    }),
    { status: 200 }
  )
  t.same(seen(), [{ tags: 'a,b', folder: 'f' }, {}])
})

t.test('400 where a blank would choose: the environment everywhere, type and resource_type of what is deleted', async (t) => {
  const { url, upstream } = await startSeeing(t)
  for (const blank of ['', '%20', '%09']) {
    for (const [path, init] of [
      ['/url?public_id=a', {}],
      ['/resources', {}],
      ['/resources/a', { method: 'DELETE' }],
      ['/signature', { method: 'POST' }],
      ['/upload', { method: 'POST', body: form(['file', picture]) }],
      ['/direct-upload', { method: 'POST', body: form(['file', picture]) }]
    ] as const) {
      const answer = await send(`${url}${path}${path.includes('?') ? '&' : '?'}environment=${blank}`, init)
      t.match(
        answer, { status: 400, body: { errors: [{ pointer: '/environment', message: /blank/ }] } }, path
      )
    }
  }
  t.match(await send(`${url}/url?public_id=a`, { headers: { 'x-environment': '' } }), {
    status: 400,
    body: {
      errors: [{ pointer: '/environment', message: /blank/ }]
    }
  })
  for (const body of [{ environment: '' }, { environment: null }]) {
    t.match(
      await sendJson(`${url}/signature`, body),
      { status: 400, body: { errors: [{ pointer: '/environment', message: /belongs in/ }] } }
    )
  }
  for (const name of ['type', 'resource_type']) {
    const told = {
      status: 400,
      body: { errors: [{ pointer: `/${name}`, message: 'is blank: leave it out, or give it a value' }] }
    }
    for (const blank of ['', '%20']) {
      t.match(
        await send(`${url}/resources/a?${name}=${blank}`, { method: 'DELETE' }), told
      )
    }
    for (const blank of ['', ' ', null]) {
      t.match(
        await sendJson(`${url}/resources/a`, { [name]: blank }, { method: 'DELETE' }), told
      )
    }
    t.match(await send(`${url}/resources/a?${name}=&${name}=image`, { method: 'DELETE' }), { status: 400 })
  }
  t.equal(upstream.seen.length, 0)
  t.match(
    await sendJson(`${url}/upload`, {
      file: DATA_URI, access_control: [{ access_type: 'anonymous', end: '' }]
    }),
    { status: 400, body: { errors: [{ pointer: '/access_control/0/end' }] } }
  )
  t.equal(upstream.seen.length, 0)
})

t.test('PATCH: an empty value takes away, null is not given, and the rest does not count', async (t) => {
  const { url, sandbox } = await startGateway(t)
  await sandbox.add('a', { tags: ['x'], context: { alt: 'b' } } as never)
  const patch = async (changes: Fields): Promise<Answer> => sendJson(
    `${url}/resources/a`, changes, { method: 'PATCH' }
  )
  const fill = async (): Promise<unknown> => patch({ tags: ['x'], context: { alt: 'b' } })
  for (const empty of ['', [], {}]) {
    await fill()
    const { status, body } = await patch({ tags: empty, context: empty, display_name: '', type: '' })
    t.match(
      { status, tags: body['tags'] ?? [], context: body['context'] ?? {} },
      { status: 200, tags: [], context: {} },
      JSON.stringify(empty)
    )
    const now = (await send(`${url}/resources/a`)).body
    t.same([now['tags'] ?? [], now['context'] ?? {}], [[], {}], JSON.stringify(empty))
  }
  await fill()
  t.match(await patch({ tags: null, context: null, display_name: 'c' }), {
    status: 200,
    body: {
      tags: ['x'], context: { custom: { alt: 'b' } }
    }
  })
  for (const nothing of [{}, { tags: null }, { display_name: '', asset_folder: ' ', context: null }]) {
    t.match(await patch(nothing), {
      status: 400,
      body: {
        errors: [{ pointer: '', message: 'name at least one field to change' }]
      }
    })
  }
  for (const unclear of [{ tags: ',' }, { tags: [''] }, { context: '|' }]) {
    t.match(
      await patch(unclear), { status: 400 }, JSON.stringify(unclear)
    )
  }
  t.match((await send(`${url}/resources/a`)).body, { tags: ['x'], context: { custom: { alt: 'b' } } })
})

t.test('rules see a field as it will be sent', async (t) => {
  t.test('blank is missing where it must be given', async (t) => {
    const { url, upstream } = await startSeeing(t, policyWith('sign: { require: [folder, tags] }'))
    const missing = {
      status: 422,
      body: {
        code: 'param_not_allowed',
        errors: [{ pointer: '/folder', message: 'must be given by this caller' }, { pointer: '/tags' }]
      }
    }
    for (const [folder, tags] of [['', ''], [' ', ' '], ['/', '']] as const) {
      for (const answer of await uploadEachWay(url, { folder, tags }, KEY)) t.match(answer, missing)
      t.match(await sendJson(`${url}/signature`, { folder, tags }, { headers: KEY }), missing)
    }
    t.match(await sendJson(`${url}/signature`, { folder: null, tags: [] }, { headers: KEY }), missing)
    t.equal(upstream.seen.filter(({ end }) => end === 'complete').length, 0)
  })
  t.test('a folder is judged once it is trimmed, and so are formats', async (t) => {
    const { url, seen } = await startSeeing(t, policyWith('folder: users/1, sign: { formats: [jpg] }'))
    for (const folder of ['users/1/', '/users/1', ' //users/1/ ']) {
      t.same(
        (
          await uploadEachWay(
            url, { folder, asset_folder: folder, format: '.JPG', allowed_formats: 'JPG,' }, KEY
          )
        ).map(({ status }) => status),
        [200, 200, 200, 200, 200],
        folder
      )
      for (const fields of seen()) {
        t.same(fields, {
          folder: 'users/1', asset_folder: 'users/1', format: 'jpg', allowed_formats: 'jpg'
        })
      }
      const { body } = await sendJson(`${url}/signature`, { folder, format: 'JPG' }, { headers: KEY })
      t.match(body['fields'], { folder: 'users/1', format: 'jpg', allowed_formats: 'jpg' })
    }
    for (const folder of ['/users/2/', '/', 'users/1/../2/', '/users/10']) {
      const statuses = (await uploadEachWay(url, { folder, public_id: 'x' }, KEY)).map(({ status }) => status)
      t.ok(statuses.every((status) => [400, 403].includes(status)), `${folder}: ${statuses.join()}`)
    }
    t.match(
      await sendJson(
        `${url}/resources/users%2F1%2Fa`, { asset_folder: '/users/1/' }, { method: 'PATCH', headers: KEY }
      ),
      { status: 200 }
    )
    t.match(
      await sendJson(
        `${url}/resources/users%2F1%2Fa`, { asset_folder: '/users/2/' }, { method: 'PATCH', headers: KEY }
      ),
      { status: 403 }
    )
    t.same(
      seen().map(({ asset_folder: folder }) => folder).filter((folder) => folder !== undefined), ['users/1']
    )
  })
  t.test('paramsToSign is neither trimmed nor emptied', async (t) => {
    const { url } = await startSeeing(t)
    const timestamp = Math.floor(Date.now() / 1000)
    for (const [name, value] of [
      ['folder', 'x/'], ['folder', '/x'], ['format', '.jpg'], ['transformation', '/c_fill']
    ] as const) {
      t.match(
        await sendJson(`${url}/signature`, { paramsToSign: { timestamp, source: 'uw', [name]: value } }),
        { status: 400, body: { errors: [{ pointer: `/paramsToSign/${name}` }] } },
        `${name}=${value}`
      )
    }
  })
})

t.test('other spellings are taken, and sent as Cloudinary wants them', async (t) => {
  const { url, seen } = await startSeeing(t)
  const given = {
    folder: '/x/',
    tags: 'a,b,',
    allowed_formats: '.JPG,PNG,',
    format: 'PNG',
    eager: '/c_fill,w_1/|w_2/PNG|'.replace('/PNG', '/png'),
    transformation: '/c_fill,w_200/',
    context: 'a=b|',
    face_coordinates: '1,2,3,4|',
    overwrite: 'True'
  }
  const sent = {
    folder: 'x',
    tags: 'a,b',
    allowed_formats: 'jpg,png',
    format: 'png',
    eager: 'c_fill,w_1|w_2/png',
    transformation: 'c_fill,w_200',
    context: 'a=b',
    face_coordinates: '1,2,3,4',
    overwrite: 'true'
  }
  t.same((await uploadEachWay(url, given)).map(({ status }) => status), [200, 200, 200, 200, 200])
  t.same(seen(), Array(5).fill(sent))
  const { body } = await sendJson(`${url}/signature`, given)
  t.match(body['fields'], sent)
  t.match(
    await send(`${url}/url?public_id=a&version=v1234&format=.JPG&fetch_format=WebP`),
    { status: 200, body: { url: /\/f_webp\/v1234\/a\.jpg$/ } }
  )
  t.match(
    await sendJson(`${url}/url`, {
      public_id: 'a', version: 'v12', format: 'PNG', transformation: '/c_fill,w_1/'
    }),
    { status: 200, body: { url: /\/c_fill,w_1\/v12\/a\.png$/ } }
  )
  t.match(await sendJson(`${url}/signed-url`, { public_id: 'a', format: '.PDF' }), {
    status: 200,
    body: {
      url: /format=pdf/
    }
  })
})

t.test('backslashes in context values survive, in JSON, in text and in a signature', async (t) => {
  const { url, seen } = await startSeeing(t)
  const context = { path: 'C:\\new\\temp', equals: 'a\\=b', pipe: 'a\\|b', doubled: '\\\\x', plain: 'a=b|c' }
  const wire = 'path=C:\\new\\temp|equals=a\\\\=b|pipe=a\\\\|b|doubled=\\\\x|plain=a\\=b\\|c'
  for (const given of [JSON.stringify(context), wire]) {
    const answers = await uploadEachWay(url, { context: given })
    t.same(answers.map(({ status }) => status), [200, 200, 200, 200, 200])
    t.same(seen(), Array(5).fill({ context: wire }))
    t.match((await sendJson(`${url}/signature`, { context: given })).body['fields'], { context: wire })
  }
  t.match(await sendJson(`${url}/signature`, { context: { path: 'C:\\new\\' } }), {
    status: 400,
    body: {
      errors: [{ pointer: '/context/path', message: /must not end with a backslash/ }]
    }
  })
})

t.test('DATA: and HTTPS: in capitals, and blanks around them', async (t) => {
  const { url, upstream } = await startSeeing(t)
  const capitals = DATA_URI.replace('data:', 'DATA:').replace('base64', 'BASE64')
  const long = `data:text/plain;base64,${Buffer.alloc(90_000, 1).toString('base64')}`
  for (const [given, sent] of [
    [capitals, DATA_URI],
    [` \n${capitals}`, DATA_URI],
    [`\n${long.replace('data:', 'Data:')}`, long],
    ['HTTPS://example.com/A.jpg', 'https://example.com/A.jpg'],
    [' https://example.com/a.jpg\n', 'https://example.com/a.jpg']
  ] as const) {
    const answers = [
      await sendJson(`${url}/upload`, { file: given }),
      await send(`${url}/upload`, { method: 'POST', body: new URLSearchParams({ file: given }) }),
      await send(`${url}/upload`, { method: 'POST', body: form(['file', given]) })
    ]
    t.same(answers.map(({ status }) => status), [200, 200, 200], given.slice(0, 20))
    const texts = upstream.seen.splice(0).map(({ fields }) => fields['file'])
    t.same(texts.map((text) => text?.trim()), [sent, sent, sent])
  }
})

t.test('what is refused is told as what it was', async (t) => {
  const { url, upstream } = await startSeeing(t)
  const file = async (text: string): Promise<Answer[]> => [
    await sendJson(`${url}/upload`, { file: text }),
    await send(`${url}/upload`, { method: 'POST', body: form(['file', text]) }),
    await send(`${url}/upload`, { method: 'POST', body: new URLSearchParams({ file: text }) })
  ]
  const cases = [
    ...[
      'file:///sdcard/DCIM/a.jpg', 'content://media/external/1', 'blob:https://app.example/1-2', 'ph://B84E/L0/001'
    ].map((text) => [text, /is an address on the device: send the bytes/] as const),
    ...['C:\\fakepath\\cat.jpg', 'd:/cat.jpg', '\\\\server\\cat.jpg'].map(
      (text) => [text, /is a path of Windows: send the bytes/] as const
    ),
    ['[object File]', /is what JavaScript writes for an object/], ['undefined', /variable without a value/],
    [picture.toString('base64'), /looks like base64/]
  ] as const
  for (const [text, message] of cases) {
    for (const { status, body } of await file(text)) {
      t.ok([400, 422].includes(status), text.slice(0, 40))
      t.match(body.errors, [{ pointer: '/file', message }], text.slice(0, 40))
    }
  }
  const DELIVERY = 'https://res.cloudinary.com/demo/image/upload/v1/cats/tom.jpg'
  for (const [path, fields, pointer] of [
    ['/url', { public_id: DELIVERY }, '/public_id'],
    ['/signature', { public_id: DELIVERY }, '/public_id'],
    ['/signature', { folder: DELIVERY }, '/folder'],
    ['/url', { public_id: 'a', transformation: DELIVERY }, '/transformation']
  ] as const) {
    t.match(
      await sendJson(url + path, fields),
      { status: 400, body: { errors: [{ pointer, message: /looks like a delivery URL/ }] } },
      `${path} ${pointer}`
    )
  }
  t.match(await send(`${url}/url?public_id=a&crop=undefined`), {
    status: 400,
    body: {
      errors: [{ pointer: '/crop', message: /variable without a value/ }]
    }
  })
  t.equal(upstream.seen.length, 0)
})

t.test('curl --data-binary without a type: the advice names the header', async (t) => {
  const { url } = await startSeeing(t)
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  for (const [body, status] of [
    [picture, 400], [Buffer.alloc(2_000_000, 'x'), 413], [Buffer.alloc(20_000_000), 413]
  ] as const) {
    t.match(
      await send(`${url}/upload`, { method: 'POST', body, headers: type }),
      { status, body: { advice: /-H 'Content-Type: application\/octet-stream' --data-binary/ } },
      String(body.length)
    )
  }
})

t.test('200 for a thousand repeated fields of a list, on both upload routes; what a form holds beside its file is bounded', { skip: LONG }, async (t) => {
  const { url, seen, upstream } = await startSeeing(t)
  const tags = Array.from({ length: 1000 }, (_, index) => `tag-${index}`)
  const file: Part = ['file', picture]
  const aroundFile = (fields: readonly Part[]): Part[][] => [[...fields, file], [file, ...fields]]
  const list = tags.map((tag): Part => ['tags', tag])
  for (const parts of aroundFile([...list, ['public_id', 'x']])) {
    t.match(await send(`${url}/upload`, { method: 'POST', body: form(...parts) }), { status: 200 })
  }
  t.same(seen(), Array(2).fill({ tags: tags.join(','), public_id: 'x' }))
  const { body } = await sendJson(`${url}/signature`, { tags, public_id: 'x' })
  const signed = Object.entries(
    body['fields'] as Record<string, string>
  ).filter(([name]) => name !== 'tags') // as its schema says
  t.match(
    await send(`${url}/direct-upload`, { method: 'POST', body: form(...signed, ...list, file) }),
    { status: 200 }
  )
  t.match(seen(), [{ tags: tags.join(',') }])
  const many = (count: number, value: string): Part[] => Array.from({ length: count }, () => ['tags', value])
  t.match(
    await send(`${url}/upload`, { method: 'POST', body: form(...many(1001, 'a'), file) }),
    { status: 400, body: { errors: [{ pointer: '/tags', message: /1000 items/ }] } }
  )
  for (const parts of aroundFile(many(5000, 'a'))) {
    t.match(await send(`${url}/upload`, { method: 'POST', body: form(...parts) }), {
      status: 413,
      body: {
        detail: 'The form has more than 4096 parts.'
      }
    })
  }
  for (const parts of aroundFile(many(20, 'x'.repeat(60_000)))) {
    t.match(await send(`${url}/upload`, { method: 'POST', body: form(...parts) }), {
      status: 413,
      body: {
        detail: 'The form has more than 1048576 bytes beside its file.'
      }
    })
  }
  t.equal(upstream.seen.filter(({ end }) => end === 'complete').length, 0)
})

t.test('one field may take all that a form holds: what was signed is not too long to be sent', async (t) => {
  const { url } = await startSeeing(t)
  const tags = Array.from({ length: 1000 }, (_, index) => `${index}`.padStart(100, 'x'))
  const { body } = await sendJson(`${url}/signature`, { tags })
  const signed = Object.entries(body['fields'] as Record<string, string>) // as its schema says
  for (const parts of [[...signed, ['file', picture] as Part], [['file', picture] as Part, ...signed]]) {
    t.match(await send(`${url}/direct-upload`, { method: 'POST', body: form(...parts) }), { status: 200 })
  }
  t.match(
    await send(`${url}/upload`, { method: 'POST', body: form(['tags', tags.join(',')], ['file', picture]) }),
    { status: 200 }
  )
})

t.test('text of several lines is signed as a form sends it, and so fits where a form brings it', async (t) => {
  const { url, sandbox } = await startGateway(t)
  const settings = { public_id: 'lines', context: { alt: 'One\nTwo' }, tags: ['a\nb'] }
  const { body } = await sendJson(`${url}/signature`, settings)
  const signed = body['fields'] as Record<string, string> // as its schema says
  t.equal(signed['context'], 'alt=One\r\nTwo')
  const parts: Part[] = [...Object.entries(signed), ['file', picture]]
  t.match(await send(String(body['upload_url']), { method: 'POST', body: form(...parts) }), { status: 200 })
  t.match(await send(`${url}/direct-upload`, { method: 'POST', body: form(...parts) }), { status: 200 })
  const proof: Part[] = [
    ['signature', String(signed['signature'])], ['timestamp', String(signed['timestamp'])]
  ]
  const literal: Part[] = [
    ['public_id', 'lines'],
    ['context', JSON.stringify(settings.context)],
    ['tags', JSON.stringify(settings.tags)]
  ]
  t.match(
    await send(`${url}/direct-upload`, {
      method: 'POST', body: form(...proof, ...literal, ['file', picture])
    }),
    { status: 200 }
  )
  t.match(sandbox.requests.at(-1)?.fields, { context: 'alt=One\r\nTwo' })
})

t.test('400: a blank where somebody is let in for a while', async (t) => {
  const { url } = await startSeeing(t)
  for (const blank of ['', '  ', null]) {
    const rule = { access_type: 'anonymous', start: blank, end: '2030-01-01T00:00:00Z' }
    t.match(await sendJson(`${url}/signature`, { access_control: [rule] }), {
      status: 400, body: { errors: [{ pointer: '/access_control/0/start' }] }
    }, JSON.stringify(blank))
  }
})

t.test('null in a list is no value, where one value belongs, too', async (t) => {
  const { url, upstream } = await startSeeing(t)
  for (const field of ['overwrite', 'auto_tagging', 'visual_search', 'invalidate']) {
    const answer = await sendJson(`${url}/signature`, { [field]: [null] })
    t.match(
      answer,
      { status: 400, body: { errors: [{ pointer: new RegExp(`^/${field}`), message: /must not be null/ }] } },
      field
    )
  }
  t.equal(upstream.seen.length, 0)
})

t.test('areas as repeated fields, flags with commas, and a comma too many in a transformation', async (t) => {
  const { url, seen } = await startSeeing(t)
  const upload = async (...parts: Part[]) => send(`${url}/upload`, {
    method: 'POST', body: form(...parts, ['file', picture])
  })
  t.match(
    await upload(
      ['face_coordinates', '1,2,3,4'], ['face_coordinates', '5,6,7,8'], ['transformation', 'w_10,']
    ),
    { status: 200 }
  )
  t.match(
    await upload(...['1', '2', '3', '4'].map((number): Part => ['custom_coordinates', number])),
    { status: 200 }
  )
  t.match(
    seen(),
    [{ face_coordinates: '1,2,3,4|5,6,7,8', transformation: 'w_10' }, { custom_coordinates: '1,2,3,4' }]
  )
  t.match((await send(`${url}/url?public_id=a&transformation=w_10,`)).body, { transformation: 'w_10' })
  t.match((await send(`${url}/url?public_id=a&flags=lossy,progressive`)).body, {
    transformation: 'fl_lossy.progressive'
  })
})

t.test('a list by folder takes the folder as an upload does', async (t) => {
  const { url } = await startGateway(t)
  t.match(
    await send(`${url}/upload`, {
      method: 'POST', body: form(['asset_folder', '/Shop/'], ['file', picture])
    }),
    { status: 200 }
  )
  for (const folder of ['Shop', '/Shop', 'Shop/', ' /Shop/ ']) {
    t.match(
      await send(`${url}/resources?asset_folder=${encodeURIComponent(folder)}`),
      { status: 200, body: { resources: [{ asset_folder: 'Shop' }] } },
      folder
    )
  }
  t.match(await send(`${url}/resources?asset_folder=..`), {
    status: 400,
    body: {
      errors: [{ pointer: '/asset_folder' }]
    }
  })
})
