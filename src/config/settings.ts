import { createPublicKey } from 'node:crypto'
import { statSync } from 'node:fs'
import type { Static, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { rangeFault } from '../net/addresses.ts'
import { originFault } from '../net/origins.ts'
import { readRedisUrl } from '../net/redis-url.ts'
import { httpUrlFault } from '../net/urls.ts'
import { certificateFault, privateKeyFault } from './redis-tls.ts'
import { FILE_SUFFIX, type Source } from './source.ts'
import {
  parseBytes,
  readableFromFile,
  readShare,
  SETTING_NAMES,
  Settings,
  type SettingName,
  type SettingValues
} from './variables.ts'

/** Turns text into what the schema asks for. What cannot be turned comes back as it is, and fails the check. */
function convert (schema: TSchema, text: string): unknown {
  if (schema.type === 'integer') {
    if (schema['x-unit'] === 'bytes') return parseBytes(text)
    return /^\d{1,15}$/.test(text) ? Number(text) : text
  }
  if (schema.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (schema.type === 'array') return text.split(',').map((item) => item.trim()).filter((item) => item !== '')
  return text
}

/** What a value must be, in words: the reason that a fault gives in place of the value. */
function expectation (schema: TSchema): string {
  if (schema['x-fault']) return String(schema['x-fault'])
  if (schema.type === 'boolean') return 'must be true or false'
  if (schema.type === 'string') return `must be text of 1 to ${schema.maxLength} characters`
  const unit = schema['x-unit'] === 'bytes' ? ' of bytes, or a size such as 20MB or 20MiB,' : ''
  return `must be a whole number${unit} from ${schema.minimum} to ${schema.maximum}`
}

/** Says how large a file may be whose text is too long: only that tells its owner what to do. */
function largeFileFault ({ maxLength = Infinity }: TSchema, text: string): string | undefined {
  return text.length > maxLength ? `names a file that is larger than ${maxLength / 1024} KiB` : undefined
}

function publicKeyFault (pem: string): string | undefined {
  if (!/^-----BEGIN PUBLIC KEY-----\r?\n/.test(pem)) return 'must be a public key in PEM form (BEGIN PUBLIC KEY)'
  try {
    createPublicKey(pem)
    return undefined
  } catch {
    return 'is a public key in PEM form that cannot be read'
  }
}

function redisFault (text: string): string | undefined {
  const read = readRedisUrl(text)
  return 'fault' in read ? read.fault : undefined
}

function folderFault (path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? undefined : 'names no folder that exists'
}

function shareFault (text: string): string | undefined {
  return readShare(text) > 1 ? 'is more than the whole, which is 1' : undefined
}

const firstFault = (fault: (item: string) => string | undefined) =>
  (items: readonly string[]) => items.map(fault).find((reason) => reason !== undefined)

/** What a schema cannot say: the reason a well-typed value is refused, or undefined. */
const CHECKS: { readonly [N in SettingName]?: (value: NonNullable<SettingValues[N]>) => string | undefined } = {
  TRUST_PROXY: firstFault(rangeFault),
  CORS_ORIGINS: firstFault(originFault),
  REDIS_URL: redisFault,
  REDIS_TLS_CA: certificateFault,
  REDIS_TLS_CERT: certificateFault,
  REDIS_TLS_KEY: privateKeyFault,
  AUTH_JWKS_URL: (url) => httpUrlFault(url),
  AUTH_PUBLIC_KEY: publicKeyFault,
  UPLOAD_FILE_ROOT: folderFault,
  UPLOAD_ENVIRONMENT_SHARE: shareFault,
  UPLOAD_CALLER_SHARE: shareFault,
  UPLOAD_ADDRESS_SHARE: shareFault,
  UPLOAD_SIGNATURE_SHARE: shareFault,
  SANDBOX_PUBLIC_URL: (url) => httpUrlFault(url, { insecure: true, path: false })
}

/** Variables that hold PEM blocks. */
const PEM_NAMES: ReadonlySet<SettingName> = new Set([
  'AUTH_PUBLIC_KEY', 'REDIS_TLS_CA', 'REDIS_TLS_CERT', 'REDIS_TLS_KEY'
])

function readSetting (source: Source, name: SettingName): unknown {
  const schema: TSchema = Settings.properties[name]
  let text = readableFromFile(schema) ? source.value(name) : source.plain(name)
  if (text === undefined) return schema.default
  // A PEM block in a variable is often written on one line, with \n for its line ends.
  if (PEM_NAMES.has(name)) text = text.replaceAll('\\n', '\n')
  const isFromFile = readableFromFile(schema) && source.plain(name) === undefined
  const large = isFromFile ? largeFileFault(schema, text) : undefined
  const value = convert(schema, text)
  const fault = Value.Check(schema, value)
    // The table's type holds for each name; the compiler cannot follow it through a variable name.
    ? (CHECKS[name] as ((value: Static<TSchema>) => string | undefined) | undefined)?.(value)
    : expectation(schema)
  if (large !== undefined) source.fault(name + FILE_SUFFIX, large)
  else if (fault !== undefined) source.fault(name, fault)
  // Others are checked against each other only where both are well: a bad one gives way to its default until the faults are thrown.
  return fault === undefined ? value : schema.default
}

/** Reads every setting; faults go to `source`. */
export function readSettings (source: Source): SettingValues {
  const values = Object.fromEntries(SETTING_NAMES.map((name) => [name, readSetting(source, name)]))
  return values as unknown as SettingValues // each was checked against its own schema just now
}
