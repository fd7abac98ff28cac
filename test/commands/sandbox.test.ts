import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import { sandbox } from '../../src/commands/sandbox.ts'
import { loadConfig } from '../../src/config/config.ts'
import { failingBackground } from '../support/failing-background.ts'
import { recordedTerminal } from '../support/recorded-terminal.ts'

const CLOUDS = [{ cloudName: 'a', apiKey: '1', apiSecret: 'x' }, { cloudName: 'b', apiKey: '2', apiSecret: 'y' }]
const OPTIONS = { clouds: CLOUDS, allowPrivateFetch: false, allowProduction: false, coverage: false }

t.test('sandbox', async (t) => {
  t.test('starts, prints a CLOUDINARY_URL for each cloud that works here, and ends when told', async (t) => {
    const terminal = recordedTerminal()
    t.equal(await sandbox(terminal, { host: '127.0.0.1', port: 0, data: ':memory:', ...OPTIONS }), undefined)
    const urls = [...terminal.written.out.matchAll(/^export CLOUDINARY_URL='(.*)'$/gm)].map(([, url]) => url)
    t.equal(urls.length, 2)
    const config = loadConfig({ CLOUDINARY_URL_A: urls[0], CLOUDINARY_URL_B: urls[1], CLOUDINARY_ENVIRONMENT: 'a' })
    t.same(config.warnings, [])
    for (const [index, environment] of config.environments.entries()) {
      t.equal(environment.cloudName, CLOUDS[index]?.cloudName)
      const basic = Buffer.from(`${environment.apiKey}:${environment.apiSecret.reveal()}`).toString('base64')
      const { status } = await fetch(`${environment.uploadPrefix}/v1_1/${environment.cloudName}/ping`, { headers: { authorization: `Basic ${basic}` } })
      t.equal(status, 200, `the ping of cloud ${environment.cloudName}`)
    }
    t.match(terminal.written.err, /answers at http:\/\/127\.0\.0\.1:\d+; Ctrl-C ends it/)
    t.match(terminal.written.err, 'cloudinary.url(id, { secure: false })')
    await terminal.shutdown?.close()
    await t.rejects(fetch(config.environments[0]?.uploadPrefix ?? ''))
  })

  t.test('what breaks inside it after an answer is written where the rest is', async (t) => {
    failingBackground(t, 'it broke later')
    const terminal = recordedTerminal()
    await sandbox(terminal, { host: '127.0.0.1', port: 0, data: ':memory:', ...OPTIONS })
    const url = /answers at (\S+);/.exec(terminal.written.err)?.[1] ?? ''
    const authorization = `Basic ${Buffer.from('1:x').toString('base64')}`
    const body = new URLSearchParams({ file: 'data:text/plain;base64,YQ==', public_id: 'later', async: 'true' })
    t.equal((await fetch(`${url}/v1_1/a/raw/upload`, { method: 'POST', headers: { authorization }, body })).status, 200)
    await terminal.shutdown?.close() // settles what is under way
    t.match(terminal.written.err, /"level":50.*it broke later/)
  })

  t.test('0: says what it can, and ends', async (t) => {
    const terminal = recordedTerminal()
    t.equal(await sandbox(terminal, { host: '127.0.0.1', port: 0, data: ':memory:', ...OPTIONS, coverage: true }), 0)
    t.match(terminal.written.out, /^endpoint\n/)
    t.equal(terminal.shutdown, undefined)
  })

  t.test('2 with NODE_ENV=production, unless that is meant', async (t) => {
    const options = { host: '127.0.0.1', port: 0, data: ':memory:', ...OPTIONS }
    const refused = recordedTerminal({ NODE_ENV: 'production' })
    t.equal(await sandbox(refused, options), 2)
    t.match(refused.written, { out: '', err: 'NODE_ENV is production, and the sandbox is not Cloudinary: give --allow-production if it is meant.\n' })
    t.equal(refused.shutdown, undefined, 'nothing runs')
    t.equal(await sandbox(recordedTerminal({ NODE_ENV: 'production' }), { ...options, coverage: true }), 0, 'saying what it can starts nothing')
    const meant = recordedTerminal({ NODE_ENV: 'production' })
    t.equal(await sandbox(meant, { ...options, allowProduction: true }), undefined)
    t.match(meant.written.err, 'answers at http://127.0.0.1:')
    await meant.shutdown?.close()
  })

  t.test('what an account may be set to takes effect', async (t) => {
    const terminal = recordedTerminal()
    const [cloud = { cloudName: '', apiKey: '', apiSecret: '' }] = CLOUDS
    await sandbox(terminal, { host: '127.0.0.1', port: 0, data: ':memory:', ...OPTIONS, clouds: [{ ...cloud, allowResourceList: true, strictTransformations: true }], publicUrl: 'http://cdn.example', seed: 1 })
    t.match(terminal.written.out, 'cdn.example')
    const url = /answers at (\S+);/.exec(terminal.written.err)?.[1] ?? ''
    t.equal((await fetch(`${url}/a/image/list/sample.json`)).status, 200)
    t.equal((await fetch(`${url}/a/image/upload/w_10/sample.jpg`)).status, 401)
    await terminal.shutdown?.close()
    const empty = recordedTerminal()
    await sandbox(empty, { host: '127.0.0.1', port: 0, data: ':memory:', ...OPTIONS, publicUrl: 'https://cdn.example', samples: false })
    t.notMatch(empty.written.err, 'secure: false', 'https links are what works there')
    t.equal((await fetch(`${/answers at (\S+);/.exec(empty.written.err)?.[1] ?? ''}/a/image/upload/sample.jpg`)).status, 404)
    await empty.shutdown?.close()
  })

  t.test('where others can reach it, it says what its links lead to; an export is fit for a shell', async (t) => {
    const terminal = recordedTerminal()
    const options = { host: '0.0.0.0', port: 0, data: ':memory:', ...OPTIONS, clouds: [{ cloudName: 'a', apiKey: '1', apiSecret: 'it\'s' }] }
    await sandbox(terminal, options)
    t.match(terminal.written.err, /Its links lead to http:\/\/\S+; .*--public-url/)
    t.match(terminal.written.out, /^export CLOUDINARY_URL='cloudinary:\/\/1:it%27s@a[^']*'\n$/)
    await terminal.shutdown?.close()
    const told = recordedTerminal()
    await sandbox(told, { ...options, publicUrl: 'http://pc.local:8081' })
    t.notMatch(told.written.err, 'Its links')
    await told.shutdown?.close()
  })

  t.test('makes posters with the ffmpeg that is on the PATH', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sandbox-path-'))
    t.teardown(() => { rmSync(folder, { recursive: true }) })
    writeFileSync(join(folder, 'ffmpeg'), '#!/bin/sh\nexit 1\n')
    chmodSync(join(folder, 'ffmpeg'), 0o755)
    for (const [path, reason] of [[folder, 'Video has no frame to make an image of'], ['', /without ffmpeg on the PATH/]] as const) {
      const terminal = recordedTerminal({ PATH: path })
      await sandbox(terminal, { host: '127.0.0.1', port: 0, data: ':memory:', ...OPTIONS })
      const url = /answers at (\S+);/.exec(terminal.written.err)?.[1] ?? ''
      t.match((await fetch(`${url}/a/video/upload/samples/chime.jpg`)).headers.get('x-cld-error'), reason)
      await terminal.shutdown?.close()
    }
  })

  t.test('3 when the port is in use', async (t) => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    t.teardown(() => other.close())
    const { port } = other.address() as AddressInfo // it listens on a port, not on a pipe
    const terminal = recordedTerminal()
    t.equal(await sandbox(terminal, { host: '127.0.0.1', port, data: ':memory:', ...OPTIONS }), 3)
    t.equal(terminal.written.err, `127.0.0.1:${port} is in use; set --port to another port.\n`)
    t.equal(terminal.shutdown, undefined)
  })

  t.test('any other failure is not hidden', async (t) => {
    await t.rejects(sandbox(recordedTerminal(), { host: '127.0.0.1', port: -1, data: ':memory:', ...OPTIONS }), { code: 'ERR_SOCKET_BAD_PORT' })
  })
})
