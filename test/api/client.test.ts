import t from 'tap'
import { BrowserClient } from '../../src/api/client.ts'
import type { UploadSource } from '../../src/api/file-source.ts'
import type { AssetPage } from '../../src/api/types.ts'
import type { OpenedSource } from '../../src/api/upload-form.ts'
import { startGateway } from '../support/gateway.ts'

t.test('BrowserClient', async (t) => {
  const { url, sandbox } = await startGateway(t)
  const gateway = new BrowserClient({ url })
  const raw = { resource_type: 'raw' } as const

  t.test('sends the file that was given, whatever is among the fields', async (t) => {
    const fields = { file: 'https://example.com/other', ...raw } as object
    t.match(await gateway.upload('data:text/plain;base64,aGk=', fields), { bytes: 2 })
  })

  t.test('takes an upload that is still under way', async (t) => {
    t.match(await gateway.upload('data:text/plain;base64,aGk=', { ...raw, async: true }), {
      status: 'pending'
    })
  })

  t.test('performs the nine actions', async (t) => {
    const id = 'cats/tom, co'
    const file = new File(['miaow'], 'tom.txt')
    const fieldsOfTom = { public_id: id, ...raw, tags: ['a', 'b'], context: { alt: 'A cat' } }
    const stored = await gateway.upload(file, fieldsOfTom)
    t.match(stored, { public_id: id, bytes: 5, tags: ['a', 'b'], context: { custom: { alt: 'A cat' } } })
    t.match(
      await gateway.url(id, { ...raw, transformation: { width: 100, crop: 'scale' } }),
      { public_id: id, transformation: 'c_scale,w_100' }
    )
    t.match(
      await gateway.list({ ...raw, prefix: 'cats/', tags: true }),
      { resources: [{ public_id: id, tags: ['a', 'b'] }] }
    )
    t.match(await gateway.get(id, raw), { public_id: id, bytes: 5 })
    t.match(await gateway.get({ asset_id: stored.asset_id ?? '' }), { public_id: id })
    t.match(await gateway.update(id, { ...raw, tags: ['c'] }), { tags: ['c'] })
    const link = await gateway.signedUrl(id, { ...raw, type: 'upload' })
    t.equal(await (await fetch(link.url)).text(), 'miaow')
    const { fields } = await gateway.sign({ public_id: 'direct', tags: ['x', 'y'] })
    t.match(
      await gateway.directUpload(new Blob(['direct']), fields, raw),
      { public_id: 'direct', tags: ['x', 'y'], bytes: 6 }
    )
    const { items } = await gateway.signAll(
      [{ name: 'a.jpg', size: 10 }, { name: '', size: 10 }], { folder: 'album' }
    )
    t.match(items, [{ fields: { folder: 'album' } }, {
      code: 'invalid_request', errors: [{ pointer: '/files/1/name' }]
    }])
    t.match(await gateway.signAll([{ name: 'a', size: 1 }]), { items: [{ signature: String }] })
    t.match(await gateway.signatureRules(), { allowed: true, formats: null, cloud_name: String })
    t.match(await gateway.explain({ fields: { ...fields, tags: 'z' } }), { fits: false })
    t.match(await gateway.environments(), { environments: [{ name: 'production', cloud_name: 'demo' }] })
    t.match(await gateway.delete(id, raw), { result: 'ok', public_id: id })
    await t.rejects(
      gateway.delete(id, raw),
      { name: 'GatewayProblem', code: 'not_found', status: 404, requestId: /./ }
    )
  })

  t.test('uploads what a text holds', async (t) => {
    t.match(
      await gateway.upload('data:text/plain;base64,aGVsbG8=', { public_id: 'text', ...raw }),
      { bytes: 5 }
    )
    const { fields } = await gateway.sign({ public_id: 'by-signature' })
    t.match(await gateway.directUpload('data:text/plain;base64,aGVsbG8=', fields, raw), { bytes: 5 })
    await t.rejects(gateway.upload('/etc/passwd'), TypeError)
    await t.rejects(gateway.upload({ path: '/etc/passwd' }), { message: /^A browser uploads/ })
  })

  t.test('yields pages and assets until there are no more', async (t) => {
    for (const id of ['p/1', 'p/2', 'p/3']) await gateway.upload(new Blob([id]), { public_id: id, ...raw })
    const before = sandbox.requests.length
    const pages: AssetPage[] = []
    for await (const page of gateway.pages({ ...raw, prefix: 'p/', max_results: 2 })) pages.push(page)
    t.same(pages.map(({ resources }) => resources.map((asset) => asset.public_id)), [['p/1', 'p/2'], ['p/3']])
    const found: unknown[] = []
    for await (const asset of gateway.assets({ ...raw, prefix: 'p/' })) found.push(asset.public_id)
    t.same(found, ['p/1', 'p/2', 'p/3'])
    const { value } = await gateway.assets({ ...raw, prefix: 'p/', max_results: 1 }).next()
    t.match(value, { public_id: 'p/1' })
    const listed = sandbox.requests.slice(before).filter(({ method }) => method === 'GET').length
    t.equal(listed, 2 + 1 + 1, 'no page is fetched that nobody asks for')
  })

  t.test('says what is wrong with a field', async (t) => {
    await t.rejects(
      gateway.list({ max_results: 0 }),
      { code: 'invalid_request', retryable: false, errors: [{ pointer: '/max_results' }] }
    )
    await t.rejects(
      gateway.get('a', {}, { environment: 'nowhere' }),
      { status: 400, errors: [{ pointer: /environment/i }] }
    )
  })

  t.test('has the typed client for what has no method', async (t) => {
    const { data } = await gateway.http.GET('/healthz')
    t.ok(data)
  })

  t.test('sends no ID that a URL would swallow', async (t) => {
    for (const id of ['', '.', '..']) {
      await t.rejects(gateway.delete(id), TypeError)
      await t.rejects(gateway.get({ asset_id: id }), TypeError)
    }
  })

  t.test('repeats an upload with an idempotency key alone, and stores it once', async (t) => {
    const sent: Request[] = []
    /** Loses the first answer on its way. */
    const lossy = async (request: Request): Promise<Response> => {
      sent.push(request)
      const answer = await fetch(request)
      if (sent.length > 1) return answer
      await answer.text()
      throw new TypeError('lost')
    }
    const before = sandbox.requests.length
    const client = new BrowserClient({ url, fetch: lossy })
    const fields = { public_id: 'once', ...raw }
    t.match(await client.upload(new Blob(['x']), fields, { idempotencyKey: 'key-1' }), { public_id: 'once' })
    t.equal(sent.length, 2)
    t.equal(sandbox.requests.slice(before).filter(({ path }) => path.endsWith('/upload')).length, 1)
    const text = 'data:text/plain;base64,aGVsbG8='
    sent.length = 0
    t.match(
      await client.upload(text, { public_id: 'text', ...raw }, { idempotencyKey: 'key-2' }), { bytes: 5 }
    )
    t.equal(sent.length, 2)
    sent.length = 0
    await t.rejects(client.upload(new Blob(['x']), fields), { name: 'GatewayUnreachable' })
    t.equal(sent.length, 1)
  })

  t.test('repeats a stream that can be read again, and no other', async (t) => {
    let attempts = 0
    class Streaming extends BrowserClient {
      protected override async open (source: UploadSource): Promise<OpenedSource> {
        const form = () => ({ body: new FormData() })
        return { replayable: source === 'again', form }
      }
    }
    const client = new Streaming({ url, fetch: async () => { attempts++; throw new TypeError('lost') } })
    for (const [source, count] of [['again', 3], ['once', 1]] as const) {
      attempts = 0
      await t.rejects(client.upload(source, {}, { idempotencyKey: 'k' }), { name: 'GatewayUnreachable' })
      t.equal(attempts, count)
    }
  })
})
