import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PendingFault } from './faults.ts'
import type { RequestRecord } from './requests.ts'

/** The connection was ended on purpose: nobody is left to answer. */
export class ConnectionEnded extends Error {
  override readonly name = 'ConnectionEnded'
}

const EXCHANGES = new WeakMap<IncomingMessage, Exchange>()

/** One request with the faults that strike it. Requests that came by no socket have none. */
export function exchangeOf (request: IncomingMessage): Exchange | undefined {
  return EXCHANGES.get(request)
}

/** Reads a request while counting its bytes, and breaks it where that was ordered. */
export class Exchange {
  readonly record: RequestRecord
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  /** Those that strike while the body is read, the earliest first. */
  readonly #inBody: PendingFault[]
  readonly #bytesPerSecond: number | undefined

  constructor (request: IncomingMessage, response: ServerResponse, record: RequestRecord, faults: readonly PendingFault[]) {
    this.record = record
    this.#request = request
    this.#response = response
    this.#inBody = faults.filter(({ kind, at_byte: at = 0 }) => at > 0 && IN_BODY.has(kind)).sort((one, other) => (one.at_byte ?? 0) - (other.at_byte ?? 0))
    this.#bytesPerSecond = faults.find(({ kind }) => kind === 'bandwidth')?.bytes_per_second
    record.faults = faults.map(({ kind }) => kind)
    EXCHANGES.set(request, this)
  }

  /** The body, at most as fast as ordered and at most as far. */
  async * body (): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#request) {
      let rest = chunk
      for (let left = this.#untilFault(); left <= rest.length; left = this.#untilFault()) {
        this.record.bytes += left
        if (left > 0) yield rest.subarray(0, left)
        rest = rest.subarray(left)
        const fault = this.#inBody.shift()
        if (fault) await this.strike(fault)
      }
      this.record.bytes += rest.length
      if (rest.length > 0) yield rest
      if (this.#bytesPerSecond) await pause(chunk.length / this.#bytesPerSecond * 1000)
    }
  }

  /** Bytes of the body that come before the next fault. */
  #untilFault (): number {
    return (this.#inBody[0]?.at_byte ?? Infinity) - this.record.bytes
  }

  /**
   * Does what a fault is for, now.
   * @throws {ConnectionEnded} when nothing is to follow.
   */
  async strike (fault: PendingFault): Promise<void> {
    const { socket } = this.#request
    switch (fault.kind) {
      case 'refuse': socket.destroy(); break
      case 'reset': socket.resetAndDestroy(); break
      case 'fin': {
        // What arrives meanwhile is not read; destroying at once would send an RST after the FIN.
        socket.end()
        await closedOrLate(this.#response, FIN_LINGER_MS)
        socket.destroy()
        break
      }
      case 'stall': {
        await closedOrLate(this.#response, fault.ms)
        if (fault.ms !== undefined && !socket.destroyed) return
        break
      }
      case 'early_status': {
        this.#response.on('finish', () => socket.destroySoon())
        this.answer(fault, { connection: 'close' })
        break
      }
      case 'delay': return pause(fault.ms ?? 100)
      default: return
    }
    throw new ConnectionEnded(fault.kind)
  }

  /** Answers as the fault says, in the vendor's form or as a page of some proxy in between. */
  answer (fault: PendingFault, headers: Record<string, string> = {}): void {
    const html = fault.kind === 'html'
    const status = fault.status ?? (html ? 502 : fault.kind === 'early_status' ? 401 : 500)
    const message = fault.message ?? `Ordered fault ${status}`
    const body = html ? `<html><head><title>${status}</title></head><body><h1>${message}</h1></body></html>` : JSON.stringify({ error: { message } })
    this.#response.writeHead(status, {
      'content-type': html ? 'text/html' : 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      ...headers,
      ...fault.headers
    })
    this.#response.end(body)
  }
}

const FIN_LINGER_MS = 200
const IN_BODY = new Set(['delay', 'refuse', 'reset', 'fin', 'stall', 'early_status'])

/** Waits. A program that has closed its sandbox may end meanwhile: nobody is left to see the fault. */
async function pause (ms: number): Promise<void> {
  await sleep(ms, undefined, { ref: false })
}

async function closedOrLate (response: ServerResponse, ms: number | undefined): Promise<void> {
  const closed = new Promise<void>((resolve) => { response.once('close', resolve) })
  await Promise.race(ms === undefined ? [closed] : [closed, pause(ms)])
}

/** Reads to the end and keeps nothing. */
export async function drain (source: AsyncIterable<unknown>): Promise<void> {
  const iterator = source[Symbol.asyncIterator]()
  while (!(await iterator.next()).done);
}
