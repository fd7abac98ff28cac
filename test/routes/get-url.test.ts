import t from 'tap'
import { v2 as cloudinary } from 'cloudinary'
import sharp from 'sharp'
import { startGateway } from '../support/gateway.ts'

t.test('GET and POST /url', async (t) => {
  const { app, sandbox } = await startGateway(t)
  const host = new URL(sandbox.url).host
  const get = (query: Record<string, string>) => app.inject({ method: 'GET', url: '/url', query })
  const post = (payload: object) => app.inject({ method: 'POST', url: '/url', payload })

  t.test('200: flat query, JSON text, Cloudinary\'s own text and a JSON body give the same URL', async (t) => {
    const transformation = { width: 300, height: 200, crop: 'fill' }
    const expected = {
      url: `http://${host}/demo/image/upload/c_fill,h_200,w_300/v1/cats/tom.jpg`,
      public_id: 'cats/tom',
      resource_type: 'image',
      type: 'upload',
      transformation: 'c_fill,h_200,w_300'
    }
    const asset = { public_id: 'cats/tom', format: 'jpg' }
    t.strictSame((await get({ ...asset, width: '300', height: '200', crop: 'fill' })).json(), expected)
    t.strictSame((await get({ ...asset, transformation: JSON.stringify(transformation) })).json(), expected)
    t.strictSame((await get({ ...asset, transformation: 'c_fill,h_200,w_300' })).json(), expected)
    t.strictSame((await post({ ...asset, transformation })).json(), expected)
    t.strictSame((await post({ ...asset, transformation: [transformation] })).json(), expected)
    t.match((await get({ public_id: 'a' })).json(), { transformation: '', url: /\/upload\/a$/ })
  })

  t.test('200, 400: a transformation member by member, as generated clients send objects', async (t) => {
    const query = 'public_id=a&transformation[width]=300&transformation%5Bborder%5D%5Bwidth%5D=2'
    t.equal((await app.inject(`/url?${query}`)).json().transformation, 'bo_2px_solid_black,w_300')
    const refused = async (query: string): Promise<unknown> => (
      await app.inject(`/url?public_id=a&${query}`)
    ).json()
    for (const [query, pointer] of [
      ['transformation[width]=1&transformation=w_1', '/transformation'],
      ['transformation[width]=1&width=1', '/transformation'],
      ['transformation[width]=-1', '/transformation/width'],
      ['transformation[with]=1', '/transformation/with'],
      ['transformation[width]=1&transformation[width]=2', '/transformation/width'],
      ['transformation[__proto__][width]=1', '/transformation/__proto__[width]'],
      ['transformation[constructor]=1', '/transformation/constructor'],
      ['format[a]=png', '/format[a]']
    ] as const) t.match(await refused(query), { status: 400, errors: [{ pointer }] }, query)
  })

  t.test('200: private and authenticated are signed unless told otherwise, as by the official package', async (t) => {
    const official = (type: string) => cloudinary.url('a', { type, sign_url: true, cloud_name: 'demo', api_secret: 'abcd', secure: false, cname: host, analytics: false } as never) // its types lack cname
    for (const type of ['private', 'authenticated']) t.equal((await get({ public_id: 'a', type })).json().url, official(type))
    t.equal((await post({ public_id: 'a', sign_url: true })).json().url, official('upload'))
    t.match((await post({ public_id: 'a', type: 'private', sign_url: false })).json().url, /\/private\/a$/)
  })

  t.test('200: the signed URL of a private asset delivers it', async (t) => {
    await sandbox.add('secret/tom', { type: 'private' })
    const { url } = (await get({ public_id: 'secret/tom', type: 'private' })).json()
    t.equal((await fetch(url)).status, 200)
  })

  t.test('200: IDs of every sort; the request decides over https', async (t) => {
    for (const id of ['a b', 'a?b', 'a#b', '50%', 'écran/日本', "it's"]) {
      const { url } = (await get({ public_id: id })).json()
      t.equal(decodeURIComponent(new URL(url).pathname).replace(/^\/demo\/image\/upload\/(v1\/)?/, ''), id)
    }
    t.match((await get({ public_id: 'a', secure: 'true', version: '7' })).json().url, /^https:\/\/res\.cloudinary\.com\/demo\/image\/upload\/v7\/a$/)
  })

  t.test('200: nobody keeps the answer, in either form: it may hold a signature', async (t) => {
    for (const answer of [await get({ public_id: 'a' }), await post({ public_id: 'a' })]) t.equal(answer.headers['cache-control'], 'no-store')
  })

  t.test('200: names and suffixes that official clients know', async (t) => {
    const transformation = { overlay: 'logo', x: 5, y: -5, opacity: 50, flags: ['layer_apply', 'relative'], border: { width: 2, color: '#ff0000' } }
    const text = 'bo_2px_solid_rgb:ff0000,fl_layer_apply.relative,l_logo,o_50,x_5,y_-5'
    t.equal((await post({ public_id: 'a', transformation })).json().transformation, text)
    t.equal((await get({ public_id: 'a', overlay: 'logo', x: '5', y: '-5', opacity: '50', flags: 'layer_apply.relative', border: '2px_solid_#ff0000' })).json().transformation, text)
    t.equal((await app.inject('/url?public_id=a&flags=lossy&flags=progressive')).json().transformation, 'fl_lossy.progressive')
    t.match((await get({ public_id: 'cats/tom', url_suffix: 'a-grey-cat', format: 'jpg' })).json().url, /\/demo\/images\/v1\/cats\/tom\/a-grey-cat\.jpg$/)
    t.match((await post({ public_id: 'cats/tom', url_suffix: 'a-grey-cat' })).json().url, /\/demo\/images\/v1\/cats\/tom\/a-grey-cat$/)
    t.match((await get({ public_id: 'a', url_suffix: 'b.c', overlay: 'a/b' })).json(), { status: 400, errors: [{ pointer: '/url_suffix' }, { pointer: '/overlay' }] })
    t.match((await post({ public_id: 'a', resource_type: 'raw', type: 'private', url_suffix: 'b' })).json(), { status: 400, errors: [{ pointer: '/url_suffix' }] })
  })

  t.test('200: a width with a decimal point is a multiple of the original, on every way', async (t) => {
    await sandbox.add('wide')
    const { width } = (await app.inject('/resources/wide')).json()
    const urls = [await get({ public_id: 'wide', width: '1.5', crop: 'scale' }), await post({ public_id: 'wide', transformation: { width: 1.5, crop: 'scale' } }), await get({ public_id: 'wide', transformation: 'c_scale,w_1.5' })]
    t.same(new Set(urls.map((answer) => answer.json().transformation)), new Set(['c_scale,w_1.5']))
    const { eager } = (await app.inject({ method: 'POST', url: '/upload', payload: { file: 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', eager: { width: 3.0001, crop: 'scale' } } })).json()
    t.match(eager, [{ transformation: 'c_scale,w_3.0001', width: 3 }])
    const made = await sharp(Buffer.from(await (await fetch(urls[0]?.json().url)).arrayBuffer())).metadata()
    t.equal(made.width, Math.round(width * 1.5))
  })

  t.test('200: an ID that was copied out of a URL, and the same ID as it is listed, give the same URL', async (t) => {
    t.equal((await get({ public_id: 'my%20cat/é' })).json().url, (await get({ public_id: 'my cat/é' })).json().url)
    t.equal((await get({ public_id: 'my%20cat' })).json().public_id, 'my%20cat', 'what was asked for stays as it was')
  })

  t.test('302: redirect=true', async (t) => {
    const answer = await get({ public_id: 'a', redirect: 'true', width: '10' })
    t.equal(answer.statusCode, 302)
    t.equal(answer.headers.location, `http://${host}/demo/image/upload/w_10/a`)
  })

  t.test('400: every fault at once, each with a pointer', async (t) => {
    const pointers = (answer: { json: () => { errors: Array<{ pointer: string }> } }) => answer.json().errors.map(({ pointer }) => pointer).sort()
    t.strictSame(pointers(await get({ width: '-5', crop: 'fil', effect: 'sepia,w_1', sizes: '1' })), ['/crop', '/effect', '/public_id', '/sizes', '/width'])
    t.strictSame(pointers(await post({ public_id: '', transformation: { height: 99_999, gravity: 'a/b' }, format: 'j.pg' })),
      ['/format', '/public_id', '/transformation/gravity', '/transformation/height'])
    t.strictSame(pointers(await post({ public_id: 'a'.repeat(256) })), ['/public_id'])
    t.strictSame(pointers(await get({ public_id: 'a', transformation: '{"width":' })), ['/transformation'])
    t.strictSame(pointers(await post({ public_id: 'a', transformation: { width: 1e-9 } })), ['/transformation/width'])
  })

  t.test('400: a transformation given twice', async (t) => {
    t.match((await get({ public_id: 'a', width: '1', transformation: 'w_2' })).json(), {
      status: 400, errors: [{ pointer: '/transformation', message: 'must not be given together with width' }]
    })
  })
})
