import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { announcesBody } from '../input/body-type.ts'
import { overridesMethod } from '../input/method-override.ts'
import { guardConnections } from '../net/connections.ts'

/** Prometheus's text format. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'

export interface MetricsListener {
  /** Where the metrics are read: `http://127.0.0.1:9464/metrics`. */
  readonly url: string
  close (): Promise<void>
}

export interface MetricsAddress {
  readonly host: string
  readonly port: number
}

/** What the listener shows. */
export interface MetricsSources {
  /** The metrics, in Prometheus's text format. */
  readonly metrics: () => Promise<string>
  /** Returns the full answer of `/readyz`, with names and reasons. */
  readonly readiness: () => { readonly status: string }
}

interface Page { readonly status: number, readonly type: string, readonly body: string }

function pagesOf ({ metrics, readiness }: MetricsSources): Readonly<Record<string, () => Promise<Page>>> {
  const json = (value: { readonly status: string }): Page =>
    ({ status: value.status === 'not_ready' ? 503 : 200, type: JSON_TYPE, body: JSON.stringify(value) })
  return {
    '/metrics': async () => ({ status: 200, type: METRICS_TYPE, body: await metrics() }),
    '/healthz': async () => json({ status: 'ok' }),
    '/readyz': async () => json(readiness())
  }
}

function answerWith (sources: MetricsSources): RequestListener {
  const pages = new Map(Object.entries(pagesOf(sources)))
  return ({ url, method, headers }, response) => {
    const refuse = (status: number, more: Record<string, string> = {}): void => {
      response.writeHead(status, more).end()
    }
    const page = pages.get(String(url).replace(/\?.*$/s, ''))
    if (!page) return refuse(404)
    if (method !== 'GET' && method !== 'HEAD') return refuse(405, { allow: 'GET, HEAD' })
    // As on the gateway's own pages: what is not read is refused. The body is not waited for.
    if (announcesBody(headers) || overridesMethod(headers)) return refuse(400, { connection: 'close' })
    page().then(({ status, type, body }) => {
      response.writeHead(status, {
        'content-type': type,
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff'
      }).end(method === 'HEAD' ? undefined : body)
    }, () => refuse(500))
  }
}

/**
 * Serves `/metrics`, `/healthz` and `/readyz` and nothing else, on an address of its own: whoever reaches the
 * gateway does not reach this, and whoever reaches this does not reach the gateway.
 * @throws the error of the socket when the address is not to be had.
 */
export async function listenForMetrics (
  sources: MetricsSources, { host, port }: MetricsAddress
): Promise<MetricsListener> {
  const server = createServer(
    { requestTimeout: 5_000, headersTimeout: 5_000, maxHeaderSize: 8_192, keepAliveTimeout: 65_000 },
    answerWith(sources)
  )
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
