import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readRedisUrl } from '../net/redis-url.ts'
import { Secret } from '../secret.ts'
import type { Source } from './source.ts'
import type { RedisTls } from './types.ts'
import type { SettingValues } from './variables.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/
const ENCRYPTED = /^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m

/** Returns why text is not one or more certificates in PEM form. */
export function certificateFault (pem: string): string | undefined {
  const found = pem.match(CERTIFICATE) ?? []
  if (found.length === 0) return 'must be a certificate in PEM form (BEGIN CERTIFICATE)'
  try {
    found.forEach((one) => new X509Certificate(one))
    return undefined
  } catch {
    return 'is a certificate in PEM form that cannot be read'
  }
}

/** Returns why text is not a private key in PEM form that can be used without a passphrase. */
export function privateKeyFault (pem: string): string | undefined {
  if (!PRIVATE_KEY.test(pem)) return 'must be a private key in PEM form (BEGIN PRIVATE KEY)'
  if (ENCRYPTED.test(pem)) return 'is encrypted: give a key without a passphrase'
  try {
    createPrivateKey(pem)
    return undefined
  } catch {
    return 'is a private key in PEM form that cannot be read'
  }
}

const NAMES = ['REDIS_TLS_CA', 'REDIS_TLS_CERT', 'REDIS_TLS_KEY'] as const

/** Reports certificates without TLS: a connection that is meant to be encrypted would not be. */
function requireTls (source: Source, { REDIS_URL: url }: SettingValues): void {
  const read = url === undefined ? undefined : readRedisUrl(url)
  if (read && ('fault' in read || read.target.tls)) return
  // A bad URL was replaced by its default, and has a fault of its own.
  if (!read && source.has('REDIS_URL')) return
  for (const name of NAMES.filter((name) => source.has(name))) {
    source.fault(name, 'has no effect without a REDIS_URL that begins with rediss:// or rediss+')
  }
}

/** Reads the certificates for Redis, which were checked one by one; faults go to `source`. */
export function readRedisTls (source: Source, settings: SettingValues): RedisTls {
  const { REDIS_TLS_CA: ca, REDIS_TLS_CERT: cert, REDIS_TLS_KEY: key } = settings
  requireTls(source, settings)
  const lacking = source.has('REDIS_TLS_CERT') ? 'REDIS_TLS_KEY' : 'REDIS_TLS_CERT'
  if (source.has('REDIS_TLS_CERT') !== source.has('REDIS_TLS_KEY')) {
    source.fault(lacking, 'is missing: a certificate and its key are given together')
  } else if (cert !== undefined && key !== undefined && !new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    source.fault('REDIS_TLS_KEY', 'is not the key of REDIS_TLS_CERT')
  }
  return { ca, cert, key: key === undefined ? undefined : new Secret(key) }
}
