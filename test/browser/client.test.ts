import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { bundleForBrowsers } from '../support/browser-modules.ts'
import { complaintsOf, NO_BROWSER, startBrowser, startFrontEnd } from '../support/chromium.ts'
import { startCuttingProxy } from '../support/cutting-proxy.ts'
import { environmentAt, startGatewayAt } from '../support/gateway.ts'
import { LONG } from '../support/rounds.ts'
import { randomFile, rangesOf, UploadingPage, uploadsOf } from '../support/uploading-page.ts'

const KEY = 'a-key-of-a-front-end'
const keys = [{ caller: 'web', digest: createHash('sha256').update(KEY).digest() }]
const picture = join(import.meta.dirname, '../fixtures/landscape.jpg')
const md5 = createHash('md5').update(readFileSync(picture)).digest('hex')
const CHUNK = 5_242_880

t.test('/client.js has at most 6000 bytes, gzipped', async (t) => {
  const folder = `${t.testdir()}/`
  await bundleForBrowsers(folder)
  const text = readFileSync(`${folder}client.js`)
  const { length } = gzipSync(text)
  t.ok(length > 3000 && length <= 6000, `${length} bytes`)
  t.notMatch(text.toString(), /\bimport\b/, 'it depends on nothing')
})

t.test('/client.js on a page of another origin', { skip: NO_BROWSER }, async (t) => {
  await bundleForBrowsers()
  const browser = await startBrowser(t)
  const front = await startFrontEnd(t)
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const line = await startCuttingProxy(t, sandbox.url)
  const { url } = await startGatewayAt(t, sandbox.url, {
    environments: [environmentAt(sandbox.url, { publicUploadPrefix: line.url })],
    corsOrigins: [front.origin],
    auth: { mode: 'keys', keys }
  })
  const signed = (rest = ''): string => `{
    signatureUrl: '${url}/signature', headers: { Authorization: 'Bearer ${KEY}' }, ${rest} }`
  const opened = async (t: Test): Promise<UploadingPage & { complaints: string[] }> => {
    const context = await browser.newContext()
    t.teardown(() => context.close())
    const page = await context.newPage()
    const complaints = complaintsOf(page)
    sandbox.faults.clear()
    await sandbox.reset()
    return Object.assign(await new UploadingPage(page).load(`${front.origin}/page`, url), { complaints })
  }

  t.test('uploads a picture straight to Cloudinary, with progress and every signed field', async (t) => {
    const page = await opened(t)
    await page.page.setInputFiles('#input', picture)
    const fields = '{ folder: \'users/1\', tags: [\'a\', \'b\'], context: { alt: \'hills\' } }'
    const { asset } = await page.upload('chosen()', signed(`fields: ${fields}`))
    t.match(asset, { public_id: /^users\/1\//, bytes: 19847, etag: md5, tags: ['a', 'b'] })
    const [request] = uploadsOf(sandbox)
    t.match(request?.fields, {
      folder: 'users/1', tags: 'a,b', context: 'alt=hills', api_key: '1234', signature: /^[0-9a-f]{40}$/
    })
    t.same((await page.states()).filter((state) => state !== 'uploading'), [
      'waiting', 'signing', 'processing', 'done'
    ])
    t.match((await page.seen()).at(-1), { state: 'done', loaded: 19847, total: 19847 })
    t.notOk(sandbox.requests.some(({ headers }) => headers.includes('authorization')), 'the key stays here')
    t.same(page.complaints, [])
  })

  t.test('a Blob, a URL, and what only a module worker has', { skip: LONG }, async (t) => {
    const page = await opened(t)
    t.match(await page.upload('new Blob([\'text\'])', signed('fields: { resource_type: \'raw\' }')), {
      asset: { bytes: 4 }
    })
    const worker = `new Promise((resolve, reject) => {
      const script = \`import { upload } from '${url}/client.js'
        upload(new Blob(['in a worker']), ${signed('fields: { resource_type: \'raw\' }')})
          .then((asset) => postMessage({ bytes: asset.bytes }), (error) => postMessage({ error: error.message }))\`
      const worker = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), { type: 'module' })
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = ({ message }) => reject(new Error(message))
    })`
    t.same(await page.run(worker), { bytes: 11 })
    const remote = await page.upload(`'${sandbox.url}/demo/image/upload/nothing.jpg'`, signed())
    t.match(
      remote,
      { failure: { isUploadError: true, status: 400 } },
      'Cloudinary fetches it, and says what it found'
    )
    t.equal(uploadsOf(sandbox).at(-1)?.fields['file'], undefined)
    t.equal(uploadsOf(sandbox).at(-1)?.file_bytes, undefined, 'no bytes left the page')
    t.match(await page.upload('new Blob([])', signed()), {
      failure: { message: 'Empty file', status: 400, code: 'upstream_rejected' }
    })
  })

  t.test('a large file goes in chunks; pause, resume; the line is cut once; progress ends at the end', async (t) => {
    const page = await opened(t)
    const file = randomFile(t, 12_000_000)
    await page.page.setInputFiles('#input', file.path)
    line.holdAt = line.bytes + 8_000_000
    await page.begin('chosen()', signed(`fields: { resource_type: 'raw' }, chunkBytes: ${CHUNK}`))
    await page.until(`seen.some(({ loaded }) => loaded > ${CHUNK})`)
    await page.run('running.pause()')
    await page.until('seen.at(-1).state === \'paused\'')
    line.release()
    line.cutAt = [line.bytes + 4_000_000]
    await page.run('running.resume()')
    t.match(await page.outcome(), { asset: { bytes: 12_000_000, etag: file.md5 } })
    t.same([...new Set(rangesOf(sandbox, 'complete'))], [
      `bytes 0-${CHUNK - 1}/12000000`, `bytes ${CHUNK}-${2 * CHUNK - 1}/12000000`, `bytes ${2 * CHUNK}-11999999/12000000`
    ])
    t.equal(new Set(uploadsOf(sandbox).map(({ unique_upload_id: id }) => id)).size, 1)
    const seen = await page.seen()
    t.ok(seen.some(({ bytesPerSecond, secondsLeft }) => bytesPerSecond > 0 && secondsLeft !== null))
    t.match(seen.at(-1), { state: 'done', loaded: 12_000_000 })
    t.equal(await page.run('localStorage.length'), 0, 'nothing is left to go on with')
  })

  t.test('after a reload the same file goes on; with other fields, or too late, it begins again', { skip: LONG }, async (t) => {
    const page = await opened(t)
    const file = randomFile(t, 12_000_000)
    const options = signed(`fields: { resource_type: 'raw', folder: 'a' }, chunkBytes: ${CHUNK}`)
    const cut = async (): Promise<void> => {
      await page.page.setInputFiles('#input', file.path)
      line.holdAt = line.bytes + 8_000_000
      await page.begin('chosen()', options)
      await page.until(`seen.some(({ loaded }) => loaded > ${CHUNK})`)
      await page.load(`${front.origin}/page`, url)
      line.release()
      await page.page.setInputFiles('#input', file.path)
    }
    await cut()
    t.equal(await page.run('localStorage.length'), 1)
    t.notMatch(await page.run('JSON.stringify(localStorage)'), new RegExp(KEY))
    sandbox.requests.length = 0
    const before = rangesOf(sandbox).length
    t.match(await page.upload('chosen()', options.replace('folder: \'a\'', 'folder: \'b\'')), {
      asset: { etag: file.md5 }
    })
    t.equal(rangesOf(sandbox).slice(before).length, 3, 'with other fields it is another upload')
    const again = rangesOf(sandbox).length
    t.match(await page.upload('chosen()', options), { asset: { etag: file.md5, public_id: /^a\// } })
    t.same(rangesOf(sandbox).slice(again), [
      `bytes ${CHUNK}-${2 * CHUNK - 1}/12000000`, `bytes ${2 * CHUNK}-11999999/12000000`
    ], 'only what was missing')
    t.equal(await page.run('localStorage.length'), 0)
    await cut()
    await sandbox.reset()
    t.match(
      await page.upload('chosen()', options), { asset: { etag: file.md5 } }, 'Cloudinary has forgotten it'
    )
    t.same(
      rangesOf(sandbox, 'complete').length, 5, 'all but the one that is the last of two, from the beginning'
    )
  })

  t.test('abort: nothing is stored; after the last byte nobody can tell, and the error says so', async (t) => {
    const page = await opened(t)
    // Far more than what a fast line could have sent in the moment of which nothing is known.
    const file = randomFile(t, 60_000_000)
    for (const options of [`chunkBytes: ${CHUNK}`, 'chunkBytes: 70000000']) {
      await page.page.setInputFiles('#input', file.path)
      line.holdAt = line.bytes + 2_500_000
      await page.begin('chosen()', signed(`fields: { resource_type: 'raw' }, ${options}`))
      await page.until('seen.some(({ loaded }) => loaded > 1000000)')
      await page.run('running.abort()')
      t.match(await page.outcome(), { failure: { name: 'AbortError', outcome: undefined } }, options)
      line.release()
      t.equal(await page.run('localStorage.length'), 0)
    }
    t.match(await page.upload('chosen()', signed('signal: AbortSignal.abort()')), {
      failure: { name: 'AbortError' }
    })
    const list = await fetch(`${url}/resources?resource_type=raw`, {
      headers: { authorization: `Bearer ${KEY}` }
    })
    t.same(await list.json(), { resources: [] })
    sandbox.faults.add({ kind: 'stall', at_byte: 500, match: { method: 'POST' } })
    await page.begin('new Blob([\'abc\'])', signed())
    await page.until('seen.at(-1).state === \'processing\'')
    await page.run('running.abort()')
    t.match(await page.outcome(), { failure: { name: 'AbortError', outcome: 'unknown', message: /Look/ } })
  })

  t.test('20 files, three at once', { skip: LONG }, async (t) => {
    const page = await opened(t)
    sandbox.faults.add({ kind: 'delay', ms: 60, times: 20, match: { method: 'POST' } })
    let most = 0
    const look = setInterval(
      () => { most = Math.max(most, uploadsOf(sandbox).filter(({ state }) => state === 'open').length) }, 5
    )
    t.teardown(() => { clearInterval(look) })
    await page.run(`(() => {
      const uploader = createUploader(${signed()})
      globalThis.outcome = Promise.all(Array.from({ length: 20 }, (_, index) => follow(uploader.upload(
        new File([String(index)], index + '.txt'), { fields: { public_id: 'many/' + index, resource_type: 'raw' } }
      ))))
    })()`)
    const outcomes = await page.run<Array<{ asset?: { public_id: string } }>>('outcome')
    t.same(outcomes.filter(({ asset }) => asset === undefined), [])
    t.equal(new Set(outcomes.map(({ asset }) => asset?.public_id)).size, 20)
    t.equal(most, 3, 'as the upstream sees it')
  })

  t.test('a wrong signature is explained by the gateway, which names the field', async (t) => {
    const page = await opened(t)
    const sign = `sign: async (fields, file, { signal }) => {
      const answer = await fetch('${url}/signature', {
        method: 'POST', signal, body: JSON.stringify(fields),
        headers: { authorization: 'Bearer ${KEY}', 'content-type': 'application/json' }
      })
      const form = await answer.json()
      form.fields.folder = 'users/2'
      return form
    }`
    const { failure } = await page.upload(
      'new Blob([\'a\'])', signed(`${sign}, fields: { folder: 'users/1' }`)
    )
    t.match(failure, {
      name: 'UploadError',
      status: 401,
      code: 'signature_mismatch',
      message: /folder/,
      errors: [{ pointer: '/folder' }],
      advice: /fields/
    })
    t.equal(uploadsOf(sandbox).length, 1, 'it is not sent again')
  })

  t.test('through the gateway in one request', async (t) => {
    const page = await opened(t)
    const options = signed('via: \'gateway\', fields: { folder: \'through\', resource_type: \'raw\' }')
    t.match(await page.upload(
      'new File([\'abc\'], \'a.txt\')', options
    ), { asset: { bytes: 3, public_id: /^through\//, resource_type: 'raw' } })
    const asking = options.replace(/headers: \{.*?\}/, `headers: async () => {
      globalThis.asked = (globalThis.asked ?? 0) + 1
      return new Headers({ authorization: 'Bearer ${KEY}', 'X-Environment': 'production' })
    }`)
    t.match(await page.upload('new File([\'abc\'], \'a.txt\')', asking), { asset: { bytes: 3 } })
    t.equal(await page.run('asked'), 2, 'before each request')
    t.match(await page.upload('new File([\'abc\'], \'a.txt\')', asking.replace('production', 'nowhere')), {
      failure: { isUploadError: true, code: 'invalid_request', advice: String }
    })
    const tampered = options.replace(
      'fields:',
      `sign: async () => ({ upload_url: 'unused', fields: { timestamp: String(Math.floor(Date.now() / 1000)), signature: '${'0'.repeat(40)}' } }), fields:`
    )
    t.match(await page.upload('new File([\'abc\'], \'a.txt\')', tampered), {
      failure: { code: 'signature_mismatch', status: 401, isUploadError: true, advice: /signed/ }
    })
  })

  t.test('bad options are named at once', async (t) => {
    const page = await opened(t)
    const thrown = async (script: string): Promise<unknown> =>
      await page.run(
        `(() => { try { ${script} } catch (error) { return error.name + ': ' + error.message } })()`
      )
    t.match(await thrown('createUploader({})'), /TypeError: .*signatureUrl.*sign/)
    t.match(
      await thrown('createUploader({ signatureURL: \'/signature\' })'),
      /TypeError: .*signatureURL.*did you mean signatureUrl/
    )
    t.match(
      await thrown('createUploader({ signatureUrl: \'/s\', chunkBytes: 1000 })'),
      /TypeError: chunkBytes .*5242880/
    )
    t.match(await thrown('createUploader({ signatureUrl: \'/s\', parallel: 0 })'), /TypeError: parallel/)
    t.match(await thrown('createUploader({ signatureUrl: \'/s\', via: \'cloud\' })'), /TypeError: via/)
    t.match(
      await thrown('createUploader({ sign: async () => ({}), via: \'gateway\' })'),
      /TypeError: .*directUploadUrl/
    )
    t.match(await thrown('upload(\'cat.jpg\', { signatureUrl: \'/s\' })'), /TypeError: .*File.*URL/)
    t.match(await thrown('upload(new Blob([]), { signatureUrl: \'/s\', fields: [1] })'), /TypeError: fields/)
    t.match(
      await thrown('createUploader({ signatureUrl: \'/s\' }).upload(new Blob([]), { field: {} })'),
      /did you mean fields/
    )
  })
})
