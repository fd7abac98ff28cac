import { spawn, type ChildProcess } from 'node:child_process'
import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import {
  request as httpRequest, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders
} from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startGateway } from '../support/gateway.ts'
import { programCommand } from '../support/program.ts'
import { LONG } from '../support/rounds.ts'

const SIZE = 200_000_000
const BLOCK = 64 * 1024
const root = join(import.meta.dirname, '../..')

/** A file that is the same each time and cannot be compressed; never whole in memory. */
async function * generated (size = SIZE): AsyncGenerator<Buffer> {
  const stream = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))
  const zeros = Buffer.alloc(BLOCK)
  for (let left = size; left > 0; left -= BLOCK) {
    yield stream.update(
      left < BLOCK ? zeros.subarray(0, left) : zeros
    )
  }
}

async function md5OfGenerated (): Promise<string> {
  const hash = createHash('md5')
  for await (const block of generated()) hash.update(block)
  return hash.digest('hex')
}

interface Answer { status: number | undefined, body: Record<string, unknown> }

/** Sends pieces one after the other, as fast as they are taken. */
async function post (
  url: string,
  headers: OutgoingHttpHeaders,
  pieces: AsyncIterable<Buffer>,
  onRequest?: (request: ClientRequest) => void
): Promise<Answer> {
  const request = httpRequest(url, { method: 'POST', headers, agent: false })
  onRequest?.(request)
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  // An answer may come before the whole body is out; then the rest of it is nobody's business.
  const sent = pipeline(Readable.from(pieces), request).catch(() => {})
  const [response] = await answered
  const body = await json(response) as Record<string, unknown> // all answers are JSON objects
  request.destroy()
  await sent
  return { status: response.statusCode, body }
}

const raw = (size = SIZE): OutgoingHttpHeaders => ({
  'content-type': 'application/octet-stream', 'content-length': size
})

async function postRaw (
  gateway: string, publicId: string, size = SIZE, onRequest?: (request: ClientRequest) => void
): Promise<Answer> {
  return post(
    `${gateway}/upload?resource_type=raw&public_id=${publicId}`, raw(size), generated(size), onRequest
  )
}

async function postForm (gateway: string, publicId: string, size = SIZE): Promise<Answer> {
  const head = `--B\r\nContent-Disposition: form-data; name="public_id"\r\n\r\n${publicId}\r\n--B\r\nContent-Disposition: form-data; name="resource_type"\r\n\r\nraw\r\n` +
    '--B\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\nContent-Type: application/octet-stream\r\n\r\n'
  const tail = '\r\n--B--\r\n'
  async function * body (): AsyncGenerator<Buffer> {
    yield Buffer.from(head)
    yield * generated(size)
    yield Buffer.from(tail)
  }
  const headers = {
    'content-type': 'multipart/form-data; boundary=B', 'content-length': head.length + size + tail.length
  }
  return post(`${gateway}/upload`, headers, body())
}

/** Runs the program; `until` resolves with what a line of its output says. */
function run (t: Test, args: string[], variables: Record<string, string>) {
  const [program = '', ...given] = [...programCommand(), ...args]
  const child = spawn(program, given, { cwd: root, env: { PATH: process.env['PATH'], ...variables } })
  t.teardown(() => { child.kill('SIGKILL') })
  let output = ''
  const take = (text: Buffer): void => { output += text.toString() }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = pattern.exec(output)?.[1]
      if (found !== undefined) return found
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${output}`)
      await sleep(20)
    }
  }
  return { child, until }
}

/** A gateway in one process before a sandbox in another. */
async function startBoth (t: Test): Promise<{ url: string, gateway: ChildProcess, sandbox: ChildProcess }> {
  const sandbox = run(t, ['sandbox', '--port', '0', '--data', t.testdir()], {})
  const cloudinaryUrl = await sandbox.until(/CLOUDINARY_URL='([^']+)'/)
  const gateway = run(t, [], {
    CLOUDINARY_URL: cloudinaryUrl, PORT: '0', SANDBOX: 'off', UPSTREAM_UPLOAD_TIMEOUT_MS: '10000'
  })
  const url = await gateway.until(/Server listening at (http[^"]+)/)
  await gateway.until(/(credentials verified)/)
  return { url, gateway: gateway.child, sandbox: sandbox.child }
}

/** The most memory that a process ever had, in MB. */
function peakMegabytes ({ pid }: ChildProcess): number {
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(peak) / 1000
}

/**
 * Far below the size of the file, and above what was seen on a busy machine, where the collector comes late.
 * The exact figure is measured by `npm run bench -- --only memory`.
 */
const MOST_MEGABYTES = 128

t.test('200 MB through a gateway in a process of its own', { skip: LONG }, async (t) => {
  t.test('200: raw and as multipart, with the MD5 of what was sent, in a memory that the file would not fit into', async (t) => {
    const { url, gateway } = await startBoth(t)
    const hasProc = existsSync('/proc/self/status')
    const before = hasProc ? peakMegabytes(gateway) : 0
    const etag = await md5OfGenerated()
    t.match(await postRaw(url, 'large-raw'), {
      status: 200,
      body: {
        public_id: 'large-raw', bytes: SIZE, etag
      }
    })
    t.match(await postForm(url, 'large-form'), {
      status: 200,
      body: {
        public_id: 'large-form', bytes: SIZE, etag
      }
    })
    if (hasProc) {
      const grown = Math.round(peakMegabytes(gateway) - before)
      t.comment(`grew by ${grown} MB`)
      t.ok(grown < MOST_MEGABYTES, `the gateway grew by ${grown} MB`)
    } else t.comment('no /proc here: memory is not measured')
  })

  t.test('502 and the gateway lives, when the upstream is killed in the middle of an upload', async (t) => {
    const { url, sandbox } = await startBoth(t)
    const kill = (request: ClientRequest): void => {
      const watch = setInterval(() => {
        // Some chunks are stored by then, and the next is on its way.
        if ((request.socket?.bytesWritten ?? 0) < SIZE / 3) return
        clearInterval(watch)
        sandbox.kill('SIGKILL')
      }, 1)
    }
    t.match(await postRaw(url, 'killed', SIZE, kill), {
      status: 502,
      body: {
        code: 'upstream_failed', retryable: true
      }
    })
    t.equal((await fetch(`${url}/healthz`)).status, 200)
    t.match(await postForm(url, 'still-dead', 3_000_000), { status: 502, body: { code: 'upstream_failed' } })
  })
})

t.test('a caller that disconnects in the middle of an upload', { skip: LONG }, async (t) => {
  const { url, sandbox } = await startGateway(t, {
    upload: { singleRequestMaxBytes: 20_000_000, chunkBytes: 5_500_000 }
  })
  const signed = await (
    await fetch(`${url}/signature`, { method: 'POST' })
  ).json() as { fields: Record<string, string> } // as its schema says
  const fields = Object.entries(signed.fields).map(
    ([name, value]) => `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  ).join('')
  const fileHead = '--B\r\nContent-Disposition: form-data; name="file"; filename="x.bin"\r\n\r\n'

  /**
   * Sends `sent` bytes of a file of `size`, leaves once upload request number `during` is on its way, and waits
   * for its end.
   */
  async function leave (
    path: string, head: string, size: number, sent: number, during: number
  ): Promise<void> {
    const before = sandbox.requests.length
    const headers = {
      'content-type': head === '' ? 'application/octet-stream' : 'multipart/form-data; boundary=B',
      'content-length': head.length + size
    }
    const request = httpRequest(url + path, { method: 'POST', headers, agent: false })
    request.on('error', () => {})
    request.write(head)
    await pipeline(Readable.from(generated(sent)), request, { end: false })
    while ((sandbox.requests[before + during - 1]?.bytes ?? 0) === 0) await sleep(5)
    request.destroy()
    const leftAt = Date.now()
    while (sandbox.requests.at(-1)?.state === 'open' && Date.now() - leftAt < 10_000) await sleep(5)
    t.match(
      sandbox.requests.slice(before).at(-1),
      { state: 'aborted', path: /\/upload$/ },
      'the upstream request is aborted'
    )
    t.equal(sandbox.requests.length, before + during, 'and not repeated')
  }

  await leave('/upload?resource_type=raw', '', 10_000_000, 3_000_000, 1)
  await leave('/upload?resource_type=raw', fileHead, 10_000_000, 3_000_000, 1)
  await leave('/upload?resource_type=raw', '', 60_000_000, 7_000_000, 2)
  await leave('/direct-upload?resource_type=raw', fields + fileHead, 10_000_000, 3_000_000, 1)
  const { resources } = await (
    await fetch(`${url}/resources?resource_type=raw`)
  ).json() as { resources: unknown[] } // the list of the sandbox
  t.same(resources, [], 'nothing is stored')
})
