import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { skipWithout } from './programs.ts'

/** Why tests with certificates are skipped on this machine, or false. */
export const NO_OPENSSL = skipWithout('openssl', ['version'])

/** A certificate authority of our own, in a folder of the test. Times are `YYMMDDHHMMSSZ`. */
export class Authority {
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
    this.#openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host},IP:127.0.0.1`)
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
