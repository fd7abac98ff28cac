import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

interface NameProxyOptions {
  /** Ports of this machine that names stand for, which nobody else can resolve; `localhost` is known. */
  readonly names?: Readonly<Record<string, number>>
  /** Answers requests instead of passing them on: a status, `cut` the connection, or fall `silent`. */
  readonly refuse?: () => number | 'cut' | 'silent' | undefined
}

/** An HTTP proxy that resolves names in its own way, and remembers what it was asked. */
export class NameProxy {
  /** Request lines, as `CONNECT name:443` or `GET http://name/path`. */
  readonly asked: string[] = []
  readonly authorizations: Array<string | undefined> = []
  readonly #options: NameProxyOptions
  readonly #sockets = new Set<Duplex>()
  readonly #server = createServer((request, response) => { this.#forward(request, response) })

  constructor (options: NameProxyOptions) {
    this.#options = options
    this.#server.on('connect', (request: IncomingMessage, socket: Duplex) => { this.#tunnel(request, socket) })
    this.#server.on('connection', (socket: Socket) => { this.#keep(socket) })
  }

  get port (): number { return (this.#server.address() as AddressInfo).port } // it listens on TCP
  get url (): string { return `http://127.0.0.1:${this.port}` }

  async listen (): Promise<void> {
    await new Promise<void>((resolve) => { this.#server.listen(0, '127.0.0.1', resolve) })
  }

  async close (): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => { this.#server.close(resolve) })
  }

  #keep (socket: Duplex): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => { this.#sockets.delete(socket) })
  }

  #note ({ method, url, headers }: IncomingMessage): number | 'cut' | 'silent' | undefined {
    this.asked.push(`${method} ${url}`)
    this.authorizations.push(headers['proxy-authorization'])
    return this.#options.refuse?.()
  }

  #portOf (host: string, port: string): number { return this.#options.names?.[host] ?? Number(port) }

  #tunnel (request: IncomingMessage, socket: Duplex): void {
    const refusal = this.#note(request)
    if (refusal === 'silent') return
    if (refusal === 'cut') {
      socket.destroy()
      return
    }
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} No\r\nContent-Length: 2\r\n\r\nno`)
      return
    }
    const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(request.url ?? '') ?? []
    const target = connect(this.#portOf(host, port), '127.0.0.1')
    this.#keep(target)
    target.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(target).pipe(socket)
    })
    for (const [one, other] of [[socket, target], [target, socket]] as const) one.once('close', () => { other.destroy() })
  }

  #forward (request: IncomingMessage, response: ServerResponse): void {
    const refusal = this.#note(request)
    if (typeof refusal === 'number') {
      response.writeHead(refusal).end('no')
      return
    }
    const { hostname, port, pathname, search } = new URL(request.url ?? '')
    const { 'proxy-authorization': _own, ...headers } = request.headers
    const passed = send({ host: '127.0.0.1', port: this.#portOf(hostname, port || '80'), method: request.method, path: pathname + search, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(response)
    })
    passed.on('error', () => { response.destroy() })
    request.pipe(passed)
  }
}

/** A proxy that ends with the test. */
export async function startNameProxy (
  t: { teardown: (end: () => unknown) => void }, options: NameProxyOptions = {}
): Promise<NameProxy> {
  const proxy = new NameProxy(options)
  await proxy.listen()
  t.teardown(() => proxy.close())
  return proxy
}
