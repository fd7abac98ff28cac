import { createServer, type ServerOptions } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { Authority, NO_OPENSSL } from '../support/authority.ts'
import { startGatewayProcess } from '../support/gateway-process.ts'

/** A Cloudinary that knows one answer and remembers who got as far as asking. */
async function startUpstream (t: Test, asked: string[], name: string, options: ServerOptions): Promise<string> {
  const server = createServer(options, (_request, response) => {
    asked.push(name)
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}')
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  return `https://localhost:${(server.address() as AddressInfo).port}` // it listens on TCP
}

t.test('U4: nothing is sent where the certificate is self-signed, expired, not valid yet or another host\'s, or the protocol is old', { skip: NO_OPENSSL }, async (t) => {
  const authority = new Authority(t.testdir())
  const good = authority.issue('good', 'localhost')
  const servers: Record<string, ServerOptions> = {
    good,
    selfsigned: authority.selfSigned(),
    expired: authority.issue('expired', 'localhost', '200101000000Z', '210101000000Z'),
    early: authority.issue('early', 'localhost', '480101000000Z'),
    misnamed: authority.issue('misnamed', 'other.example.com'),
    // So old that the library wants to be talked into it.
    old: { ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }
  }
  const asked: string[] = []
  const variables: Record<string, string> = {}
  for (const [name, options] of Object.entries(servers)) {
    variables[`CLOUDINARY_URL_${name.toUpperCase()}`] = `cloudinary://1234:canary-${name}-secret@demo?upload_prefix=${await startUpstream(t, asked, name, options)}`
  }
  // The authority is trusted as an administrator would do it.
  const { url, log } = await startGatewayProcess(t, { CLOUDINARY_ENVIRONMENT: 'good', NODE_EXTRA_CA_CERTS: authority.certificate, ...variables })
  const verdicts = async () => {
    const { environments } = await (await fetch(`${url}/environments`)).json() as { environments: Array<{ name: string, verified: boolean, reason?: string }> } // as documented
    return environments.map(({ name, verified, reason = 'none' }) => [name, `${verified} ${reason}`] as const)
  }
  // It listens before the credentials are proved.
  let proved = await verdicts()
  while (proved.some(([, verdict]) => verdict.includes('not_proved'))) {
    await sleep(5)
    proved = await verdicts()
  }
  t.match(Object.fromEntries(proved), {
    good: 'true none',
    ...Object.fromEntries(['selfsigned', 'expired', 'early', 'misnamed', 'old'].map((name) => [name, 'false upstream_failed: The encrypted connection to Cloudinary could not be made.']))
  })
  const upload = await fetch(`${url}/upload`, { method: 'POST', headers: { 'x-environment': 'misnamed', 'content-type': 'image/png' }, body: 'not for anybody else' })
  t.match(await upload.json(), { status: 502, code: 'upstream_failed' })
  t.same(new Set(asked), new Set(['good']), 'no request, and with it no secret, reached the others')
  while (!log().includes('"route":"/upload"')) await sleep(5) // its line comes after all others
  t.notMatch(log(), /canary-/)
})
