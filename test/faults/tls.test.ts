import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startGatewayProcess } from '../support/gateway-process.ts'

function hasOpenssl (): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const skip = !hasOpenssl() && process.env['CI'] !== 'true' && 'openssl is not installed'

/** A certificate authority of our own, in a folder of the test. Times are `YYMMDDHHMMSSZ`. */
class Authority {
  readonly #folder: string
  constructor (folder: string) {
    this.#folder = folder
    writeFileSync(join(folder, 'index'), '')
    writeFileSync(join(folder, 'ca.cnf'), [
      '[ca]', 'default_ca = own', '[own]', `database = ${folder}/index`, `new_certs_dir = ${folder}`, 'rand_serial = yes', 'unique_subject = no',
      'default_md = sha256', 'policy = any', 'copy_extensions = copy', '[any]', 'commonName = supplied', '[req]', 'distinguished_name = name', '[name]'
    ].join('\n'))
    this.#openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=own authority', '-addext', 'basicConstraints=critical,CA:TRUE', '-days', '30')
  }

  get certificate (): string { return join(this.#folder, 'ca.pem') }

  issue (name: string, host: string, from = '200101000000Z', until = '490101000000Z'): { key: string, cert: string } {
    this.#openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`)
    this.#openssl('ca', '-batch', '-config', 'ca.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key', '-in', `${name}.csr`, '-out', `${name}.pem`, '-startdate', from, '-enddate', until, '-notext')
    return { key: this.#read(`${name}.key`), cert: this.#read(`${name}.pem`) }
  }

  selfSigned (): { key: string, cert: string } {
    this.#openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'self.key', '-out', 'self.pem', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '30')
    return { key: this.#read('self.key'), cert: this.#read('self.pem') }
  }

  #read (file: string): string { return readFileSync(join(this.#folder, file), 'utf8') }
  #openssl (...args: string[]): void { execFileSync('openssl', args, { cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] }) }
}

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

t.test('U4: nothing is sent where the certificate is self-signed, expired, not valid yet or another host\'s, or the protocol is old', { skip }, async (t) => {
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
  const { environments } = await (await fetch(`${url}/environments`)).json() as { environments: Array<{ name: string, verified: boolean, reason?: string }> } // as documented
  t.match(Object.fromEntries(environments.map(({ name, verified, reason = 'none' }) => [name, `${verified} ${reason}`])), {
    good: 'true none',
    ...Object.fromEntries(['selfsigned', 'expired', 'early', 'misnamed', 'old'].map((name) => [name, 'false upstream_failed: The encrypted connection to Cloudinary could not be made.']))
  })
  const upload = await fetch(`${url}/upload`, { method: 'POST', headers: { 'x-environment': 'misnamed', 'content-type': 'image/png' }, body: 'not for anybody else' })
  t.match(await upload.json(), { status: 502, code: 'upstream_failed' })
  t.same(new Set(asked), new Set(['good']), 'no request, and with it no secret, reached the others')
  while (!log().includes('"route":"/upload"')) await sleep(5) // its line comes after all others
  t.notMatch(log(), /canary-/)
})
