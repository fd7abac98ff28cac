import { rmSync } from 'node:fs'
import t, { type Test } from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { bundleForBrowsers } from '../support/browser-modules.ts'
import { NO_BROWSER, startBrowser, startFrontEnd } from '../support/chromium.ts'
import { startCuttingProxy } from '../support/cutting-proxy.ts'
import { environmentAt, startGatewayAt } from '../support/gateway.ts'
import { randomFile, rangesOf, UploadingPage, uploadsOf } from '../support/uploading-page.ts'

const CHUNK = 5_242_880
const POST = { method: 'POST', path: '/upload' }
/** What Cloudinary sends with its errors too. */
const headers = { 'access-control-allow-origin': '*' }
const STALE = 'Stale request - reported time is 2026-01-01 00:00:00 +0000 which is more than 1 hour ago'

t.test('/client.js when something fails', { skip: NO_BROWSER }, async (t) => {
  await bundleForBrowsers()
  const browser = await startBrowser(t)
  const [front, foreign] = [await startFrontEnd(t), await startFrontEnd(t)]
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const line = await startCuttingProxy(t, sandbox.url)
  const { url } = await startGatewayAt(t, sandbox.url, {
    environments: [environmentAt(sandbox.url, { publicUploadPrefix: line.url })], corsOrigins: [front.origin]
  })
  const gatewayLine = await startCuttingProxy(t, url)
  const options = (rest = '', base = url): string => `{ signatureUrl: '${base}/signature', ${rest} }`
  const raw = 'fields: { resource_type: \'raw\' }'
  const opened = async (t: Test, { origin = front.origin, setup = '' } = {}): Promise<UploadingPage> => {
    const context = await browser.newContext()
    t.teardown(() => context.close())
    sandbox.faults.clear()
    await sandbox.reset()
    if (setup !== '') await context.addInitScript(setup)
    return await new UploadingPage(await context.newPage()).load(`${origin}/page`, url)
  }
  const stored = async (kind = 'raw'): Promise<string[]> => {
    const answer = await (await fetch(`${url}/resources?resource_type=${kind}`)).json() as {
      resources: Array<{ public_id: string }>
    }
    return answer.resources.map(({ public_id: id }) => id)
  }

  t.test('the network is cut twice inside 60 MB: it finishes, and the bytes are the same', async (t) => {
    const page = await opened(t)
    const file = randomFile(t, 60_000_000)
    await page.page.setInputFiles('#input', file.path)
    line.cutAt = [line.bytes + 10_000_000, line.bytes + 45_000_000]
    t.match(await page.upload('chosen()', options(raw)), { asset: { bytes: 60_000_000, etag: file.md5 } })
    t.equal(line.cuts, 2)
    t.same(
      rangesOf(sandbox, 'complete'),
      [0, 20_000_000, 40_000_000].map((start) => `bytes ${start}-${start + 19_999_999}/60000000`)
    )
    t.same(await stored(), (await page.outcome()).asset && [(await page.outcome()).asset?.public_id])
  })

  t.test('the answer to the last byte is lost: never two assets', async (t) => {
    const page = await opened(t)
    // A browser sends a request again by itself when a connection breaks that it has used before.
    const lose = (times = 1): void => { sandbox.faults.add({ kind: 'lost_answer', match: POST, times }) }
    lose(9)
    t.match(await page.upload('new File([\'abc\'], \'a.txt\')', options(raw)), {
      failure: {
        name: 'UploadError',
        code: 'network_failed',
        outcome: 'unknown',
        retryable: false,
        message: /may have been stored/,
        advice: /Look/
      }
    })
    t.equal((await stored()).length, 1)
    t.notOk(
      (await page.states()).includes('retrying'),
      'nothing says that it was not stored, so it is not sent again'
    )
    sandbox.faults.clear()
    lose()
    await page.upload('new File([\'abcd\'], \'b.txt\')', options(raw))
    t.equal((await stored()).length, 2, 'nor by the browser')

    lose(2)
    t.match(await page.upload(
      'new File([\'abc\'], \'a.txt\')', options('fields: { resource_type: \'raw\', public_id: \'mine\' }')
    ), {
      asset: { public_id: 'mine' }
    })
    t.equal((await stored()).length, 3, 'what has a name replaces itself')

    const file = randomFile(t, 12_000_000)
    await page.page.setInputFiles('#input', file.path)
    sandbox.faults.add({ kind: 'lost_answer', match: POST, skip: 2, times: 2 })
    t.match(await page.upload('chosen()', options(`${raw}, chunkBytes: ${CHUNK}`)), {
      asset: { etag: file.md5 }
    })
    t.equal((await stored()).length, 4, 'a last chunk is known by its id')
    const again = options(
      `fields: { resource_type: 'raw', folder: 'again' }, retries: 0, chunkBytes: ${CHUNK}`
    )
    sandbox.faults.clear()
    sandbox.faults.add({ kind: 'lost_answer', match: POST, skip: 2, times: 2 })
    t.match(await page.upload('chosen()', again), { failure: { outcome: 'unknown' } })
    await page.load(`${front.origin}/page`, url)
    await page.page.setInputFiles('#input', file.path)
    const before = uploadsOf(sandbox).length
    t.match(await page.upload('chosen()', again), { asset: { etag: file.md5, public_id: /^again/ } })
    t.same(
      rangesOf(sandbox).slice(before),
      [`bytes ${2 * CHUNK}-11999999/12000000`],
      'after a reload it asks for the answer again'
    )
    t.equal((await stored()).length, 5)

    sandbox.faults.add({ kind: 'status', status: 503, headers, match: POST })
    t.match(await page.upload('new File([\'abc\'], \'a.txt\')', options(raw)), {
      failure: { outcome: 'unknown', status: 503 }
    })
    t.equal(uploadsOf(sandbox).length, before + 2)
  })

  t.test('the same through the gateway', async (t) => {
    const page = await opened(t)
    sandbox.faults.add({ kind: 'lost_answer', match: POST, times: 9 })
    const through = options(`${raw}, via: 'gateway', directUploadUrl: '${gatewayLine.url}/direct-upload'`)
    t.match(await page.upload(`new Blob(['${'x'.repeat(2000)}'])`, through), {
      failure: { isUploadError: true, outcome: 'unknown', problem: { outcome: 'unknown' } }
    })
    t.equal((await stored()).length, 1)
    sandbox.faults.clear()
    gatewayLine.loseAnswers = 1
    const { asset, failure: none } = await page.upload('new Blob([\'z\'])', through)
    t.ok(
      asset?.bytes === 1 || none?.outcome === 'unknown',
      'the browser itself may ask again, and gets the same asset'
    )
    t.equal(gatewayLine.loseAnswers, 0)
    t.equal((await stored()).length, 2)
    sandbox.faults.add({
      kind: 'status', status: 429, headers: { 'retry-after': '1' }, match: POST, times: 4
    })
    t.match(
      await page.upload('new Blob([\'y\'])', through), { asset: { bytes: 1 } }, 'a refusal is waited out'
    )
    t.equal((await stored()).length, 3)
    const file = randomFile(t, 60_000_000)
    await page.page.setInputFiles('#input', file.path)
    gatewayLine.holdAt = gatewayLine.bytes + 2_000_000
    await page.begin('chosen()', through.replace('}, via', '}, retries: 1, via'))
    await page.until('seen.some(({ loaded }) => loaded > 1000000)')
    await gatewayLine.down()
    const { failure } = await page.outcome()
    t.match(failure, {
      code: 'network_failed', message: new RegExp(new URL(gatewayLine.url).host), advice: /Check the network/
    })
    gatewayLine.release()
    await gatewayLine.up()
    t.equal((await stored()).length, 3)
  })

  t.test('chunks are sent again after 5xx, a page of a proxy and 420, and not after a 400', async (t) => {
    const page = await opened(t)
    const file = randomFile(t, 12_000_000)
    await page.page.setInputFiles('#input', file.path)
    sandbox.faults.add({ kind: 'status', status: 500, headers, match: POST })
    sandbox.faults.add({ kind: 'html', status: 502, headers, match: POST, skip: 1 })
    sandbox.faults.add({ kind: 'status', status: 420, headers, match: POST, skip: 2 })
    const chunked = options(`${raw}, chunkBytes: ${CHUNK}`)
    t.match(await page.upload('chosen()', chunked), { asset: { etag: file.md5 } })
    t.same(uploadsOf(sandbox).map(({ status }) => status), [500, 502, 420, 200, 200, 200])
    sandbox.faults.add({ kind: 'status', status: 400, headers, message: 'No such thing', match: POST })
    t.match(await page.upload('chosen()', chunked), {
      failure: { code: 'upstream_rejected', status: 400, message: 'No such thing' }
    })
    t.equal(uploadsOf(sandbox).length, 7)
    sandbox.faults.add({ kind: 'status', status: 500, headers, times: 9, match: POST })
    const { failure } = await page.upload('chosen()', chunked.replace(raw, `${raw}, retries: 1`))
    t.match(
      failure, { code: 'upstream_failed', status: 500, outcome: undefined }, 'a first chunk alone is nothing'
    )
    t.equal(uploadsOf(sandbox).length, 9)
  })

  t.test('a transfer that stands still is ended and begun again', async (t) => {
    const page = await opened(t)
    const file = randomFile(t, 12_000_000)
    await page.page.setInputFiles('#input', file.path)
    sandbox.faults.add({ kind: 'stall', at_byte: 2_000_000, match: POST })
    t.match(await page.upload('chosen()', options(`${raw}, chunkBytes: 11000000, stallMs: 700`)), {
      asset: { etag: file.md5 }
    })
    t.ok(
      (await page.seen()).some(
        ({ state, error }) => state === 'retrying' && /for too long/.test(String(error))
      )
    )
  })

  t.test('offline: it waits for the network, and goes on', async (t) => {
    const page = await opened(t)
    await page.page.context().setOffline(true)
    await page.begin('new Blob([\'abc\'])', options(raw))
    await page.until('seen.length > 1 && seen.at(-1).state === \'waiting\'')
    await page.page.context().setOffline(false)
    t.match(await page.outcome(), { asset: { bytes: 3 } })
  })

  t.test('a machine without any network but its own is not offline', async (t) => {
    const page = await opened(t, {
      setup: 'Object.defineProperty(Navigator.prototype, \'onLine\', { get: () => false })'
    })
    t.match(await page.upload('new Blob([\'abc\'])', options(raw)), { asset: { bytes: 3 } })
  })

  t.test('the gateway goes away: it is asked again, and then the error says what happened', async (t) => {
    const page = await opened(t)
    await gatewayLine.down()
    await page.begin('new Blob([\'abc\'])', options(raw, gatewayLine.url))
    await page.until('seen.at(-1).state === \'retrying\'')
    await gatewayLine.up()
    t.match(await page.outcome(), { asset: { bytes: 3 } })
    await gatewayLine.down()
    const { failure } = await page.upload(
      'new Blob([\'abc\'])', options(`${raw}, retries: 1`, gatewayLine.url)
    )
    t.match(failure, {
      name: 'UploadError',
      code: 'network_failed',
      status: 0,
      retryable: true,
      message: /could not be reached/,
      advice: /CORS_ORIGINS/
    })
    t.equal(failure?.outcome, undefined, 'no byte of the file has left')
    await gatewayLine.up()
  })

  t.test('a page that CORS_ORIGINS does not list is told so', async (t) => {
    const page = await opened(t, { origin: foreign.origin })
    const { failure } = await page.upload('new Blob([\'abc\'])', options())
    t.match(failure, {
      code: 'origin_not_allowed',
      message: new RegExp(foreign.origin),
      advice: /CORS_ORIGINS/,
      retryable: false
    })
  })

  t.test('what the gateway refuses is told as it tells it', async (t) => {
    const page = await opened(t)
    t.match(await page.upload('new Blob([\'abc\'])', options('fields: { folderr: \'a\' }')), {
      failure: {
        code: 'invalid_request',
        status: 400,
        errors: [{ pointer: '/folderr', message: /folder/ }],
        advice: /errors/,
        problem: { status: 400 }
      }
    })
    t.match(await page.upload('new Blob([\'abc\'])', `{ signatureUrl: '${front.origin}/page' }`), {
      failure: { code: 'unexpected_answer', message: /200/, isUploadError: true }
    })
    t.match(await page.upload('new Blob([\'abc\'])', '{ sign: async () => ({ ok: true }) }'), {
      failure: { code: 'unexpected_answer', message: /upload_url/ }
    })
    t.match(
      await page.upload('new Blob([\'abc\'])', '{ sign: async () => { throw new RangeError(\'mine\') } }'),
      { failure: { name: 'RangeError', message: 'mine' } }
    )
    t.match(await page.run(
      `createUploader({ signatureUrl: '${url}/signature?environment=production' }).rules()`
    ), {
      environment: 'production',
      allowed: true,
      reason: null,
      resource_types: Array,
      single_use: false,
      validity_seconds: 3600
    })
    t.match(
      await page.run(
        `createUploader({ signatureUrl: '${url}/signature?environment=nowhere' }).rules().catch(({ code }) => code)`
      ),
      'invalid_request'
    )
  })

  t.test('signatures: renewed before they end, and once when Cloudinary calls one stale', async (t) => {
    const page = await opened(t)
    const file = randomFile(t, 12_000_000)
    await page.page.setInputFiles('#input', file.path)
    const counting = (change: string): string => `${raw}, chunkBytes: ${CHUNK}, sign: async (fields) => {
      const answer = await fetch('${url}/signature', {
        method: 'POST', body: JSON.stringify(fields), headers: { 'content-type': 'application/json' }
      })
      globalThis.signatures = (globalThis.signatures ?? 0) + 1
      return { ...await answer.json(), ${change} }
    }`
    const short = counting('expires_at: Date.now() / 1000 + 0.01')
    t.match(await page.upload('chosen()', options(short)), { asset: { etag: file.md5 } })
    t.ok(await page.run<number>('signatures') >= 3, 'before each chunk')
    await page.run('signatures = 0')
    sandbox.faults.add({ kind: 'status', status: 400, message: STALE, headers, match: POST, skip: 1 })
    t.match(await page.upload('chosen()', options(counting(''))), { asset: { etag: file.md5 } })
    t.equal(await page.run('signatures'), 2, 'once more')
    sandbox.faults.add({ kind: 'status', status: 400, message: STALE, headers, match: POST, times: 9 })
    t.match(await page.upload('new Blob([\'a\'])', options(counting(''))), {
      failure: { code: 'signature_expired', advice: /clock/ }
    })
    t.equal(await page.run('signatures'), 4, 'not for ever')
  })

  t.test('a clock that is days off changes nothing', async (t) => {
    for (const days of [-3, 3]) {
      const page = await opened(t, {
        setup: `{ const now = Date.now; Date.now = () => now() + ${days} * 86400000 }`
      })
      const file = randomFile(t, 12_000_000)
      await page.page.setInputFiles('#input', file.path)
      let signatures = 0
      page.page.on('request', (request) => { if (request.method() === 'POST' && request.url().endsWith('/signature')) signatures++ })
      t.match(await page.upload('chosen()', options(`${raw}, chunkBytes: ${CHUNK}`)), {
        asset: { etag: file.md5 }
      })
      t.equal(signatures, 1, `${days} days`)
    }
  })

  t.test('a storage that throws, and a file that is gone', async (t) => {
    const page = await opened(t)
    const file = randomFile(t, 12_000_000)
    await page.page.setInputFiles('#input', file.path)
    const full = 'storage: { getItem () { throw new Error() }, setItem () { throw new Error() }, removeItem () { throw new Error() } }'
    t.match(await page.upload('chosen()', options(`${raw}, chunkBytes: ${CHUNK}, ${full}`)), {
      asset: { etag: file.md5 }
    })
    await page.page.setInputFiles('#input', file.path)
    rmSync(file.path)
    const { failure } = await page.upload('chosen()', options(raw))
    t.match(failure, {
      code: 'file_unreadable', message: /changed or removed/, outcome: undefined, advice: /again/
    })
  })
})
