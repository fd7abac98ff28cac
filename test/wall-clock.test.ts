import { setClock } from './support/settable-clock.ts' // before all others
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import t from 'tap'
import { wallClock } from '../src/clock.ts'
import { startFaultUpstream } from './support/fault-upstream.ts'
import { startGatewayAt } from './support/gateway.ts'

const HOUR = 3_600_000
const MB = 1024 * 1024

t.afterEach(() => { setClock(0) })

t.test('rates: a clock that is set back locks nobody out, and one that is set forward gives nobody a new quota', async (t) => {
  const upstream = await startFaultUpstream(t)
  const { url } = await startGatewayAt(t, upstream.url, {
    rates: { perAddress: { requests: 4, perSeconds: 3600 } }
  })
  const statuses: number[] = []
  for (const byMs of [0, -HOUR, HOUR, 0, -HOUR, HOUR]) {
    setClock(byMs)
    statuses.push((await fetch(`${url}/url?public_id=a`)).status)
  }
  t.same(statuses, [200, 200, 200, 200, 429, 429])
})

t.test('an upload that is under way goes on', async (t) => {
  const upstream = await startFaultUpstream(t)
  const { url } = await startGatewayAt(t, upstream.url)
  let send: (bytes: Buffer | undefined) => void = () => {}
  const body = new ReadableStream({
    start: (controller) => {
      send = (bytes) => {
        if (bytes) controller.enqueue(bytes)
        else controller.close()
      }
    }
  })
  const steps = [HOUR, -HOUR, 25 * HOUR]
  send(Buffer.alloc(2 * MB))
  const headers = {
    'content-type': 'application/octet-stream', 'content-length': String((2 + steps.length) * MB)
  }
  const answer = fetch(`${url}/upload?public_id=a&resource_type=raw`, {
    method: 'POST', headers, body, duplex: 'half'
  })
  for (const [index, byMs] of steps.entries()) {
    await upstream.received((2 + index) * MB)
    setClock(byMs)
    send(Buffer.alloc(MB))
  }
  send(undefined)
  t.equal((await answer).status, 200)
})

t.test('a repeated upload is known for as long as it was promised', async (t) => {
  const upstream = await startFaultUpstream(t)
  const { url } = await startGatewayAt(t, upstream.url)
  const post = async () => fetch(`${url}/upload?resource_type=raw`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', 'idempotency-key': 'one' },
    body: 'bytes'
  })
  for (const byMs of [0, 25 * HOUR, -25 * HOUR]) {
    setClock(byMs)
    t.equal((await post()).status, 200)
  }
  t.equal(upstream.seen.length, 1, 'stored once')
})

t.test('what leaves the process follows the clock: signatures are dated by it', async (t) => {
  const upstream = await startFaultUpstream(t)
  const { url } = await startGatewayAt(t, upstream.url)
  for (const byMs of [HOUR, -HOUR]) {
    setClock(byMs)
    const answer = await fetch(`${url}/signature`, { method: 'POST' })
    const { timestamp } = await answer.json() as { timestamp: number } // as documented
    t.ok(Math.abs(timestamp - wallClock() / 1000) < 60)
  }
})

t.test('keys of an identity provider serve until they are too old, whatever the time of day', async (t) => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  let up = true
  const jwks = createServer(async (_request, response) => {
    const keys = [{ ...await exportJWK(publicKey), kid: 'k', alg: 'ES256' }]
    response.writeHead(up ? 200 : 500).end(JSON.stringify({ keys }))
  })
  await new Promise<void>((resolve) => jwks.listen(0, '127.0.0.1', resolve))
  t.teardown(() => jwks.close())
  const policyFile =
    `${t.testdir({ 'policy.yaml': 'callers: { tokens: { jwt: { claims: {} } } }' })}/policy.yaml`
  const { port } = jwks.address() as AddressInfo // of a TCP server
  const jwksUrl = `http://127.0.0.1:${port}/`
  const auth = { mode: 'keys', policyFile, jwksUrl, issuer: 'idp', audience: 'gateway' } as const
  const { url } = await startGatewayAt(t, 'http://127.0.0.1:9', { auth })
  const statusOf = async (sub: string): Promise<number> => {
    const token = await new SignJWT({ sub }).setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer('idp').setAudience('gateway').setExpirationTime('9 hours').sign(privateKey)
    return (await fetch(`${url}/url?public_id=a`, { headers: { authorization: `Bearer ${token}` } })).status
  }
  t.equal(await statusOf('first'), 200)
  up = false
  for (const byMs of [2 * HOUR, -2 * HOUR]) {
    setClock(byMs)
    t.equal(await statusOf(`at ${byMs}`), 200, `${byMs / HOUR} hours`)
  }
})

t.test('credentials are proved once', async (t) => {
  const upstream = await startFaultUpstream(t)
  const { app, url } = await startGatewayAt(t, upstream.url)
  for (const byMs of [0, HOUR, -HOUR]) {
    setClock(byMs)
    t.match(await app.proveCredentials(), [{ verified: true }])
    t.equal((await fetch(`${url}/readyz`)).status, 200)
  }
  t.equal(upstream.seen.length, 1)
})
