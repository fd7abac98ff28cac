import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chromium, type Browser, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { programFinder } from '../../src/commands/find-program.ts'

const find = programFinder('chromium', process.env['PATH'])

/** Why tests in a browser are skipped on this machine, or false. Where everything is installed, its absence is a failure. */
export const NO_BROWSER = find() === undefined && process.env['CI'] !== 'true' && 'chromium is not installed'

/** A real browser that speaks to nobody but the test; it closes with it. */
export async function startBrowser (t: Test): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: find() ?? 'chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
  })
  t.teardown(() => browser.close())
  return browser
}

/** What a page complained about: exceptions, refused resources, broken policies. */
export function complaintsOf (page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', ({ message }) => { complaints.push(message) })
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()) })
  return complaints
}

/** Passes a request on to `gatewayUrl`, and its answer back. */
export function passOn (incoming: IncomingMessage, answer: ServerResponse, gatewayUrl: string): void {
  const outgoing = request(gatewayUrl + incoming.url, { method: incoming.method ?? 'GET', headers: incoming.headers }, (reply) => {
    answer.writeHead(reply.statusCode ?? 500, reply.headers)
    reply.pipe(answer)
  })
  incoming.pipe(outgoing)
}

/**
 * The front end of somebody: an origin with one page, a file input on it. With `gatewayUrl` it passes all else on to the
 * gateway, as a web server does that has both on one origin.
 */
export async function startFrontEnd (t: Test, gatewayUrl?: string): Promise<{ origin: string }> {
  const server = createServer((incoming, answer) => {
    if (incoming.url !== '/page' && gatewayUrl !== undefined) return passOn(incoming, answer, gatewayUrl)
    answer.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    answer.end('<!doctype html><link rel="icon" href="data:,"><title>A front end</title><input type="file" id="input"><img id="shown" alt="">')
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // it listens on TCP
  return { origin: `http://127.0.0.1:${port}` }
}
