import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/index.ts'
import { Secret } from '../../src/secret.ts'
import { environmentAt, startGateway, testConfig } from '../support/gateway.ts'
import { LONG } from '../support/rounds.ts'

// What people get wrong, sent to the running gateway. test/routes/ has more of it for single routes.

const picture = readFileSync(new URL('../fixtures/landscape.jpg', import.meta.url))
const DATA_URI = `data:image/jpeg;base64,${picture.toString('base64')}`

interface Problem {
  status: number,
  code: string,
  detail: string,
  errors: Array<{ pointer: string, message: string }>,
  [member: string]: unknown
}
interface Answer { status: number, headers: Headers, body: Problem }

async function send (url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init)
  return {
    status: response.status, headers: response.headers, body: await response.json() as Problem
  } // every answer here is a JSON object
}

const sendJson = async (url: string, body: unknown, method = 'POST'): Promise<Answer> =>
  send(url, {
    method,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json' }
  })

/** A form in this order; a Buffer is a file. */
function form (...fields: Array<[string, string | Buffer]>): FormData {
  const data = new FormData()
  for (const [name, value] of fields) {
    data.append(
      name,
      typeof value === 'string' ? value : new Blob([value]),
      ...typeof value === 'string' ? [] : ['tom.jpg']
    )
  }
  return data
}

/** The same fields in every way in which `POST /upload` takes them. */
async function uploadEachWay (gateway: string, fields: Record<string, string | object>): Promise<Answer[]> {
  const texts = Object.entries(fields).map(([name, value]): [string, string] => [
    name, typeof value === 'string' ? value : JSON.stringify(value)
  ])
  const url = `${gateway}/upload`
  return [
    await send(url, { method: 'POST', body: form(...texts, ['file', picture]) }),
    await send(url, { method: 'POST', body: form(['file', picture], ...texts) }),
    await send(`${url}?${new URLSearchParams(texts)}`, {
      method: 'POST', body: picture, headers: { 'content-type': 'image/jpeg' }
    }),
    await sendJson(url, { ...fields, file: DATA_URI }),
    await send(url, { method: 'POST', body: new URLSearchParams([...texts, ['file', DATA_URI]]) })
  ]
}

/** Uploads that the sandbox answered with success. */
const stored = (sandbox: Sandbox): unknown[] => sandbox.requests.filter(
  ({ path, status }) => path.endsWith('/upload') && status === 200
)

t.test('400 on every route that reads JSON, and nothing is asked of Cloudinary: JSON that is not an object', async (t) => {
  const { url, sandbox, app } = await startGateway(t)
  await app.inject('/readyz')
  let before = sandbox.requests.length
  const routes = [
    ['POST', '/upload'], ['POST', '/url'], ['POST', '/signed-url'], ['POST', '/signature'],
    ['POST', '/signature/explain'],
    ['POST', '/signature/batch'], ['PATCH', '/resources/cats/tom'], ['DELETE', '/resources/cats/tom']
  ] as const
  for (const [method, path] of routes) {
    for (const body of [
      'null', '[]', '[{}]', '[null]', '"x"', '""', '"file"', '1', '0', '-1.5e3', 'true', 'false', ' null '
    ]) {
      const answer = await sendJson(url + path, body, method)
      // `null` counts as absent where a body may be left out, and what it would stand for is another matter.
      const isAbsent = body.trim() === 'null' && ['/signature', '/resources/cats/tom'].includes(path)
      if (isAbsent) t.ok(answer.status < 500, `${method} ${path} ${body}`)
      else t.match(answer, { status: 400, body: { code: 'invalid_request' } }, `${method} ${path} ${body}`)
      if (isAbsent) before = sandbox.requests.length
    }
  }
  t.equal(sandbox.requests.length, before)
})

t.test('public IDs', async (t) => {
  const { url, sandbox } = await startGateway(t)

  t.test('200 from end to end for spaces, punctuation and Unicode: upload, list, get, URL, update, signed URL, delete', { skip: LONG }, async (t) => {
    for (const id of [
      'my pic', 'écran/日本 🐈', 'a=b;c', "it's (1)!*~", '[a] {b} $c', 'a,b', 'a:b@c', 'x'.repeat(255)
    ]) {
      for (const { status, body } of await uploadEachWay(url, { public_id: id })) {
        t.match(
          { status, id: body['public_id'] }, { status: 200, id }, id
        )
      }
      const at = `${url}/resources/${encodeURIComponent(id)}`
      t.match((await send(at)).body, { public_id: id })
      t.match((await send(`${url}/resources?prefix=${encodeURIComponent(id)}`)).body, {
        resources: [{ public_id: id }]
      })
      t.match((await sendJson(at, { tags: ['seen'] }, 'PATCH')).body, { public_id: id, tags: ['seen'] })
      const { body: { url: delivery } } = await send(
        `${url}/url?public_id=${encodeURIComponent(id)}&width=10&crop=scale`
      )
      t.equal((await fetch(String(delivery))).status, 200, `${String(delivery)} delivers`)
      const { body: { url: download } } = await send(
        `${url}/signed-url?type=upload&public_id=${encodeURIComponent(id)}`
      )
      t.equal((await fetch(String(download))).status, 200, `${String(download)} delivers`)
      t.match((await send(at, { method: 'DELETE' })).body, { result: 'ok', public_id: id })
    }
  })

  t.test('400 in Cloudinary\'s words for characters that it takes in no public ID; 404 where one is looked up', { skip: LONG }, async (t) => {
    for (const id of ['what?', 'a&b', 'a#b', 'a\\b', '50%', 'a%2Fb', '<b>', 'a+b']) {
      for (const { status, body } of await uploadEachWay(url, { public_id: id })) {
        t.match(
          { status, body },
          { status: 400, body: { upstream: { message: `public_id (${id}) is invalid` } } },
          id
        )
      }
      t.match(await send(`${url}/resources/${encodeURIComponent(id)}`), { status: 404 }, id)
    }
    t.match((await send(`${url}/resources`)).body, { resources: [] }, 'nothing was stored')
  })

  t.test('400 and nothing sent: 256 characters, slashes and blanks at an end, segments and controls that change a path', async (t) => {
    const before = sandbox.requests.length
    const cases: Array<[string, RegExp]> = [
      ['x'.repeat(256), /^must have at most 255 characters, has 256$/],
      ['日'.repeat(256), /^must have at most 255 characters, has 256$/],
      ...['/cats', 'cats/', ' cats', 'cats ', 'a//b', 'a/../b', '.', 'a\nb', 'a\u0000b'].map(
        (id): [string, RegExp] => [id, /^must not begin or end with a blank or a slash/]
      )
    ]
    for (const [id, message] of cases) {
      const answers = [
        ...await uploadEachWay(url, { public_id: id }),
        await sendJson(`${url}/signature`, { public_id: id }),
        await sendJson(`${url}/url`, { public_id: id }),
        await send(`${url}/url?public_id=${encodeURIComponent(id)}`),
        await send(`${url}/signed-url?public_id=${encodeURIComponent(id)}`)
      ]
      if (id !== '.') {
        answers.push(
          await sendJson(`${url}/resources/${encodeURIComponent(id)}`, { tags: ['a'] }, 'PATCH'),
          await send(`${url}/resources/${encodeURIComponent(id)}`, { method: 'DELETE' })
        )
      }
      for (const { body } of answers) {
        t.match(
          body,
          { status: 400, code: 'invalid_request', errors: [{ pointer: '/public_id', message }] },
          JSON.stringify(id.slice(0, 9))
        )
      }
    }
    t.equal(sandbox.requests.length, before)
  })

  t.test('400: missing or blank where it is needed', async (t) => {
    const answers = [
      await send(`${url}/url?public_id=`),
      await sendJson(`${url}/url`, { public_id: '' }),
      await send(`${url}/signed-url?public_id=%20`),
      await send(`${url}/url`),
      await sendJson(`${url}/url`, {}),
      await send(`${url}/signed-url`),
      await sendJson(`${url}/signed-url`, {})
    ]
    for (const { body } of answers) {
      t.match(body, {
        status: 400, errors: [{ pointer: '/public_id', message: 'is required' }]
      })
    }
    t.match((await send(`${url}/url`, { method: 'POST' })).body, {
      status: 400, errors: [{ pointer: '', message: 'the body is required: send a JSON object' }]
    })
  })
})

t.test('fields that nobody knows', async (t) => {
  const { url, sandbox } = await startGateway(t)

  t.test('400 that names the field and the nearest right name, on every action; nothing is stored', async (t) => {
    const { body: signed } = await sendJson(`${url}/signature`, {})
    const fields = Object.entries(signed['fields'] as Record<string, string>) // as its schema says
    const answers = [
      ...await uploadEachWay(url, { publicId: 'x' }),
      await sendJson(`${url}/signature`, { publicId: 'x' }),
      await sendJson(`${url}/url`, { publicId: 'x' }),
      await send(`${url}/url?publicId=x`),
      await send(`${url}/signed-url?publicId=x`),
      await send(`${url}/direct-upload`, {
        method: 'POST', body: form(...fields, ['publicId', 'x'], ['file', picture])
      })
    ]
    for (const { status, body } of answers) {
      t.equal(status, 400)
      t.match(
        body.errors.find(({ pointer }) => pointer === '/publicId'),
        { message: 'is not a field of this action; did you mean "public_id"?' }
      )
    }
    t.match((await send(`${url}/resources?max_result=5`)).body, {
      status: 400, errors: [{ pointer: '/max_result', message: /did you mean "max_results"/ }]
    })
    t.match((await send(`${url}/resources/a?colour=1`)).body, {
      status: 400, errors: [{ pointer: '/colour', message: /did you mean "colors"/ }]
    })
    t.match((await sendJson(`${url}/resources/a`, { tag: ['x'] }, 'PATCH')).body, {
      status: 400, errors: [{ pointer: '/tag', message: /did you mean "tags"/ }]
    })
    t.match((await send(`${url}/resources/a?invalid=true`, { method: 'DELETE' })).body, {
      status: 400, errors: [{ pointer: '/invalid', message: /did you mean "invalidate"/ }]
    })
    t.equal(stored(sandbox).length, 0)
  })

  t.test('400, and the file is never complete upstream, when the field comes after a file that is already on its way', async (t) => {
    t.match((
      await send(`${url}/upload?resource_type=raw`, {
        method: 'POST', body: form(['file', Buffer.alloc(4_000_000, 'x')], ['fodler', 'a'])
      })
    ).body, { status: 400, errors: [{ pointer: '/fodler', message: /did you mean "folder"/ }] })
    t.equal(stored(sandbox).length, 0)
  })

  t.test('400 in good time for very many of them, with a short answer and a short log', async (t) => {
    const names = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`a${index}`, 1]))
    const lines: string[] = []
    const app = await buildApp({
      config: testConfig([environmentAt(sandbox.url)]),
      logger: { level: 'info', stream: { write: (line) => { lines.push(line) } } }
    })
    t.teardown(() => app.close())
    const answer = await app.inject({ method: 'POST', url: '/url', payload: names })
    t.match(answer.json(), { status: 400, errors: [{ pointer: '/public_id' }] })
    t.ok(answer.body.length < 20_000, `${answer.body.length} bytes`)
    t.ok(lines.join('').length < 2_000, `${lines.join('').length} bytes of log`)
  })
})

t.test('environments', async (t) => {
  const clouds = ['editor', 'staging'].map((cloudName) => ({
    cloudName, apiKey: cloudName, apiSecret: `${cloudName}-secret`
  }))
  const sandbox = await startSandbox({ clouds })
  t.teardown(() => sandbox.close())
  const environments = clouds.map(({ cloudName, apiKey, apiSecret }) => environmentAt(sandbox.url, {
    name: cloudName, cloudName, apiKey, apiSecret: new Secret(cloudName === 'staging' ? 'stale' : apiSecret)
  }))
  const app = await buildApp({ config: testConfig(environments) })
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })

  t.test('400 for an unknown one, by header and by query, before a byte is sent on', async (t) => {
    const requests: Array<[string, RequestInit]> = [
      ['/upload', { method: 'POST', body: form(['file', picture]) }], ['/url?public_id=a', {}],
      ['/resources', {}], ['/resources/a', {}],
      ['/resources/a', { method: 'DELETE' }], ['/signed-url?public_id=a', {}],
      ['/signature', { method: 'POST' }]
    ]
    const message = 'there is no such environment; did you mean "staging"? /environments lists them'
    for (const [path, init] of requests) {
      const byQuery = `${url}${path}${path.includes('?') ? '&' : '?'}environment=stagin`
      t.match(
        (await send(byQuery, init)).body,
        { status: 400, errors: [{ pointer: '/environment', message }] },
        path
      )
      t.match(
        (await send(url + path, { ...init, headers: { 'x-environment': 'stagin' } })).body,
        { status: 400, errors: [{ pointer: '/environment', message }] },
        path
      )
    }
    t.match(
      (
        await send(`${url}/url?public_id=a&environment=staging`, { headers: { 'x-environment': 'editor' } })
      ).body,
      { status: 400, errors: [{ pointer: '/environment', message: /differs/ }] }
    )
    t.equal(sandbox.requests.length, 0)
  })

  t.test('502 that names the environment with wrong credentials, while the other one works', async (t) => {
    const inStaging = { headers: { 'x-environment': 'staging' } }
    const named = {
      status: 502, code: 'credentials_rejected', detail: /"staging"/, upstream: { status: 401 }
    }
    t.match((await send(`${url}/resources`, inStaging)).body, named)
    t.match(
      (await send(`${url}/upload`, { ...inStaging, method: 'POST', body: form(['file', picture]) })).body,
      named
    )
    t.equal(
      (
        await send(`${url}/upload`, { method: 'POST', body: form(['file', picture], ['public_id', 'works']) })
      ).status,
      200
    )
    t.match((await send(`${url}/resources/works`)).body, { public_id: 'works' })
    const ready = await send(`${url}/readyz`)
    t.match(ready.body, {
      environments: [
        { name: 'editor', verified: true }, { name: 'staging', verified: false, reason: /staging/ }
      ]
    })
    t.notMatch(JSON.stringify(ready.body), /stale|-secret/)
  })
})

t.test('tags and context', async (t) => {
  const { url, sandbox } = await startGateway(t)

  t.test('200: context values with =, |, & and newlines arrive as they were, in every form of upload', async (t) => {
    const context = { alt: 'a=b|c & d\ne', path: 'c:\\x', größe: '100 % "x"' }
    for (const { status, body } of await uploadEachWay(url, { context, tags: ['a b', 'größe', 'x|y'] })) {
      t.match(
        { status, tags: body['tags'], context: body['context'] },
        { status: 200, tags: ['a b', 'größe', 'x|y'], context: { custom: context } }
      )
    }
  })

  t.test('400: what Cloudinary could not tell apart: a comma in a tag, a backslash at the end of a value, = in a name', async (t) => {
    const before = stored(sandbox).length
    for (const { body } of await uploadEachWay(url, {
      tags: ['ok', 'a,b'], context: { alt: 'x\\', 'a=b': 'c' }
    })) {
      t.match(body, { status: 400 })
      t.same(body.errors.map(({ pointer }) => pointer).sort(), ['/context/a=b', '/context/alt', '/tags/1'])
      t.match(body.errors.find(({ pointer }) => pointer === '/tags/1'), { message: /comma/ })
    }
    t.equal(stored(sandbox).length, before)
  })

  t.test('400: null inside a list or a map is refused and never taken for empty', async (t) => {
    const before = stored(sandbox).length
    const message = 'must not be null: leave it out, or give it a value'
    const answer = await sendJson(`${url}/upload`, {
      file: DATA_URI,
      tags: ['a', null],
      context: { alt: null },
      metadata: { colours: [null] },
      overwrite: null,
      eager: [null],
      allowed_formats: null
    })
    t.same(
      answer.body.errors.sort((a, b) => a.pointer < b.pointer ? -1 : 1),
      ['/context/alt', '/eager/0', '/metadata/colours/0', '/tags/1'].map((pointer) => ({ pointer, message }))
    )
    t.match((await sendJson(`${url}/resources/a`, { tags: null, context: { a: null } }, 'PATCH')).body, {
      status: 400, errors: [{ pointer: '/context/a', message }]
    })
    t.match(
      (
        await send(`${url}/upload`, { method: 'POST', body: form(['tags', '["a",null]'], ['file', picture]) })
      ).body,
      { status: 400, errors: [{ pointer: '/tags/1', message }] }
    )
    t.equal(stored(sandbox).length, before)
  })
})

t.test('400 for a transformation that is nonsense or smuggles another one in, wherever transformations are taken', async (t) => {
  const { url, sandbox } = await startGateway(t)
  const cases: Array<[object, string, RegExp]> = [
    [{ crop: 'fil' }, 'crop', /did you mean "fill"/],
    [{ width: -5 }, 'width', /pixels above 0 and up to 32767/],
    [{ width: 0 }, 'width', /pixels above 0/],
    [{ width: 1e9 }, 'width', /up to 32767/],
    [{ width: '100,c_scale' }, 'width', /number of pixels/],
    [{ width: '100/l_fetch:aHR0cA==' }, 'width', /number of pixels/],
    [{ gravity: 'north,w_1' }, 'gravity', /must be a place such as/],
    [{ effect: 'sepia/l_text:x' }, 'effect', /slash/],
    [{ named: 't_a,w_1' }, 'named', /comma/],
    [{ background: 'red/../x' }, 'background', /./],
    [{ fetch_format: 'png/x' }, 'fetch_format', /./],
    [{ raw_transformation: 'w_1/../../v1/other' }, 'raw_transformation', /./],
    [{ witdh: 5 }, 'witdh', /did you mean "width"/]
  ]
  for (const [component, name, message] of cases) {
    const at = (pointer: string) => ({ status: 400, errors: [{ pointer: `${pointer}/${name}`, message }] })
    const told = JSON.stringify(component)
    t.match(
      (await sendJson(`${url}/url`, { public_id: 'a', transformation: component })).body,
      at('/transformation'),
      told
    )
    t.match(
      (await sendJson(`${url}/url`, { public_id: 'a', transformation: [{ width: 1 }, component] })).body,
      at('/transformation/1'),
      told
    )
    t.match(
      (await send(`${url}/url?${new URLSearchParams({ public_id: 'a', ...component })}`)).body, at(''), told
    )
    t.match((await sendJson(`${url}/signature`, { eager: [component] })).body, at('/eager/0'), told)
    for (const { body } of await uploadEachWay(url, { transformation: component })) {
      t.match(
        body, at('/transformation'), told
      )
    }
  }
  t.equal(sandbox.requests.length, 0)
})

t.test('files', async (t) => {
  const { url, sandbox } = await startGateway(t)
  const direct = async (...parts: Array<[string, string | Buffer]>): Promise<Answer> => {
    const { body } = await sendJson(`${url}/signature`, {})
    return send(
      `${url}/direct-upload`,
      { method: 'POST', body: form(...Object.entries(body['fields'] as Record<string, string>), ...parts) }
    ) // as its schema says
  }
  t.afterEach(() => t.equal(stored(sandbox).length, 0, 'nothing was stored'))

  t.test('400 for zero bytes: a part, a part of unknown length, a raw body, a data URI, under a signature', async (t) => {
    const empty = Buffer.alloc(0)
    const { headers, body } = new Response(form(['file', empty]))
    const answers = [
      await send(`${url}/upload`, { method: 'POST', body: form(['file', empty]) }),
      await send(
        `${url}/upload`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit
      ), // duplex is missing in its type
      await send(`${url}/upload`, { method: 'POST', body: empty, headers: { 'content-type': 'image/png' } }),
      await sendJson(`${url}/upload`, { file: 'data:image/png;base64,' }),
      await direct(['file', empty])
    ]
    for (const answer of answers) {
      t.match(answer.body, {
        status: 400, errors: [{ pointer: '/file', message: 'is empty: it has 0 bytes' }]
      })
    }
  })

  t.test('400 for two files and for none', async (t) => {
    const twice = { status: 400, errors: [{ pointer: '/file', message: 'is given twice' }] }
    t.match(
      (
        await send(`${url}/upload`, { method: 'POST', body: form(['file', picture], ['file', picture]) })
      ).body,
      twice
    )
    t.match(
      (
        await send(`${url}/upload?resource_type=raw`, {
          method: 'POST', body: form(['file', Buffer.alloc(4_000_000, 'x')], ['file', picture])
        })
      ).body,
      twice,
      'the first was on its way already'
    )
    t.match((await direct(['file', picture], ['file', picture])).body, twice)
    t.match((await direct()).body, { status: 400, errors: [{ pointer: '/file', message: /is required/ }] })
    t.match((await sendJson(`${url}/upload`, {})).body, {
      status: 400, errors: [{ pointer: '/file', message: 'is required' }]
    })
    t.match((await send(`${url}/upload`, { method: 'POST', body: form(['public_id', 'a']) })).body, {
      status: 400, errors: [{ pointer: '/file', message: /multipart part of this name/ }]
    })
  })

  t.test('413 with both numbers for a JSON body over its limit', async (t) => {
    for (const path of ['/url', '/signature', '/signed-url', '/signature/explain', '/signature/batch']) {
      const { body } = await sendJson(url + path, { file: `data:;base64,${'A'.repeat(1_100_000)}` })
      t.match(
        body,
        {
          status: 413,
          code: 'payload_too_large',
          detail: 'The body has 1100024 bytes; the limit for JSON is 1048576.'
        },
        path
      )
    }
    t.match(
      (await sendJson(`${url}/upload`, { public_id: 'x'.repeat(1_100_000), file: DATA_URI })).body,
      { status: 413, code: 'payload_too_large', detail: /limit for JSON is 1048576\./ },
      'a data URI alone may be longer'
    )
  })
})

function uploadFolder (t: Test): string {
  const folder = t.testdir({ root: { 'a.jpg': picture }, outside: { 'secret.jpg': picture } })
  const root = join(folder, 'root')
  symlinkSync(join(folder, 'outside', 'secret.jpg'), join(root, 'link.jpg'))
  symlinkSync(join(folder, 'outside'), join(root, 'folder'))
  symlinkSync('/dev/zero', join(root, 'device'))
  mkdirSync(join(root, 'sub'))
  writeFileSync(join(root, 'empty'), '')
  return folder
}

t.test('paths of server files', async (t) => {
  const folder = uploadFolder(t)
  const root = join(folder, 'root')
  const { url, sandbox } = await startGateway(t, { upload: { fileRoot: root } })

  t.test('400, the same for all: outside the root, through a link, a device, a folder, absent; nothing is sent', async (t) => {
    const paths = [
      '../outside/secret.jpg',
      join(folder, 'outside', 'secret.jpg'),
      '/etc/passwd',
      'link.jpg',
      'folder/secret.jpg',
      'sub/../a.jpg',
      '/dev/zero',
      'device',
      'sub',
      '.',
      'absent.jpg',
      'a.jpg\u0000.png'
    ]
    for (const path of paths) {
      t.match(
        (await sendJson(`${url}/upload`, { file: path })).body,
        {
          status: 400,
          errors: [{ pointer: '/file', message: 'is not a readable file below the upload folder' }]
        },
        JSON.stringify(path)
      )
    }
    t.match((await sendJson(`${url}/upload`, { file: 'file:///etc/passwd' })).body, {
      status: 422, errors: [{ pointer: '/file', message: /^must begin with https:/ }]
    })
    t.match((await sendJson(`${url}/upload`, { file: 'empty' })).body, {
      status: 400, errors: [{ pointer: '/file', message: 'is empty: it has 0 bytes' }]
    })
    t.equal(sandbox.requests.length, 0)
  })

  t.test('200 for one below the root; 400 for any without a root, and under a signature', async (t) => {
    t.match((await sendJson(`${url}/upload`, { file: 'a.jpg', public_id: 'below' })).body, {
      public_id: 'below', bytes: picture.length
    })
    const { body } = await sendJson(`${url}/signature`, {})
    const fields = Object.entries(body['fields'] as Record<string, string>) // as its schema says
    t.match(
      (await send(`${url}/direct-upload`, { method: 'POST', body: form(...fields, ['file', 'a.jpg']) })).body,
      { status: 400, errors: [{ pointer: '/file' }] },
      'whoever holds a signature has no business in our folders'
    )
    const closed = await startGateway(t)
    t.match((await sendJson(`${closed.url}/upload`, { file: 'a.jpg' })).body, {
      status: 400, errors: [{ pointer: '/file', message: /files of the server are not open to uploads/ }]
    })
  })
})
