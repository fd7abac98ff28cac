import { Type, type Static, type TSchema } from '@sinclair/typebox'
import { OPTION_MEANINGS } from './environments/options.ts'

/**
 * Reads a size: `20000000`, `20MB` (millions) or `20MiB` (1024 x 1024), in any case.
 * Whole numbers only; undefined when it is none.
 */
export function parseBytes (text: string): number | undefined {
  const [, digits, prefix = '', binary] = /^(\d{1,15})(?:([kmg])(i)?)?b?$/i.exec(text) ?? []
  if (digits === undefined) return undefined
  return Number(digits) * (binary ? 1024 : 1000) ** ['', 'k', 'm', 'g'].indexOf(prefix.toLowerCase())
}

/** Reads a part of a whole: `3/4`, or `1`. */
export function readShare (text: string): number {
  const [part, whole = 1] = text.split('/').map(Number)
  return Number(part) / whole
}

/** The shortest exact spelling: `20MB`, `128MiB`, `5GiB`. */
export function formatBytes (bytes: number): string {
  for (const [unit, size] of [['GiB', 1024 ** 3], ['GB', 1000 ** 3], ['MiB', 1024 ** 2], ['MB', 1000 ** 2]] as const) {
    if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return String(bytes)
}

const MIB = 1024 ** 2
const GIB = 1024 ** 3
const TIB = 1024 ** 4
const LONGEST_MS = 24 * 60 * 60 * 1000

/** Marks a variable that may also be read from the file named by `<NAME>_FILE`. */
const FROM_FILE = { 'x-file': true }
/** Bundles of certificates are long. */
const PEM_FILE = { ...FROM_FILE, maxLength: 1_048_576 }

const RATE = { pattern: '^[1-9]\\d{0,8}/[1-9]\\d{0,5}$', 'x-fault': 'must be a number of requests and of seconds, such as 600/60' }

const share = (preset: string, description: string) => Type.String({
  default: preset,
  pattern: '^(?:1|[1-9]\\d{0,3}/[1-9]\\d{0,3})$',
  'x-fault': 'must be a part such as 3/4, or 1 for the whole',
  description
})

const bytes = (description: string, preset: number, minimum: number, maximum = TIB) =>
  Type.Integer({ default: preset, minimum, maximum, description, 'x-unit': 'bytes' })
const milliseconds = (description: string, preset: number) =>
  Type.Integer({ default: preset, minimum: 1, maximum: LONGEST_MS, description })
const port = (description: string, preset: number) =>
  Type.Integer({ default: preset, minimum: 0, maximum: 65_535, description })
const flag = (description: string) => Type.Boolean({ default: false, description })
const list = (description: string) => Type.Array(Type.String(), { default: [], description })
const text = (description: string, options = {}) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 65_536, description, ...options }))

// A plain enum is no kind that TypeBox's own checker knows.
const choice = <const T extends readonly string[]>(values: T, preset: T[number], description: string) => Type.Unsafe<T[number]>(
  Type.String({ default: preset, pattern: `^(?:${values.join('|')})$`, 'x-fault': `must be one of ${values.filter((value) => value !== '').join(', ')}`, description }))

const HOST_PATTERN = '^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|[0-9A-Fa-f:.]+(?:%[A-Za-z0-9]+)?)$'
const HOST_FAULT = 'must be an address or a host name, without a port and without brackets'

/** Every variable but the credentials: its type, range, default and meaning. The table in docs/configuration.md is made from this. */
export const Settings = Type.Object({
  HOST: Type.String({ default: '127.0.0.1', pattern: HOST_PATTERN, 'x-fault': HOST_FAULT, description: 'Address to listen on. Any but a loopback address needs keys, or `AUTH=none`.' }),
  PORT: port('Port to listen on; 0 takes a free one.', 8080),
  ROUTE_PREFIX: Type.String({ default: '', pattern: '^(?:/[A-Za-z0-9._~-]+)*/?$', 'x-fault': 'must be a path such as /media', description: 'Path before every route but `/healthz` and `/readyz`, such as `/media`.' }),
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info', 'Least severe log line that is written.'),
  NODE_ENV: Type.String({ default: '', description: '`production`: credentials are required, and the log is JSON even in a terminal.' }),
  TRUST_PROXY: list('Addresses or ranges of proxies whose `X-Forwarded-*` headers are believed, separated by commas.'),
  CORS_ORIGINS: list('Origins whose pages may call the gateway, separated by commas: `https://www.example.com`, or `https://*.example.com` for every subdomain.'),
  REDIS_URL: text(
    'Address of what replicas share: rate limits, quota budget, idempotency records, issued signatures. `redis://` or `rediss://` (TLS), `redis+sentinel://host,host/master` or `redis+cluster://host,host`; see [Replicas](deployment.md#replicas). Unset: in memory.',
    FROM_FILE
  ),
  REDIS_TLS_CA: text(
    'Certificates (PEM) of the authorities that signed the certificate of Redis, in place of those that Node trusts.',
    PEM_FILE
  ),
  REDIS_TLS_CERT: text('Client certificate (PEM) that the gateway presents to Redis.', PEM_FILE),
  REDIS_TLS_KEY: text('Private key (PEM) of `REDIS_TLS_CERT`, without a passphrase.', PEM_FILE),
  REDIS_PREFIX: Type.String({
    default: 'cloudinary-gateway:',
    pattern: '^[\\w.:/{}-]{1,64}$',
    'x-fault': 'must be 1 to 64 letters, digits or characters of . _ - : / { }',
    description: 'Begins the name of every key in Redis. Gateways that share it share rates, and the idempotency records of one account; give each deployment its own.'
  }),
  SHUTDOWN_DRAIN_SECONDS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 300,
    description: 'Seconds after SIGTERM in which `/readyz` says 503 and requests are still taken, so that a balancer stops sending before the port closes. The image sets 5.'
  }),
  SHUTDOWN_GRACE_SECONDS: Type.Integer({ default: 25, minimum: 0, maximum: 3600, description: 'Seconds that running requests get to finish after that.' }),

  METRICS_PORT: Type.Optional(Type.Integer({
    minimum: 0,
    maximum: 65_535,
    description: 'Port of `/metrics`, `/healthz` and `/readyz`, for Prometheus and probes; 0 takes a free one. Unset: no metrics. It needs no key, so let nobody else reach it.'
  })),
  METRICS_HOST: Type.String({ default: '127.0.0.1', pattern: HOST_PATTERN, 'x-fault': HOST_FAULT, description: 'Address that `METRICS_PORT` is opened on.' }),

  AUTH: choice(['keys', 'none', ''], '', '`none` says that no keys are wanted on a non-loopback address; `keys` demands them on loopback too.'),
  GATEWAY_KEYS: text('Callers and the SHA-256 digests of their keys: `web=sha256:<64 hex digits>,cms=sha256:<...>`. A caller may have several. Up to 64 KiB, about 700 keys; a policy has room for more.', FROM_FILE),
  POLICY_FILE: text('Policy of callers, YAML or JSON, up to 1 MiB. JWT callers need one.'),
  AUTH_JWKS_URL: text('Where the public keys of JWT callers are published.'),
  AUTH_PUBLIC_KEY: text('Public key (PEM) of JWT callers, in place of `AUTH_JWKS_URL`.', FROM_FILE),
  AUTH_ISSUER: text('The `iss` that a JWT must have.'),
  AUTH_AUDIENCE: text('The `aud` that a JWT must have.'),

  RATE_PER_ADDRESS: text('Requests that one address may send, and in how many seconds: `600/60`. Unset: any number.', RATE),
  RATE_PER_CALLER: text(
    'The same for each caller whose policy sets no rate. Callers without a key are counted by address. Unset: any number.',
    RATE
  ),

  SANDBOX: choice(['auto', 'on', 'off'], 'auto', 'Embedded offline Cloudinary. `auto`: when there are no credentials and `NODE_ENV` is not `production`. `on` beside credentials: one more environment, `sandbox`.'),
  SANDBOX_HOST: Type.String({ default: '127.0.0.1', pattern: HOST_PATTERN, 'x-fault': HOST_FAULT, description: 'Address the sandbox listens on.' }),
  SANDBOX_PORT: port('Port the sandbox listens on; 0 takes a free one.', 8081),
  SANDBOX_DATA: Type.String({ default: '.sandbox/', minLength: 1, description: 'Folder of the sandbox\'s assets; `:memory:` keeps none.' }),
  SANDBOX_ALLOW_PRIVATE_FETCH: Type.Boolean({
    default: false,
    description: 'Let uploads by URL and notifications of the sandbox reach this machine and private networks.'
  }),
  SANDBOX_PUBLIC_URL: text('How browsers reach the sandbox, such as `http://localhost:8081`, when not at its own address.'),

  MEMORY_LIMIT: Type.Optional(Type.Integer({
    minimum: 64 * MIB,
    maximum: TIB,
    'x-unit': 'bytes',
    description: 'Memory that the process may use, such as `256MiB`. Unset: the limit of the container, or all memory of the machine. Sets the defaults of the limits for uploads, and the bounds of caches.'
  })),

  JSON_MAX_BYTES: bytes(
    'Largest JSON body taken; on `/upload` without its data URI. A sixteenth of the memory limit, at most 64 MiB, is for such bodies; those without room are answered 503.',
    MIB,
    1024,
    64 * MIB
  ),
  UPLOAD_MAX_BYTES: bytes('Largest file taken.', 5 * 1024 * MIB, 1),
  UPLOAD_TEXT_MAX_BYTES: bytes('Largest data URI taken in JSON or a urlencoded form, as text; up to 64 MB. It is held in memory of `UPLOAD_BUFFER_BYTES`; in a multipart form it streams, however long.', 16 * MIB, 1024, 64_000_000),
  UPLOAD_CHUNK_BYTES: bytes(
    'Size of a chunk of a large upload; less where `MEMORY_LIMIT` is small. Cloudinary takes no less than 5 MiB.',
    20_000_000,
    5 * MIB
  ),
  UPLOAD_SINGLE_MAX_BYTES: bytes('Largest file sent to Cloudinary in one request; a larger one, or one of unknown size, goes in chunks. A multipart form counts with all its fields.', 100_000_000, 1),
  UPLOAD_BUFFER_BYTES: bytes(
    'Memory that the chunks of all uploads, and their data URIs in JSON, share. With `MEMORY_LIMIT`, or in a container with a limit, the default follows that.',
    128 * MIB,
    5 * MIB,
    4 * GIB
  ),
  UPLOAD_MAX_CONCURRENT: Type.Integer({
    default: 32,
    minimum: 1,
    maximum: 10_000,
    description: 'Uploads at once; more are answered 503, after a moment. With `MEMORY_LIMIT`, or in a container with a limit, the default follows that.'
  }),
  UPLOAD_ENVIRONMENT_SHARE: share('3/4', 'Part of `UPLOAD_MAX_CONCURRENT` and of `UPLOAD_BUFFER_BYTES` that uploads to one environment may take; 1 is the whole. Where there is only one environment, it has the whole.'),
  UPLOAD_CALLER_SHARE: share('1/2', 'The same for one caller with a key or token. Inside it, `UPLOAD_ENVIRONMENT_SHARE` applies again. Where there is only one caller, it has the whole.'),
  UPLOAD_ADDRESS_SHARE: share('1/4', 'The same for one address without a key. Where no keys are wanted on a loopback `HOST`, this machine has the whole.'),
  UPLOAD_SIGNATURE_SHARE: share('1/8', 'The same for all direct uploads with one signature.'),
  UPLOAD_IDLE_TIMEOUT_MS: milliseconds('Longest pause in a body that a caller sends.', 30_000),
  UPLOAD_MIN_BYTES_PER_SECOND: bytes('Slowest average speed of an upload\'s body, in bytes per second, once 30 seconds were spent waiting for it; 0 takes any.', 1024, 0),
  UPLOAD_FILE_ROOT: text('Folder below which server file paths may be uploaded; on Linux only. Unset: none.', { pattern: '^/+[^/]', 'x-fault': 'must be an absolute path, and not /' }),
  UPLOAD_VERIFY: choice(['bytes', 'md5'], 'bytes', 'What of a stored file is compared with what was sent: its size, or its MD5 too.'),
  UPLOAD_VERIFY_STRICT: flag('Answer 502 when an image or a video differs too, instead of a header that says so. A raw file that differs is always 502.'),

  UPSTREAM_CONNECT_TIMEOUT_MS: milliseconds('Longest wait for a connection to Cloudinary.', 5_000),
  UPSTREAM_HEADERS_TIMEOUT_MS: milliseconds('Longest wait for the beginning of an answer.', 10_000),
  UPSTREAM_UPLOAD_TIMEOUT_MS: milliseconds('The same after the last byte of an upload: Cloudinary then processes the file.', 120_000),
  UPSTREAM_BODY_TIMEOUT_MS: milliseconds('Longest pause inside an answer.', 30_000),
  UPSTREAM_MAX_ANSWER_BYTES: bytes('Largest JSON answer taken from Cloudinary.', 10 * MIB, 1024, 1024 * MIB),
  ALLOW_INSECURE_UPSTREAM: flag('Allow a plain `http://` `upload_prefix` on another machine. Credentials then travel unprotected.')
})

export type SettingName = keyof typeof Settings.properties
export type SettingValues = Static<typeof Settings>

/** Names of all settings, in the order of the table. */
export const SETTING_NAMES = Object.keys(Settings.properties) as SettingName[] // Object.keys widens to string

export function readableFromFile (schema: TSchema): boolean { return schema['x-file'] === true }

export interface Variable {
  readonly name: string
  /** As one would write it; empty when there is none. */
  readonly default: string
  readonly meaning: string
}

/**
 * The credentials and options of environments; `<NAME>` stands for `EDITOR`, `STAGING`, `PRODUCTION` or any
 * other name.
 */
export const CREDENTIAL_VARIABLES: readonly Variable[] = [
  { name: 'CLOUDINARY_URL', default: '', meaning: '`cloudinary://key:secret@cloud?options`: the environment `production`, for those who have one only.' },
  { name: 'CLOUDINARY_URL_<NAME>', default: '', meaning: 'The same for the environment of that name; any number of them.' },
  { name: 'CLOUDINARY_<NAME>_CLOUD_NAME', default: '', meaning: 'The first of three parts, in place of the URL: the cloud. Without `<NAME>_`, as with the URL, `production` is meant.' },
  { name: 'CLOUDINARY_<NAME>_API_KEY', default: '', meaning: 'The second: its API key.' },
  { name: 'CLOUDINARY_<NAME>_API_SECRET', default: '', meaning: 'The third: its API secret.' },
  ...OPTION_MEANINGS.map(([name, meaning]) => ({
    name: `CLOUDINARY_<NAME>_${name.toUpperCase()}`,
    default: '',
    meaning: `Option \`${name}\`. ${meaning}`
  })),
  { name: 'CLOUDINARY_ENVIRONMENT', default: '`production`, or the only one', meaning: 'Environment that answers when a request names none.' }
]

/** Variables that other programs read too. */
const PROXY_VARIABLES: readonly Variable[] = [
  {
    name: 'HTTPS_PROXY',
    default: '',
    meaning: 'Proxy for `https://` addresses on other machines, `http://user:password@host:port`. The name in lower case wins.'
  },
  { name: 'HTTP_PROXY', default: '', meaning: 'Proxy for `http://` addresses.' },
  { name: 'ALL_PROXY', default: '', meaning: 'Proxy for the schemes whose variable above is not set.' },
  {
    name: 'NO_PROXY',
    default: '',
    meaning: 'Names (with their subdomains), addresses and ranges that are reached directly, separated by commas.'
  }
]

function shown (schema: TSchema): string {
  const preset: unknown = schema.default
  if (preset === undefined || preset === '' || Array.isArray(preset)) return ''
  return `\`${schema['x-unit'] === 'bytes' ? formatBytes(Number(preset)) : String(preset)}\``
}

/** Every variable the process reads, for the table in docs/configuration.md and for the search of a nearest name. */
export const VARIABLES: readonly Variable[] = [
  ...CREDENTIAL_VARIABLES.map(({ meaning, ...variable }) => ({ ...variable, meaning: `${meaning} Also as \`_FILE\`.` })),
  ...PROXY_VARIABLES,
  ...Object.entries(Settings.properties).map(([name, schema]: [string, TSchema]) => ({
    name,
    default: shown(schema),
    meaning: `${schema.description}${readableFromFile(schema) ? ' Also as `_FILE`.' : ''}`
  }))
]
