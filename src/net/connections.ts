import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface ConnectionLimits {
  /** Requests of one connection that run at the same time. The next ones wait, and nothing more is read. */
  readonly maxRunning: number
  /** Time for which a peer may take no byte of the data that waits for it before its connection is closed. */
  readonly stallMs: number
}

export const CONNECTION_LIMITS: ConnectionLimits = { maxRunning: 16, stallMs: 30_000 }

/** Counts the requests of one connection that were read and must wait. */
export interface QueueMeter {
  /** Returns false when there is no room for one more; the connection is then closed. */
  enter (): boolean
  leave (requests: number): void
}

const UNMETERED: QueueMeter = { enter: () => true, leave: () => {} }

interface ConnectionOptions {
  readonly limits: ConnectionLimits
  readonly meterOf: (socket: Socket) => QueueMeter
  readonly handle: (received: ReadRequest) => void
}

interface ReadRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Longest time between two looks at the connections. */
const LOOK_MS = 1_000
const lookMs = ({ stallMs }: ConnectionLimits): number => Math.min(LOOK_MS, stallMs / 4)

/** A socket with a member that is missing in Node's types. */
type OpenSocket = Socket & { readonly _handle: { readonly writeQueueSize?: number } }

/**
 * Returns the bytes of the current write that the kernel has not taken. Node's own socket timeout reads the
 * same member: it distinguishes a slow peer of a large answer from one that has stopped. Source: Node,
 * lib/net.js, `Socket.prototype._onTimeout`.
 */
function unsentBytes (socket: Socket): number | undefined {
  return (socket as OpenSocket)._handle.writeQueueSize
}

/** One connection: the requests that run, those that wait, and how much of the answers its peer has taken. */
class WatchedConnection {
  readonly socket: Socket
  readonly waiting: ReadRequest[] = []
  readonly #options: ConnectionOptions
  readonly #onAnswered: () => void
  #meter: QueueMeter | undefined
  #running = 0
  #takenBytes = 0
  #unsentBytes: number | undefined
  /** Looks since the peer last took a byte. A clock would also count time in which this process is blocked. */
  #idleLooks = 0

  constructor (socket: Socket, options: ConnectionOptions) {
    this.socket = socket
    this.#options = options
    this.#onAnswered = () => { this.#answered() }
    // Node resumes reading after each message that it has read, as if nobody had paused it.
    socket.on('resume', () => { if (this.waiting.length > 0) socket.pause() })
  }

  /** True when more than one request is unanswered, or bytes of an answer wait. */
  get isBehind (): boolean { return this.#running > 1 || this.socket.writableLength > 0 }

  receive (received: ReadRequest): void {
    if (this.waiting.length === 0 && this.#running < this.#options.limits.maxRunning) this.#run(received)
    else this.#wait(received)
  }

  #run (received: ReadRequest): void {
    this.#running++
    received.response.on('close', this.#onAnswered)
    this.#options.handle(received)
  }

  #wait (received: ReadRequest): void {
    if (this.socket.destroyed) return
    this.#meter ??= this.#options.meterOf(this.socket)
    if (!this.#meter.enter()) {
      this.socket.destroy()
      return
    }
    this.waiting.push(received)
    this.socket.pause()
  }

  #answered (): void {
    this.#running--
    if (this.waiting.length === 0) return
    // An answer may have been the last one of its connection.
    if (!this.socket.writable) {
      this.forget()
      return
    }
    const next = this.waiting.shift()
    this.#meter?.leave(1)
    if (next) this.#run(next)
    if (this.waiting.length === 0) this.socket.resume()
  }

  /** Drops the requests that wait. */
  forget (): void {
    const { length } = this.waiting.splice(0)
    this.#meter?.leave(length)
  }

  /** Closes the connection when its peer has taken nothing for too long. */
  look (): void {
    const { socket } = this
    const { limits } = this.#options
    if (socket.destroyed || socket.writableLength === 0) {
      this.#idleLooks = 0
      return
    }
    const taken = socket.bytesWritten - socket.writableLength
    const unsent = unsentBytes(socket)
    const isIdle = taken === this.#takenBytes && unsent === this.#unsentBytes
    this.#idleLooks = isIdle ? this.#idleLooks + 1 : 0
    this.#takenBytes = taken
    this.#unsentBytes = unsent
    if (this.#idleLooks * lookMs(limits) >= limits.stallMs) socket.destroy()
  }
}

const connections = new WeakMap<Socket, WatchedConnection>()

/** Returns the responses of the requests of a connection that were read and do not run yet. */
export function waitingAnswers (socket: Socket): ServerResponse[] {
  return connections.get(socket)?.waiting.map(({ response }) => response) ?? []
}

/** Returns whether bytes sent to this peer now would wait behind others. */
export function isBehind (socket: Socket): boolean { return connections.get(socket)?.isBehind === true }

/**
 * Bounds what one connection can request without reading: Node handles every request that it has read, and
 * keeps answers that nobody takes. Requests beyond `maxRunning` wait in order, and nothing more is read until
 * they run. A peer that takes no byte for `stallMs` loses its connection. Takes over the current `request`
 * listeners of `server`. Returns a function that stops the watch; call it when the server closes.
 */
export function guardConnections (
  server: Server,
  limits: ConnectionLimits = CONNECTION_LIMITS,
  meterOf: (socket: Socket) => QueueMeter = () => UNMETERED
): () => void {
  const handlers = server.listeners('request') as RequestListener[]
  const handle = ({ request, response }: ReadRequest): void => {
    for (const handler of handlers) handler.call(server, request, response)
  }
  const open = new Set<WatchedConnection>()
  const enter = (socket: Socket): WatchedConnection => {
    const connection = new WatchedConnection(socket, { limits, meterOf, handle })
    connections.set(socket, connection)
    open.add(connection)
    socket.once('close', () => {
      open.delete(connection)
      connection.forget()
    })
    return connection
  }
  server.removeAllListeners('request')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const connection = connections.get(request.socket) ?? enter(request.socket)
    connection.receive({ request, response })
  })
  const watch = setInterval(() => {
    for (const connection of open) connection.look()
  }, lookMs(limits))
  watch.unref()
  return () => { clearInterval(watch) }
}
