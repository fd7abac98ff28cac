import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Hash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { FormScanner, newHash } from './form-scanner.ts'

/**
 * The plain upstream of the bench, in its own process: it takes uploads as Cloudinary does, whole or in chunks, counts
 * their bytes, and on request hashes them or reads slowly. Every other path gets a small JSON answer.
 */
export interface SinkOrder {
  /** Compute the MD5 of each file. */
  readonly hash?: boolean
  /** Read each connection at no more than this. */
  readonly bytesPerSecond?: number | undefined
  /** Part of all requests that fail: half of them with a 500, half by a reset. */
  readonly errorPart?: number
  /** Size of the answers to requests that are no uploads. */
  readonly answerBytes?: number
}

export interface SinkState {
  readonly url: string
  readonly files: number
  readonly bytes: number
  /** Requests that ended too early. */
  readonly aborted: number
  /** Hex MD5s of the files, sorted. */
  readonly md5: readonly string[]
}

interface Upload { bytes: number, hash: Hash | undefined }

let order: SinkOrder = {}
let small = Buffer.from('{"status":"ok"}')
let seen = { files: 0, bytes: 0, aborted: 0, md5: [] as string[] }
const unfinished = new Map<string, Upload>()

/** Holds a body to a rate: it is left alone whenever it is ahead of its time. */
function slowDown (request: IncomingMessage, bytesPerSecond: number): (bytes: number) => void {
  const started = performance.now()
  let total = 0
  return (bytes) => {
    total += bytes
    const aheadMs = (total / bytesPerSecond) * 1000 - (performance.now() - started)
    if (aheadMs < 10) return
    request.pause()
    setTimeout(() => request.resume(), aheadMs)
  }
}

/** Whether this is the last chunk, by its `Content-Range`. */
function isLast (range: string | undefined): boolean {
  const [, end, total] = /^bytes \d+-(\d+)\/(-?\d+)$/.exec(range ?? '') ?? []
  return range === undefined || Number(end) + 1 === Number(total)
}

function json (response: ServerResponse, body: object | Buffer): void {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length })
  response.end(bytes)
}

function takeUpload (request: IncomingMessage, response: ServerResponse): void {
  const { 'content-type': type = '', 'content-range': range, 'x-unique-upload-id': id } = request.headers
  const upload = unfinished.get(String(id)) ?? { bytes: 0, hash: order.hash ? newHash() : undefined }
  const scanner = new FormScanner(type, upload.hash)
  const slow = order.bytesPerSecond === undefined ? undefined : slowDown(request, order.bytesPerSecond)
  request.on('data', (chunk: Buffer) => {
    scanner.write(chunk)
    slow?.(chunk.length)
  })
  request.on('close', () => { if (!request.complete) seen.aborted++ })
  request.on('end', () => {
    if (!scanner.whole) {
      response.writeHead(400).end()
      return
    }
    upload.bytes += scanner.bytes
    if (!isLast(range)) {
      unfinished.set(String(id), upload)
      return json(response, { done: false, bytes: upload.bytes })
    }
    unfinished.delete(String(id))
    const etag = upload.hash?.digest('hex')
    seen.files++
    seen.bytes += upload.bytes
    if (etag !== undefined) seen.md5.push(etag)
    const bytes = scanner.isText ? undefined : upload.bytes
    json(response, { public_id: 'file', resource_type: 'raw', type: 'upload', bytes, etag })
  })
}

function fail (request: IncomingMessage, response: ServerResponse): void {
  if (Math.random() < 0.5) request.once('data', () => { request.socket.resetAndDestroy() })
  request.resume().on('end', () => { response.writeHead(500).end() })
}

const server = createServer({ highWaterMark: 1024 * 1024 }, (request, response) => {
  if (Math.random() < (order.errorPart ?? 0)) return fail(request, response)
  if (request.method === 'POST' && /\/(upload|upload_chunked)$/.test(request.url ?? '')) takeUpload(request, response)
  else request.resume().on('end', () => json(response, small))
})
server.keepAliveTimeout = 60_000

function obey (given: SinkOrder): void {
  order = given
  // One answer serves as an asset and as a page of a list.
  const either = { public_id: 'file', resource_type: 'image', type: 'upload', resources: [] }
  const filler = { next_cursor: 'x'.repeat(Math.max(0, (given.answerBytes ?? 0) - 120)) }
  if (given.answerBytes !== undefined) small = Buffer.from(JSON.stringify({ ...either, ...filler }))
  const { port } = server.address() as AddressInfo // it listens on TCP
  const state: SinkState = { url: `http://127.0.0.1:${port}`, ...seen, md5: seen.md5.toSorted() }
  seen = { files: 0, bytes: 0, aborted: 0, md5: [] }
  process.send?.(state)
}

server.listen(0, '127.0.0.1', () => { process.on('message', obey) })
process.on('disconnect', () => process.exit())
