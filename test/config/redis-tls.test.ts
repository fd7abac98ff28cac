import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import type { EnvironmentVariables } from '../../src/config/source.ts'
import { Authority, NO_OPENSSL } from '../support/authority.ts'

const TLS_URL = 'rediss://redis'

/** Faults of these variables, as one text. */
function faultsOf (variables: EnvironmentVariables): string {
  try {
    loadConfig(variables)
    return ''
  } catch (error) {
    return String(error)
  }
}

t.test('certificates for Redis, as text or from files', { skip: NO_OPENSSL }, async (t) => {
  const authority = new Authority(t.testdir())
  const ca = readFileSync(authority.certificate, 'utf8')
  const { cert, key } = authority.issue('gateway', 'gateway')
  const other = authority.issue('other', 'other')
  const files = t.testdir({ 'client.pem': cert, 'client.key': key })
  const { redisTls } = loadConfig({
    REDIS_URL: TLS_URL,
    REDIS_TLS_CA: ca.replaceAll('\n', '\\n'),
    REDIS_TLS_CERT_FILE: `${files}/client.pem`,
    REDIS_TLS_KEY_FILE: `${files}/client.key`
  })
  t.equal(redisTls.ca, ca)
  t.equal(redisTls.cert?.trim(), cert.trim())
  t.equal(redisTls.key?.reveal().trim(), key.trim())
  t.notMatch(JSON.stringify(redisTls), 'PRIVATE KEY')

  t.equal(faultsOf({ REDIS_URL: TLS_URL, REDIS_TLS_CA: `${ca}${cert}` }), '', 'a bundle')
  t.match(faultsOf({ REDIS_URL: TLS_URL, REDIS_TLS_CERT: cert }), /REDIS_TLS_KEY is missing/)
  t.match(faultsOf({ REDIS_URL: TLS_URL, REDIS_TLS_KEY: key }), /REDIS_TLS_CERT is missing/)
  t.match(faultsOf({ REDIS_URL: 'redis://redis', REDIS_TLS_CA: ca }), /REDIS_TLS_CA has no effect without a REDIS_URL that begins with rediss/)
  t.match(faultsOf({ REDIS_TLS_CA: ca }), /REDIS_TLS_CA has no effect/)
  t.notMatch(faultsOf({ REDIS_URL: 'no URL', REDIS_TLS_CA: ca }), /REDIS_TLS_CA/, 'one fault at a time')
  t.match(faultsOf({ REDIS_URL: TLS_URL, REDIS_TLS_CERT: cert, REDIS_TLS_KEY: other.key }), /REDIS_TLS_KEY is not the key of REDIS_TLS_CERT/)
})

t.test('a text that is no certificate or key is refused by its kind', async (t) => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const encrypted = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'canary' }).toString()
  const bad = [
    ['REDIS_TLS_CA', 'canary', /must be a certificate in PEM form/],
    ['REDIS_TLS_CERT', '-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----', /cannot be read/],
    ['REDIS_TLS_KEY', 'canary', /must be a private key in PEM form/],
    ['REDIS_TLS_KEY', '-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----', /cannot be read/],
    ['REDIS_TLS_KEY', '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\ncanary\n-----END RSA PRIVATE KEY-----', /without a passphrase/],
    ['REDIS_TLS_KEY', encrypted, /without a passphrase/]
  ] as const
  for (const [name, value, reason] of bad) {
    const faults = faultsOf({ REDIS_URL: TLS_URL, [name]: value })
    t.match(faults, new RegExp(`${name} .*${reason.source}`))
    t.notMatch(faults, 'canary')
  }
})
