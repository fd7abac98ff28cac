import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A line between a browser and a server that a test cuts, holds up, and takes down. */
export class CuttingProxy {
  /** Numbers of bytes from clients, over all connections, at which the line is cut. */
  cutAt: number[] = []
  /** So many bytes from clients pass, and the others wait for `release`. */
  holdAt = Infinity
  /** So many answers to uploads are lost: the line is cut when they come. */
  loseAnswers = 0
  #bytes = 0
  #cuts = 0
  readonly #target: URL
  readonly #sockets = new Set<Socket>()
  #server: Server
  #port = 0

  constructor (target: string) {
    this.#target = new URL(target)
    this.#server = this.#listener()
  }

  get url (): string { return `http://127.0.0.1:${this.#port}` }
  get bytes (): number { return this.#bytes }
  get cuts (): number { return this.#cuts }

  async up (): Promise<void> {
    this.#server = this.#listener()
    await new Promise<void>((resolve) => { this.#server.listen(this.#port, '127.0.0.1', resolve) })
    const { port } = this.#server.address() as AddressInfo // it listens on TCP
    this.#port = port
  }

  /** Cuts every connection and takes no other. */
  async down (): Promise<void> {
    const closed = new Promise((resolve) => { this.#server.close(resolve) })
    this.cut()
    await closed
  }

  cut (): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  release (): void {
    this.holdAt = Infinity
    for (const socket of this.#sockets) socket.resume()
  }

  #listener (): Server {
    return createServer((client) => {
      const server = connect(Number(this.#target.port), this.#target.hostname)
      for (const [one, other] of [[client, server], [server, client]] as const) {
        this.#sockets.add(one)
        one.on('error', () => {})
        one.on('end', () => { other.end() })
        one.on('close', () => {
          this.#sockets.delete(one)
          other.destroy()
        })
      }
      server.on('data', (bytes) => {
        // Of all answers those of uploads alone name an asset.
        if (this.loseAnswers > 0 && bytes.includes('"asset_id"')) {
          this.loseAnswers--
          client.resetAndDestroy()
        } else client.write(bytes)
      })
      client.on('data', (bytes) => { this.#pass(bytes, client, server) })
      server.on('drain', () => { if (this.#bytes < this.holdAt) client.resume() })
    })
  }

  #pass (bytes: Buffer, client: Socket, server: Socket): void {
    this.#bytes += bytes.length
    if (!server.write(bytes) || this.#bytes >= this.holdAt) client.pause()
    const [at = Infinity] = this.cutAt
    if (this.#bytes < at) return
    this.cutAt.shift()
    this.#cuts++
    client.resetAndDestroy()
    server.destroy()
  }
}

/** A line to a server, which ends with the test. */
export async function startCuttingProxy (t: Test, target: string): Promise<CuttingProxy> {
  const proxy = new CuttingProxy(target)
  await proxy.up()
  t.teardown(() => proxy.down())
  return proxy
}
