import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { pathToFileURL } from 'node:url'

/**
 * An upstream that misbehaves on order and remembers what it saw. It shares no code with the gateway. Run on its own
 * (`tsx test/support/fault-upstream.ts`) it prints its address and takes orders and questions over HTTP:
 * `POST /_script` (a JSON list of Steps), `GET /_seen`.
 */
export interface Step {
  /** Act when this many body bytes have come; default: at the end of the body. */
  at?: number
  /** `answer` (default), `reset` the connection, `fin` it, fall `silent`, or `stall` by not reading any more. */
  act?: 'answer' | 'reset' | 'fin' | 'silent' | 'stall'
  status?: number
  headers?: Record<string, string>
  /** Body of the answer; default: an upload answer that counts the file. */
  body?: string
  /** Close the connection after the answer, even while bytes still come. */
  close?: boolean
  /** Write this instead of an HTTP answer, byte for byte. */
  raw?: string
  /** Send the answer's head and this many bytes of its body, then nothing more, or cut it (`cut`). */
  partial?: number
  cut?: boolean
  /** Milliseconds to wait before acting. */
  delayMs?: number
  /** Read the body at no more than this many bytes per second. */
  bytesPerSecond?: number
}

/** One request as it came over the wire. */
export interface Seen {
  method: string
  url: string
  rawHeaders: string[]
  bytes: number
  sha256: string
  /** The body up to a bound, as latin1 text. */
  text: string
  /** `complete` only when the request had a well-formed end. */
  end: 'open' | 'complete' | 'aborted'
  /** MD5 and size of what the `file` part stands for, when the body is a whole multipart form. */
  file?: { md5: string, bytes: number, filename: string | undefined }
  fields: Record<string, string>
  connection: number
}

const KEPT_BYTES = 64 * 1024 * 1024

/** The bytes that a `file` without a file name stands for: those inside a data URI, or the text itself. */
function decodedFile (text: Buffer): Buffer {
  const comma = text.subarray(0, 5).equals(Buffer.from('data:')) ? text.indexOf(',') : -1
  return comma < 0 ? text : Buffer.from(text.toString('latin1', comma + 1), 'base64')
}

/** A strict reading of a multipart body: exact boundaries, CRLF, nothing before or after. */
export function parseForm (body: Buffer, contentType: string): Pick<Seen, 'fields' | 'file'> {
  const boundary = /boundary=(.+)$/.exec(contentType)?.[1]
  if (boundary === undefined) return { fields: {} }
  const fields: Record<string, string> = {}
  let file: Seen['file']
  const opening = Buffer.from(`--${boundary}\r\n`)
  const next = Buffer.from(`\r\n--${boundary}`)
  if (!body.subarray(0, opening.length).equals(opening)) throw new Error('no opening boundary')
  let at = opening.length
  for (;;) {
    const headerEnd = body.indexOf('\r\n\r\n', at)
    const header = body.toString('utf8', at, headerEnd)
    const end = body.indexOf(next, headerEnd + 4)
    if (headerEnd < 0 || end < 0) throw new Error('a part without an end')
    const content = body.subarray(headerEnd + 4, end)
    const name = / name="([^"]*)"/.exec(header)?.[1] ?? ''
    const filename = /; filename="([^"]*)"/.exec(header)?.[1]
    if (name === 'file') {
      const stored = filename === undefined ? decodedFile(content) : content
      file = { md5: createHash('md5').update(stored).digest('hex'), bytes: stored.length, filename }
    }
    if (name !== 'file' || filename === undefined) fields[name] = content.toString()
    at = end + next.length
    const rest = body.toString('latin1', at, at + 2)
    at += 2
    if (rest === '--') {
      if (body.toString('latin1', at) !== '\r\n') throw new Error('bytes after the closing boundary')
      return file === undefined ? { fields } : { fields, file }
    }
    if (rest !== '\r\n') throw new Error('a broken boundary')
  }
}

export class FaultUpstream {
  readonly seen: Seen[] = []
  readonly #server: Server
  readonly #steps: Step[] = []
  readonly #connections = new Map<Socket, number>()
  #count = 0
  /** Bytes per upload id, so that the last chunk is answered with the whole. */
  readonly #chunks = new Map<string, { bytes: number, parts: Buffer[] }>()

  constructor () {
    this.#server = createServer((request, response) => { this.#handle(request, response) })
    this.#server.on('connection', (socket) => {
      this.#connections.set(socket, ++this.#count)
      socket.on('error', () => {})
      socket.on('close', () => this.#connections.delete(socket))
    })
    this.#server.on('clientError', (_error, socket) => socket.destroy())
  }

  get url (): string { return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}` } // it listens on TCP
  get openConnections (): number { return this.#connections.size }
  get connectionsMade (): number { return this.#count }
  /** What was stored by complete chunked uploads, by upload id. */
  assembled (id: string): Buffer { return Buffer.concat(this.#chunks.get(id)?.parts ?? []) }

  /** Orders for the next requests, one each; after the last, requests are answered well. */
  script (...steps: Step[]): void { this.#steps.push(...steps) }

  /** The request of this index (from the end when negative), once it is known how it ended. */
  async ended (index = -1): Promise<Seen> {
    return this.#until(() => {
      const seen = this.seen.at(index)
      return seen?.end === 'open' ? undefined : seen
    })
  }

  /** Waits until this many bytes of body have come with the latest request. */
  async received (bytes: number): Promise<Seen> {
    return this.#until(() => {
      const seen = this.seen.at(-1)
      return seen !== undefined && seen.bytes >= bytes ? seen : undefined
    })
  }

  async #until<T> (condition: () => T | undefined): Promise<T> {
    for (let round = 0; round < 500; round++) {
      const found = condition()
      if (found !== undefined) return found
      await new Promise((resolve) => { setTimeout(resolve, 10) })
    }
    throw new Error('the upstream did not see it within five seconds')
  }

  async listen (port = 0): Promise<this> {
    await new Promise<void>((resolve) => { this.#server.listen(port, '127.0.0.1', resolve) })
    return this
  }

  async close (): Promise<void> {
    for (const socket of this.#connections.keys()) socket.destroy()
    await new Promise((resolve) => { this.#server.close(resolve) })
  }

  #handle (request: IncomingMessage, response: ServerResponse): void {
    if (request.url === '/_seen') {
      response.end(JSON.stringify(this.seen.map(({ text, ...seen }) => seen)))
      return
    }
    if (request.url === '/_script') {
      let text = ''
      request.on('data', (chunk: Buffer) => { text += chunk.toString() })
      request.on('end', () => {
        this.script(...JSON.parse(text) as Step[]) // orders of a test
        response.end('{}')
      })
      return
    }
    this.#record(request, response, this.#steps.shift() ?? {})
  }

  #record (request: IncomingMessage, response: ServerResponse, step: Step): void {
    const hash = createHash('sha256')
    const kept: Buffer[] = []
    const seen: Seen = {
      method: request.method ?? '',
      url: request.url ?? '',
      rawHeaders: request.rawHeaders,
      bytes: 0,
      sha256: '',
      text: '',
      end: 'open',
      fields: {},
      connection: this.#connections.get(request.socket) ?? 0
    }
    this.seen.push(seen)
    let acted = false
    const act = (): void => {
      if (acted) return
      acted = true
      setTimeout(() => this.#act(request, response, step, seen), step.delayMs ?? 0)
    }
    request.on('data', (chunk: Buffer) => {
      seen.bytes += chunk.length
      hash.update(chunk)
      if (seen.bytes <= KEPT_BYTES) kept.push(chunk)
      if (step.at !== undefined && seen.bytes >= step.at) act()
      if (step.bytesPerSecond !== undefined) {
        request.pause()
        setTimeout(() => request.resume(), chunk.length / step.bytesPerSecond * 1000)
      }
    })
    const finish = (end: 'complete' | 'aborted'): void => {
      if (seen.end !== 'open') return
      seen.end = end
      seen.sha256 = hash.digest('hex')
      const body = Buffer.concat(kept)
      seen.text = body.toString('latin1', 0, 1024 * 1024)
      if (end === 'complete' && seen.bytes > 0) this.#understand(request, seen, body)
    }
    request.on('end', () => {
      finish('complete')
      act()
    })
    request.on('close', () => finish('aborted'))
    request.on('error', () => finish('aborted'))
    if (step.at === 0) act()
  }

  #understand (request: IncomingMessage, seen: Seen, body: Buffer): void {
    const type = request.headers['content-type'] ?? ''
    if (type.startsWith('application/x-www-form-urlencoded')) seen.fields = Object.fromEntries(new URLSearchParams(body.toString()))
    if (!type.startsWith('multipart/') || seen.bytes > KEPT_BYTES) return
    Object.assign(seen, parseForm(body, type))
    const id = request.headers['x-unique-upload-id']
    if (typeof id !== 'string' || seen.file === undefined) return
    const [, start = '0'] = /bytes (\d+)-/.exec(request.headers['content-range'] ?? '') ?? []
    const known = this.#chunks.get(id) ?? { bytes: 0, parts: [] }
    this.#chunks.set(id, known)
    if (Number(start) !== known.bytes) return // repeated
    known.bytes += seen.file.bytes
    const from = body.indexOf('\r\n\r\n', body.indexOf('name="file"')) + 4
    known.parts.push(Buffer.from(body.subarray(from, from + seen.file.bytes)))
  }

  #act (request: IncomingMessage, response: ServerResponse, step: Step, seen: Seen): void {
    const { socket } = request
    if (step.act === 'reset') socket.resetAndDestroy()
    else if (step.act === 'fin') socket.end()
    else if (step.act === 'stall') request.pause()
    else if (step.raw !== undefined) socket.end(step.raw)
    else if (step.act !== 'silent') this.#answer(request, response, step, seen)
  }

  #answer (request: IncomingMessage, response: ServerResponse, step: Step, seen: Seen): void {
    const body = step.body ?? JSON.stringify(this.#stored(request, seen))
    response.writeHead(step.status ?? 200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'x-request-id': 'ab12',
      ...(step.close && { connection: 'close' }),
      ...step.headers
    })
    if (step.partial === undefined) {
      response.end(body)
      if (step.close) response.on('finish', () => request.socket.destroySoon())
      return
    }
    response.write(body.slice(0, step.partial))
    if (step.cut) setTimeout(() => request.socket.destroy(), 20)
  }

  #stored (request: IncomingMessage, seen: Seen): object {
    const range = request.headers['content-range']
    const id = String(request.headers['x-unique-upload-id'])
    if (range?.endsWith('/-1')) return { done: false, bytes: this.#chunks.get(id)?.bytes }
    const [, end, total] = /-(\d+)\/(\d+)$/.exec(range ?? '') ?? []
    if (end !== undefined && Number(end) + 1 < Number(total)) return { done: false, bytes: this.#chunks.get(id)?.bytes }
    const whole = range === undefined ? undefined : this.assembled(id)
    return {
      ...(request.method === 'GET' && { resources: [] }), // a page, should one be due
      asset_id: '0'.repeat(32),
      public_id: seen.fields['public_id'] ?? 'random',
      resource_type: 'raw',
      type: 'upload',
      bytes: whole?.length ?? seen.file?.bytes,
      etag: whole === undefined ? seen.file?.md5 : createHash('md5').update(whole).digest('hex'),
      ...(whole && { done: true })
    }
  }
}

/** An upstream on a free port, to be closed with the test. */
export async function startFaultUpstream (t: { teardown: (end: () => Promise<void>) => void }): Promise<FaultUpstream> {
  const upstream = await new FaultUpstream().listen()
  t.teardown(async () => upstream.close())
  return upstream
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const upstream = await new FaultUpstream().listen(Number(process.argv[2] ?? 0))
  console.log(upstream.url)
}
