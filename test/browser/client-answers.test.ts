import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { bundleForBrowsers } from '../support/browser-modules.ts'
import { NO_BROWSER, startBrowser, startFrontEnd } from '../support/chromium.ts'
import { startCuttingProxy } from '../support/cutting-proxy.ts'
import { environmentAt, startGatewayAt } from '../support/gateway.ts'
import { randomFile, rangesOf, UploadingPage, uploadsOf } from '../support/uploading-page.ts'

const CHUNK = 5_242_880
const OPEN = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' }

/** Something that answers uploads as a test says, and never stores a file. */
async function startImpostor (t: Test): Promise<{ url: string, posts: number, body: string }> {
  const impostor = { url: '', posts: 0, body: '{}' }
  const server = createServer((incoming, answer: ServerResponse) => {
    if (incoming.method === 'POST') impostor.posts++
    incoming.resume().on(
      'end', () => answer.writeHead(200, { ...OPEN, 'content-type': 'application/json' }).end(impostor.body)
    )
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  impostor.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on TCP
  return impostor
}

t.test('/client.js believes only what it has been told', { skip: NO_BROWSER }, async (t) => {
  await bundleForBrowsers()
  const browser = await startBrowser(t)
  const front = await startFrontEnd(t)
  const impostor = await startImpostor(t)
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const line = await startCuttingProxy(t, sandbox.url)
  const { url } = await startGatewayAt(t, sandbox.url, {
    environments: [environmentAt(sandbox.url, { publicUploadPrefix: line.url })], corsOrigins: [front.origin]
  })
  const options = (rest = ''): string => `{ signatureUrl: '${url}/signature', fields: { resource_type: 'raw' }, ${rest} }`
  const opened = async (t: Test): Promise<UploadingPage> => {
    const context = await browser.newContext()
    t.teardown(() => context.close())
    sandbox.faults.clear()
    await sandbox.reset()
    return await new UploadingPage(await context.newPage()).load(`${front.origin}/page`, url)
  }
  const stored = async (): Promise<unknown[]> => {
    const answer = await (await fetch(`${url}/resources?resource_type=raw`)).json() as {
      resources: unknown[]
    }
    return answer.resources
  }
  const atImpostor = `sign: async () => ({ upload_url: '${impostor.url}/upload', fields: { signature: 'x', timestamp: '1' } })`

  t.test('a 200 that names no asset is no success, and one that is half as large as a raw file neither', async (t) => {
    const page = await opened(t)
    for (const body of ['{}', '{"ok":true}', '{"public_id":""}', '[]', '<html>', 'null', '"text"', '7']) {
      Object.assign(impostor, { body, posts: 0 })
      t.match(await page.upload('new Blob([\'abc\'])', options(atImpostor)), {
        failure: { isUploadError: true, code: 'unexpected_answer', outcome: 'unknown', retryable: false }
      }, body)
      t.equal(impostor.posts, 1, 'it may have been stored, so it is not sent again')
    }
    impostor.body = '{"public_id":"half","resource_type":"raw","bytes":2}'
    t.match(await page.upload('new Blob([\'abc\'])', options(atImpostor)), {
      failure: {
        isUploadError: true,
        code: 'integrity_failed',
        message: '3 bytes were sent, 2 stored.',
        retryable: false
      }
    })
    for (const body of [
      '{"public_id":"whole","resource_type":"raw","bytes":3}',
      '{"public_id":"transformed","resource_type":"image","bytes":2}',
      '{"public_id":"there before","resource_type":"raw","bytes":2,"existing":true}',
      '{"status":"pending","batch_id":"later"}'
    ]) {
      Object.assign(impostor, { body })
      t.match(await page.upload('new Blob([\'abc\'])', options(atImpostor)), {
        asset: JSON.parse(body) as object
      })
    }
  })

  t.test('chunks that nobody has kept are no file', async (t) => {
    const page = await opened(t)
    const large = `new File([new Uint8Array(${CHUNK + 1})], 'large.bin', { lastModified: 1 })`
    for (const body of ['{"ok":true}', '{"done":false}']) {
      impostor.body = body
      t.match(await page.upload(large, options(`${atImpostor}, retries: 0, chunkBytes: ${CHUNK}`)), {
        asset: undefined, failure: { isUploadError: true }
      }, body)
    }
    impostor.body = '{"public_id":"tail","resource_type":"raw","bytes":1}'
    t.match(await page.upload(large, options(`${atImpostor}, chunkBytes: ${CHUNK}`)), {
      failure: { code: 'integrity_failed' }
    })
  })

  t.test('a file of exactly one chunk, one byte less and one byte more', async (t) => {
    const page = await opened(t)
    for (const [size, ranges] of [
      [1, ['bytes 0-0/1']],
      [CHUNK - 1, [`bytes 0-${CHUNK - 2}/${CHUNK - 1}`]],
      [CHUNK, [`bytes 0-${CHUNK - 1}/${CHUNK}`]],
      [CHUNK + 1, [`bytes 0-${CHUNK - 1}/${CHUNK + 1}`, `bytes ${CHUNK}-${CHUNK}/${CHUNK + 1}`]]
    ] as const) {
      const before = rangesOf(sandbox).length
      const file = randomFile(t, size)
      await page.page.setInputFiles('#input', file.path)
      t.match(await page.upload('chosen()', options(`chunkBytes: ${CHUNK}`)), {
        asset: { bytes: size, etag: file.md5 }
      })
      t.same(rangesOf(sandbox).slice(before), ranges)
      t.notOk((await page.seen()).some(({ loaded, total }) => loaded > total))
    }
  })

  t.test('the same file in two tabs at once is two uploads, each of them whole', async (t) => {
    const page = await opened(t)
    const file = randomFile(t, 12_000_000)
    const tab = await new UploadingPage(await page.page.context().newPage()).load(`${front.origin}/page`, url)
    const chunked = options(`chunkBytes: ${CHUNK}`)
    for (const one of [page, tab]) await one.page.setInputFiles('#input', file.path)
    line.holdAt = line.bytes + 8_000_000
    await page.begin('chosen()', chunked)
    await page.until(`seen.some(({ loaded }) => loaded > ${CHUNK})`)
    t.equal(await tab.run('localStorage.length'), 1, 'the second could see how far the first has come')
    await tab.begin('chosen()', chunked)
    await tab.until('seen.some(({ state }) => state === \'uploading\')')
    line.release()
    for (const one of [page, tab]) {
      t.match(await one.outcome(), {
        asset: { bytes: 12_000_000, etag: file.md5 }
      })
    }
    t.equal((await stored()).length, 2)
    t.equal(new Set(uploadsOf(sandbox).map(({ unique_upload_id: id }) => id)).size, 2)
    t.equal(await page.run('localStorage.length'), 0)
  })

  t.test('a page whose policy forbids the connection: nothing has left, and that is said', async (t) => {
    const page = await opened(t)
    await page.run(`(() => {
      const policy = Object.assign(document.createElement('meta'), { httpEquiv: 'Content-Security-Policy', content: 'connect-src ${url}' })
      document.head.append(policy)
    })()`)
    t.match(await page.upload('new Blob([\'abc\'])', options('retries: 0')), {
      failure: {
        code: 'network_failed',
        outcome: undefined,
        retryable: false,
        message: /forbidden by this page/,
        advice: /Content-Security-Policy/
      }
    })
    t.same(uploadsOf(sandbox), [])
  })

  t.test('a session that has expired in the middle: signed in again, it goes on', async (t) => {
    const page = await opened(t)
    const file = randomFile(t, 12_000_000)
    await page.page.setInputFiles('#input', file.path)
    const expiring = options(`chunkBytes: ${CHUNK}, retries: 0, sign: async (fields, file, { signal }) => {
      if (globalThis.signedIn === false) throw new UploadError({ code: 'unauthorized', status: 401, detail: 'Sign in.' })
      const form = await (await fetch('${url}/signature', {
        method: 'POST', signal, body: JSON.stringify(fields), headers: { 'content-type': 'application/json' }
      })).json()
      return { ...form, fields: { ...form.fields, ...globalThis.stale && { timestamp: '1600000000' } } }
    }`)
    line.holdAt = line.bytes + 8_000_000
    await page.begin('chosen()', expiring)
    await page.until(`seen.some(({ loaded }) => loaded > ${CHUNK})`)
    await page.run('running.pause(), globalThis.signedIn = false')
    sandbox.faults.add({
      kind: 'status',
      status: 401,
      headers: OPEN,
      match: { method: 'POST', path: '/upload' },
      message: 'Stale request - reported time is 2026-01-01 00:00:00 +0000 which is more than 1 hour ago'
    })
    line.release()
    await page.run('running.resume()')
    t.match(await page.outcome(), { failure: { code: 'unauthorized' } })
    await page.run('globalThis.signedIn = true')
    const before = rangesOf(sandbox, 'complete').length
    t.match(await page.upload('chosen()', expiring), { asset: { etag: file.md5 } })
    t.same(rangesOf(sandbox, 'complete').slice(before).map((range) => range.split('-')[0]), [
      `bytes ${CHUNK}`, `bytes ${2 * CHUNK}`
    ])
  })

  t.test('an upload that has ended is neither paused nor told of', async (t) => {
    const page = await opened(t)
    await page.upload('new Blob([\'abc\'])', options())
    await page.run('running.pause(), running.resume(), running.abort()')
    t.equal((await page.seen()).at(-1)?.state, 'done')
  })
})
