import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { announcesBody } from '../input/body-type.ts'
import { overridesMethod } from '../input/method-override.ts'
import { guardConnections } from '../net/connections.ts'

/** Prometheus's text format. */
const MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export interface MetricsListener {
  /** Where they are read: `http://127.0.0.1:9464/metrics`. */
  readonly url: string
  close (): Promise<void>
}

export interface MetricsAddress {
  readonly host: string
  readonly port: number
}

function answerWith (text: () => Promise<string>): RequestListener {
  return (request, response) => {
    const refuse = (status: number, headers: Record<string, string> = {}): void => { response.writeHead(status, headers).end() }
    if (!/^\/metrics(?:\?|$)/.test(String(request.url))) return refuse(404)
    if (request.method !== 'GET') return refuse(405, { allow: 'GET' })
    // As on the gateway's own pages: what is not read is refused. The body is not waited for.
    if (announcesBody(request.headers) || overridesMethod(request.headers)) return refuse(400, { connection: 'close' })
    text().then((body) => {
      response.writeHead(200, { 'content-type': MEDIA_TYPE, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }).end(body)
    }, () => refuse(500))
  }
}

/**
 * Serves `/metrics` and nothing else, on an address of its own: whoever reaches the gateway does not reach this.
 * @throws the error of the socket when the address is not to be had.
 */
export async function listenForMetrics (text: () => Promise<string>, { host, port }: MetricsAddress): Promise<MetricsListener> {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000, maxHeaderSize: 8_192, keepAliveTimeout: 65_000 }, answerWith(text))
  server.maxConnections = 64
  server.listen(port, host)
  await once(server, 'listening')
  const stop = guardConnections(server)
  const { address, family, port: taken } = server.address() as AddressInfo // it listens on TCP
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}/metrics`,
    close: async () => {
      stop()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}
