import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { startGatewayProcess } from '../support/gateway-process.ts'

const MIB = 1024 ** 2
const MOST_GROWTH = 32 * MIB
const skip = process.platform !== 'linux' && 'memory is read from /proc'

/** Highest memory of a process so far, in bytes. */
function peakOf (pid: number | undefined): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

/** The gateway as a process of its own, whose memory is nobody else's. */
async function startProcess (t: Test): Promise<{ url: string, pid: number | undefined }> {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const { url, child } = await startGatewayProcess(t, { CLOUDINARY_URL: sandbox.cloudinaryUrl() })
  return { url, pid: child.pid }
}

const HEAD = 'Content-Disposition: form-data; name='
const part = (name: string, value: string, further = ''): string => `--x\r\n${HEAD}"${name}"${further}\r\n\r\n${value}\r\n`
const END = `${part('file', 'hello', '; filename="a.txt"')}--x--\r\n`

/** Each is answered with one of these. The parser reads no more of a part's headers than it has room for, and passes over the rest. */
const FORMS: Readonly<Record<string, { body: () => string, statuses: readonly number[] }>> = {
  '1,001 parts': { body: () => part('tags', 'a').repeat(1001) + END, statuses: [400, 413] },
  '10,000 fields': { body: () => Array.from({ length: 10_000 }, (_, index) => part(`field${index}`, 'x')).join('') + END, statuses: [400, 413] },
  'a field of 1 MiB': { body: () => part('context', 'x'.repeat(MIB)) + END, statuses: [400, 413] },
  'a field name of 64 KiB': { body: () => part('n'.repeat(65_536), 'x') + END, statuses: [400, 413] },
  '1,000 headers in a part': { body: () => part('tags', 'a', `\r\n${Array.from({ length: 1000 }, (_, index) => `X-${index}: y`).join('\r\n')}`) + END, statuses: [200, 400, 413] },
  'a header of 100 KiB in a part': { body: () => part('tags', 'a', `\r\nX-Long: ${'y'.repeat(102_400)}`) + END, statuses: [200, 400, 413] },
  'a boundary that never comes': { body: () => `--x\r\n${HEAD}"tags"\r\n\r\n${'x'.repeat(16 * MIB)}`, statuses: [400, 413] }
}

/** Sends the whole form, whatever is answered meanwhile, and gives the status. */
function send (url: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
      socket.write(`POST /upload?resource_type=raw HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`)
      socket.write(body)
    })
    let text = ''
    socket.on('data', (bytes: Buffer) => { text += bytes.toString() })
    // A connection that is cut while we still send has given its answer before.
    socket.on('error', (error: NodeJS.ErrnoException) => { if (!['ECONNRESET', 'EPIPE'].includes(String(error.code))) reject(error) })
    socket.on('close', () => { resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])) })
  })
}

t.test('M10: forms that are all fields, names and headers are answered, and cost less than 32 MiB of memory each', { skip }, async (t) => {
  const { url, pid } = await startProcess(t)
  // What ordinary uploads load, compile and receive into is not the hostile one's doing.
  for (let index = 0; index < 20; index++) t.equal(await send(url, `${part('tags', 'a')}${END}`), 200)
  const large = `${part('file', 'x'.repeat(16 * MIB), '; filename="a.txt"')}--x--\r\n`
  for (let index = 0; index < 3; index++) t.equal(await send(url, large), 200)
  for (const [what, { body, statuses }] of Object.entries(FORMS)) {
    const before = peakOf(pid)
    const text = body()
    for (let index = 0; index < 2; index++) {
      const status = await send(url, text)
      t.ok(statuses.includes(status), `${what}: ${status}`)
    }
    const growth = peakOf(pid) - before
    t.ok(growth < MOST_GROWTH, `${what}: ${Math.round(growth / 1024)} KiB`)
  }
  t.equal(await send(url, END), 200, 'and the gateway is as well as before')
})
