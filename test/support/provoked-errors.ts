/**
 * Every code of the error table, provoked for real: gateways on real sockets, the sandbox as their upstream, and
 * what both are told to do. Gives the request as a reader would send it, and the answer with what changes masked.
 */
import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../../src/app.ts'
import { digestOf } from '../../src/auth/policy/keys.ts'
import type { Config } from '../../src/config/types.ts'
import type { ErrorCode } from '../../src/errors.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/index.ts'
import { Secret } from '../../src/secret.ts'
import { environmentAt, startGatewayAt, testConfig } from './gateway.ts'
import { talk } from './talk.ts'

/** What a reader of the catalogue sees of one failure. */
export interface ProvokedError {
  /** What must be the case beside the request; empty when nothing must. */
  readonly when: string
  /** The request, as a line for a shell or as it goes over the wire. */
  readonly request: string
  readonly answer: Record<string, unknown>
}

interface Teardown { teardown: (end: () => unknown) => void }
interface Parts {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly form?: Readonly<Record<string, string>>
  /** Bytes of the file, in the form or as the body; the request shows a name for them. */
  readonly file?: string
}
type Provocation = () => Promise<Omit<ProvokedError, 'when'>>
type Provocations = ReadonlyArray<readonly [code: ErrorCode, when: string, provoke: Provocation]>

const BASE = 'http://127.0.0.1:8080'
const KEY = 'key-of-the-web-site'
const JSON_TYPE = { 'Content-Type': 'application/json' }
const AS_WEB = { Authorization: `Bearer ${KEY}` }
const PIXEL = Buffer.from(
  'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64'
).toString('latin1')
const POLICY = `callers:
  web:
    keys: ['sha256:${digestOf(KEY).toString('hex')}']
    actions: [uploadResource, generateSignature, getUrl]
    sign: { allow: [public_id, tags] }
  members: { jwt: { claims: {} } }
`

/** What differs each time, and what stands for it. */
const MASKS: ReadonlyArray<readonly [RegExp, string]> = [
  [/"request_id":"[0-9a-f-]{36}"/, '"request_id":"6d0ce0de-72ea-4568-81a4-512119fbbf63"'],
  [/"request_id":"[0-9a-f]{32}"/, '"request_id":"0123456789abcdef0123456789abcdef"'],
  [/127\.0\.0\.1:\d+/g, '127.0.0.1:8080'],
  [/"asset_id":"[0-9a-f]{32}"/, '"asset_id":"fedcba9876543210fedcba9876543210"'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-01-02T03:04:05.678Z'],
  [/\b1[78]\d{8}\b/g, '1767323045'],
  [/\b400\d seconds/, '4000 seconds'],
  [/a{40,}/g, 'aaaaaaaa...'],
  [/signature=[0-9a-f]{40}/, 'signature=$SIGNATURE'],
  [/next one in \d+ s/, 'next one in 1200 s']
]
const masked = (text: string): string =>
  MASKS.reduce((before, [pattern, instead]) => before.replace(pattern, instead), text)

/** Returns an argument as a POSIX shell reads it. */
const quoted = (text: string): string => /^[\w@=.,:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

function curlLine (path: string, { method, headers = {}, body, form = {}, file }: Parts): string {
  const implied = body !== undefined || file !== undefined ? 'POST' : 'GET'
  const parts = Object.entries(headers).map(([name, value]) =>
    value === `Bearer ${KEY}` ? '-H "Authorization: Bearer $KEY"' : `-H ${quoted(`${name}: ${value}`)}`)
  if (method !== undefined && method !== implied) parts.unshift(`-X ${method}`)
  if (body !== undefined) parts.push(`-d ${quoted(body)}`)
  for (const [name, value] of Object.entries(form)) parts.push(`-F ${quoted(`${name}=${value}`)}`)
  const name = headers['Content-Type'] === 'text/csv' ? 'orders.csv' : 'photo.jpg'
  if (file !== undefined) {
    parts.push(
      Object.keys(form).length > 0 ? `-F file=@${name}` : `--data-binary @${name}`
    )
  }
  return ['curl', ...parts, quoted(`${BASE}${path}`)].join(' ')
}

function bodyOf ({ body, form, file }: Parts): RequestInit['body'] {
  if (form === undefined) return body ?? (file === undefined ? undefined : Buffer.from(file, 'latin1'))
  const data = new FormData()
  for (const [name, value] of Object.entries(form)) data.append(name, value)
  data.append('file', new Blob([Buffer.from(file ?? '', 'latin1')]), 'photo.jpg')
  return data
}

/** Sends what the line shows. */
async function ask (gateway: string, path: string, parts: Parts = {}): ReturnType<Provocation> {
  const body = bodyOf(parts)
  const method = parts.method ?? (body === undefined ? 'GET' : 'POST')
  const { headers = {} } = parts
  const answer = await fetch(gateway + path, { method, headers, ...(body !== undefined && { body }) })
  return { request: masked(curlLine(path, parts)), answer: JSON.parse(masked(await answer.text())) }
}

/** Sends bytes as no client would. */
async function say (gateway: string, lines: readonly string[], rest = ''): ReturnType<Provocation> {
  const text = await talk(gateway, `${lines.join('\r\n')}\r\n\r\n${rest}`)
  const body = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)
  return {
    request: masked(`${lines.join('\n')}${rest === '' ? '' : `\n\n${rest}`}`),
    answer: JSON.parse(masked(body))
  }
}

/** What a caller did wrong in the request itself, at a gateway that asks for no key. */
function ownMistakes (url: string): Provocations {
  const host = 'Host: 127.0.0.1:8080'
  const now = Math.floor(Date.now() / 1000)
  const signed = (timestamp: number, secret: string): string =>
    createHash('sha1').update(`timestamp=${timestamp}${secret}`).digest('hex')
  return [
    ['invalid_request', '', () => ask(url, '/url?publicid=cats/tom')],
    ['invalid_multipart', '', () => say(url, [
      'POST /upload HTTP/1.1', host, 'Content-Type: multipart/form-data', 'Content-Length: 4', 'Connection: close'
    ], 'file')],
    ['route_not_found', '', () => ask(url, '/resource/cats/tom')],
    ['method_not_allowed', '', () => ask(url, '/resources/cats/tom', { method: 'PUT' })],
    ['uri_too_long', '', () => ask(url, `/assets/${'a'.repeat(5000)}`)],
    [
      'headers_too_large',
      '',
      () => say(url, ['GET /resources HTTP/1.1', host, `X-Note: ${'a'.repeat(20_000)}`])
    ],
    ['unsupported_media_type', '', () => ask(url, '/signature', {
      headers: { 'Content-Type': 'application/xml' }, body: '<folder>cats</folder>'
    })],
    ['expectation_failed', '', () => say(url, [
      'GET /resources HTTP/1.1', host, 'Expect: a-miracle', 'Connection: close'
    ])],
    ['misdirected_request', '', () => say(url, [
      'GET http://media.example.com/resources HTTP/1.1', host, 'Connection: close'
    ])],
    ['http_version_unsupported', '', () => say(url, ['GET /resources HTTP/3.0', host])],
    ['payload_too_large', 'with `UPLOAD_MAX_BYTES=1000`', () => ask(url, '/upload', {
      headers: { 'Content-Type': 'image/jpeg' }, file: 'x'.repeat(1001)
    })],
    ['signature_mismatch', '', () => ask(url, '/direct-upload', {
      form: { timestamp: String(now), signature: signed(now, 'another secret') }, file: PIXEL
    })],
    ['signature_expired', '', () => ask(url, '/direct-upload', {
      form: { timestamp: String(now - 4000), signature: signed(now - 4000, 'abcd') }, file: PIXEL
    })]
  ]
}

/** What the gateway of the policy above refuses. */
function refusals (url: string): Provocations {
  const token = ['{"alg":"ES256","kid":"1"}', '{"sub":"tom","iss":"idp","aud":"gateway"}', 'x'.repeat(64)]
    .map((part) => Buffer.from(part).toString('base64url')).join('.')
  const sign = (body: string) => ask(url, '/signature', { headers: { ...AS_WEB, ...JSON_TYPE }, body })
  return [
    ['unauthorized', '', () => ask(url, '/url?public_id=cats/tom')],
    [
      'forbidden',
      'when the policy gives the caller other actions',
      () => ask(url, '/resources', { headers: AS_WEB })
    ],
    ['origin_not_allowed', 'with `CORS_ORIGINS=https://www.example.com`', () => ask(url, '/signature', {
      method: 'OPTIONS',
      headers: { Origin: 'https://shop.example.net', 'Access-Control-Request-Method': 'POST' }
    })],
    ['param_not_allowed', 'when the policy allows the caller `public_id` and `tags` alone',
      () => sign('{"moderation":"manual"}')],
    ['url_not_allowed', '', () => ask(url, '/upload', {
      headers: { ...AS_WEB, ...JSON_TYPE },
      body: '{"file":"http://169.254.169.254/latest/meta-data","public_id":"cats/tom"}'
    })],
    ['auth_unavailable', 'while `AUTH_JWKS_URL` cannot be reached', async () => {
      const { answer } = await ask(url, '/url?public_id=cats/tom', {
        headers: { Authorization: `Bearer ${token}` }
      })
      return { request: `curl -H "Authorization: Bearer $TOKEN" '${BASE}/url?public_id=cats/tom'`, answer }
    }]
  ]
}

/** What Cloudinary says or does. The sandbox is told to, where it would not by itself. */
function upstreamFailures (url: string, sandbox: Sandbox, names: { wrong: string }): Provocations {
  const told = (status: number, message: string, headers: Record<string, string> = {}) => () => {
    sandbox.faults.clear()
    sandbox.faults.add({ kind: 'status', status, message, headers, times: 10, match: { path: 'cats' } })
    return ask(url, '/resources/cats/tom').finally(() => { sandbox.faults.clear() })
  }
  return [
    ['upstream_rejected', '', () => ask(url, '/upload', {
      headers: JSON_TYPE, body: '{"file":"data:image/png;base64,bm8gcGljdHVyZQ==","resource_type":"image"}'
    })],
    ['not_found', '', () => ask(url, '/resources/cats/nobody')],
    ['credentials_rejected', 'when the API secret of `staging` is wrong', () =>
      ask(url, '/resources', { headers: { 'X-Environment': names.wrong } })],
    ['upstream_forbidden', 'when Cloudinary answers 403', told(403, 'Not allowed for this role')],
    ['upstream_conflict', 'when Cloudinary answers 409', told(409, 'Resource cats/tom already exists')],
    ['asset_processing', 'when Cloudinary answers 423', told(423, 'Resource is still being processed')],
    ['quota_exhausted', 'when Cloudinary answers 420', told(420, 'Rate Limit Exceeded. Limit of 500 api operations reached.', {
      'x-featureratelimit-remaining': '0'
    })],
    ['upstream_failed', 'when Cloudinary answers 500 again and again', told(500, 'Internal error')],
    ['upstream_timeout', 'when Cloudinary does not answer', () => {
      sandbox.faults.add({ kind: 'stall', times: 10, match: { path: 'cats' } })
      return ask(url, '/resources/cats/tom').finally(() => { sandbox.faults.clear() })
    }],
    ['upstream_unavailable', 'after several failures in a row', async () => {
      const failing = told(503, 'Service unavailable')
      let last = await failing()
      const isOpen = (): boolean => last.answer['code'] === 'upstream_unavailable'
      for (let round = 0; round < 20 && !isOpen(); round++) last = await failing()
      return last
    }]
  ]
}

/** What happens to uploads with and without an `Idempotency-Key`. */
function uploadFailures (url: string, sandbox: Sandbox): Provocations {
  const note = (body: Parts) => ({
    headers: { 'Idempotency-Key': 'order-7', 'Content-Type': 'text/csv' }, ...body
  })
  const path = '/upload?public_id=orders/7.csv&resource_type=raw'
  return [
    ['outcome_unknown', 'when the answer to the same request before it was lost', async () => {
      sandbox.faults.add({ kind: 'lost_answer', times: 10, match: { path: '/upload' } })
      await ask(url, path, note({ file: 'a,b' }))
      sandbox.faults.clear()
      return ask(url, path, note({ file: 'a,b' }))
    }],
    [
      'idempotency_key_reused',
      'when the key was used for another file',
      () => ask(url, path, note({ file: 'c,d' }))
    ],
    [
      'rate_limited',
      'with `RATE_PER_ADDRESS=3/3600`, at the fourth request',
      () => ask(url, '/url?public_id=cats/tom')
    ]
  ]
}

/** Uploads that do not end hold the two places that there are; then their callers leave. */
function hangingUploads (
  url: string, sandbox: Sandbox, seen: (code: string) => Promise<string>
): Provocations {
  const CSV = { 'Content-Type': 'text/csv' }
  const keyed = { 'Idempotency-Key': 'order-8', ...CSV }
  const path = '/upload?public_id=orders/8.csv&resource_type=raw'
  const sockets: Socket[] = []
  /** Resolves once the sandbox has the head of its request. */
  const hang = async (headers: Record<string, string>): Promise<void> => {
    const before = sandbox.requests.length
    const head = Object.entries({ host: '127.0.0.1', 'content-length': '2000', ...headers })
      .map(([name, value]) => `${name}: ${value}\r\n`)
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    sockets.push(socket)
    socket.write(`POST ${path} HTTP/1.1\r\n${head.join('')}\r\n${'x'.repeat(1000)}`)
    while (sandbox.requests.length === before) await sleep(5)
  }
  return [
    ['idempotency_in_progress', 'while the same request is still running', async () => {
      await hang(keyed)
      return ask(url, path, { headers: keyed, file: 'a,b' })
    }],
    ['overloaded', 'when `UPLOAD_MAX_CONCURRENT` uploads are running', async () => {
      await hang(CSV)
      return ask(url, path, { headers: CSV, file: 'a,b' })
    }],
    ['client_closed', 'when the caller closes the connection; nobody reads the answer, the log has its code', async () => {
      const told = seen('client_closed')
      for (const socket of sockets) socket.destroy()
      return { request: curlLine(path, { headers: keyed, file: '' }), answer: JSON.parse(masked(await told)) }
    }]
  ]
}

/** Builds a gateway of which every problem is seen, also one that nobody reads, and that breaks on order. */
async function startWatched (t: Teardown, sandbox: Sandbox) {
  let look = (_payload: string): void => {}
  const watch = (message: unknown): void => {
    const { fastify } = message as { fastify: FastifyInstance } // Fastify's own channel
    fastify.addHook('onSend', (_request, _reply, payload, done) => {
      if (typeof payload === 'string') look(payload)
      done()
    })
    fastify.addHook('preHandler', (request, _reply, done) => {
      done(request.query !== null && request.url.includes('breaks') ? new TypeError('a bug') : undefined)
    })
  }
  subscribe('fastify.initialization', watch)
  const config = testConfig([environmentAt(sandbox.url)], {
    upload: { maxConcurrent: 2, idleTimeoutMs: 5000 }
  })
  const app = await buildApp({ config }).finally(() => unsubscribe('fastify.initialization', watch))
  t.teardown(() => app.close())
  const seen = (code: string) => new Promise<string>((resolve) => {
    look = (payload) => { if (payload.includes(`"code":"${code}"`)) resolve(payload) }
  })
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), seen }
}

/** A gateway on a real socket. */
async function listening (t: Teardown, config: Config): Promise<string> {
  const app = await buildApp({ config })
  t.teardown(() => app.close())
  return app.listen({ host: '127.0.0.1', port: 0 })
}

/** A gateway before an upstream that stores something else than it was sent. */
async function startForgetful (t: Teardown): Promise<string> {
  const { startFaultUpstream } = await import('./fault-upstream.ts')
  const upstream = await startFaultUpstream(t)
  const stored = {
    asset_id: 'f'.repeat(32), public_id: 'notes.csv', resource_type: 'raw', type: 'upload', bytes: 2
  }
  upstream.script({ body: JSON.stringify(stored) })
  return (await startGatewayAt(t, upstream.url)).url
}

/** @returns what is provoked, by code. `folder` takes the policy file. */
export async function provokeErrors (t: Teardown, folder: string): Promise<Record<string, ProvokedError>> {
  const sandbox = await startSandbox({ seed: 1 })
  t.teardown(() => sandbox.close())
  await sandbox.add('cats/tom')
  const at = async (changes: Parameters<typeof startGatewayAt>[2] = {}) =>
    (await startGatewayAt(t, sandbox.url, changes)).url
  const policyFile = join(folder, 'policy.yaml')
  writeFileSync(policyFile, POLICY)
  const wrong = environmentAt(sandbox.url, { name: 'staging', apiSecret: new Secret('another') })
  const both = testConfig([environmentAt(sandbox.url), wrong], { upstream: { headersTimeoutMs: 300 } })
  const upstream = await listening(t, both)
  const auth = {
    mode: 'keys', policyFile, jwksUrl: 'http://127.0.0.1:9/', issuer: 'idp', audience: 'gateway'
  } as const
  const watched = await startWatched(t, sandbox)
  const slow = await at({ upload: { idleTimeoutMs: 200 } })
  const forgetful = await startForgetful(t)
  const provocations: Provocations = [
    ...ownMistakes(await at({ upload: { maxBytes: 1000 } })),
    ...refusals(await listening(t, testConfig([environmentAt(sandbox.url, { sandbox: false })], {
      auth, corsOrigins: ['https://www.example.com']
    }))),
    ...uploadFailures(await at({ rates: { perAddress: { requests: 3, perSeconds: 3600 } } }), sandbox),
    ['integrity_failed', 'when Cloudinary stores 2 bytes of 9', () =>
      ask(forgetful, '/upload?public_id=notes.csv&resource_type=raw', {
        headers: { 'Content-Type': 'text/csv' }, file: 'all of it'
      })],
    ['request_timeout', 'when the body stops for `UPLOAD_IDLE_TIMEOUT_MS`', () => say(slow, [
      'POST /upload HTTP/1.1', 'Host: 127.0.0.1:8080', 'Content-Type: image/jpeg', 'Content-Length: 1000'
    ])],
    ...hangingUploads(watched.url, sandbox, watched.seen),
    ['internal', 'when the gateway itself has a fault', async () => ({
      ...await ask(watched.url, '/url?public_id=breaks'), request: `curl '${BASE}/url?public_id=cats/tom'`
    })],
    ...upstreamFailures(upstream, sandbox, { wrong: 'staging' })
  ]
  const provoked: Record<string, ProvokedError> = {}
  for (const [code, when, provoke] of provocations) provoked[code] = { when, ...await provoke() }
  return provoked
}
