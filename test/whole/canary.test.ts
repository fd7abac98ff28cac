import { spawn } from 'node:child_process'
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { startSandbox } from '../../src/sandbox/index.ts'
import { freePort } from '../support/programs.ts'
import { talk } from '../support/talk.ts'
import { bareNode, productArguments } from '../support/product.ts'
import { LONG } from '../support/rounds.ts'

const root = join(import.meta.dirname, '../..')
const bird = (name: string): string => `canary-${name}+/=&%~${randomBytes(9).toString('base64')}`
const SECRETS = { good: bird('good'), wrong: bird('wrong'), gone: bird('gone'), echo: bird('echo') }
type Name = keyof typeof SECRETS
const NAMES = Object.keys(SECRETS) as Name[] // of the line above
const keyOf = (name: Name): string => `90${NAMES.indexOf(name)}817263`
const CALLER_KEY = `cgw_${randomBytes(24).toString('base64url')}`
const REDIS_PASSWORD = bird('redis')
/** What callers send and nobody else may read: cookies, Basic credentials, tokens in a query. */
const SENT = {
  cookie: `canarycookie${randomBytes(9).toString('hex')}`,
  basic: `canarybasic${randomBytes(9).toString('hex')}`,
  query: `canaryquery${randomBytes(9).toString('hex')}`
}
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const token = (expires: string): Promise<string> => new SignJWT({ sub: 'ann' })
  .setProtectedHeader({ alg: 'ES256' })
  .setIssuer('https://id.example.com')
  .setAudience('gateway')
  .setIssuedAt()
  .setExpirationTime(expires)
  .sign(privateKey)

/** A secret in every spelling it could leak in, alone and beside its key. */
function spellings (secret: string, key = ''): string[] {
  return [secret, `${key}:${secret}`, `${secret}:${key}`].flatMap((text) => {
    const bytes = Buffer.from(text)
    return [
      text,
      bytes.toString('base64'),
      bytes.toString('base64url'),
      encodeURIComponent(text),
      bytes.toString('hex'),
      JSON.stringify(text).slice(1, -1)
    ]
  })
}

/** Each leak that `text` holds: which canary, and what stands around it. */
function leaks (text: string, canaries: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(canaries).flatMap(
    ([name, forms]) => forms.filter((form) => text.includes(form)).map(
      (form) => `${name}: ${text.slice(Math.max(0, text.indexOf(form) - 80), text.indexOf(form) + form.length + 20)}`
    )
  )
}

// Object.fromEntries forgets the names.
const OURS = {
  ...Object.fromEntries(NAMES.map((name) => [name, spellings(SECRETS[name], keyOf(name))])) as Record<Name,
  string[]>,
  redis: spellings(REDIS_PASSWORD),
  caller: spellings(CALLER_KEY)
}
const THEIRS = Object.fromEntries(Object.entries(SENT).map(([name, value]) => [name, spellings(value)]))

/** Runs the program for real; `preload` is a module that it loads first. */
function run (t: Test, variables: Record<string, string>, preload?: string) {
  const [program, ...args] = bareNode([...preload === undefined
    ? []
    : ['--import', preload], ...productArguments('src/server.ts')])
  const child = spawn(program, args, {
    cwd: root, env: { PATH: process.env['PATH'], PORT: '0', ...variables }
  })
  t.teardown(() => { child.kill('SIGKILL') })
  const output = { out: '', err: '' }
  let look = (): void => {}
  child.stdout.on('data', (text) => { output.out += text; look() })
  child.stderr.on('data', (text) => { output.err += text; look() })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const listening = new Promise<string>((resolve, reject) => {
    look = () => {
      const [, url] = /Server listening at (http:[^"]+)"/.exec(output.out) ?? []
      if (url !== undefined) resolve(url)
    }
    ended.then((code) => { reject(new Error(`ended with ${code}: ${output.err}`)) }, reject)
  })
  listening.catch(() => {}) // who wants it waits for it
  return { child, output, ended, listening }
}

/** An upstream that says what it was sent, in error messages, pages and headers. */
async function startEcho (t: Test): Promise<string> {
  let count = 0
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => { body += chunk }).on('end', () => {
      const { authorization = '' } = request.headers
      const message = `refused ${authorization} ${Buffer.from(authorization.slice(6), 'base64').toString()} secret ${SECRETS.echo} in ${encodeURIComponent(SECRETS.echo)} with ${body.slice(0, 200)}`
      const html = ++count % 2 === 0
      response.writeHead(html ? 502 : 400, {
        'content-type': html ? 'text/html' : 'application/json', 'x-cld-error': message.replace(/[^ -~]/g, '')
      })
      response.end(html ? `<h1>${message}</h1>` : JSON.stringify({ error: { message } }))
    })
  })
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on TCP
}

/** A Redis that refuses every command, and says in its error what it was sent. */
async function startRefusingRedis (t: Test): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      const commands = data.toString().split(/^\*\d+\r\n/m).slice(1)
      for (const command of commands) {
        socket.write(
        `-ERR refused, with args: ${command.replace(/\$\d+\r\n/g, '').replace(/\s+/g, ' ')}\r\n`
        )
      }
    })
  })
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // it listens on TCP
  return `redis://user:${encodeURIComponent(REDIS_PASSWORD)}@127.0.0.1:${port}`
}

/**
 * The variables of a gateway with four environments: one works, one has a wrong secret, one is refused, one is
 * echoed.
 */
async function canaryVariables (t: Test): Promise<Record<string, string>> {
  const sandbox = await startSandbox({
    clouds: [
      { cloudName: 'demo', apiKey: keyOf('good'), apiSecret: SECRETS.good },
      { cloudName: 'other', apiKey: keyOf('wrong'), apiSecret: 'another' }
    ]
  })
  t.teardown(() => sandbox.close())
  await sandbox.add('cat')
  const closed = `http://127.0.0.1:${await freePort()}`
  const upstreams: Record<Name, string> = {
    good: sandbox.url, wrong: sandbox.url, gone: closed, echo: await startEcho(t)
  }
  const urls = NAMES.map((name) => [
    `CLOUDINARY_URL_${name.toUpperCase()}`,
    `cloudinary://${keyOf(name)}:${encodeURIComponent(SECRETS[name])}@${name === 'wrong' ? 'other' : 'demo'}?upload_prefix=${encodeURIComponent(upstreams[name])}`
  ])
  return {
    ...Object.fromEntries(urls),
    CLOUDINARY_ENVIRONMENT: 'good',
    LOG_LEVEL: 'trace',
    AUTH: 'keys',
    GATEWAY_KEYS: `web=sha256:${createHash('sha256').update(CALLER_KEY).digest('hex')}`,
    AUTH_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    AUTH_ISSUER: 'https://id.example.com',
    AUTH_AUDIENCE: 'gateway',
    POLICY_FILE: join(t.testdir({
      'policy.yaml': 'callers: { web: {}, ann: { jwt: { claims: { sub: ann } }, folder: users/ann, actions: [generateSignature, getUrl, uploadResource] } }'
    }), 'policy.yaml'),
    REDIS_URL: await startRefusingRedis(t),
    RATE_PER_ADDRESS: '100000/60',
    METRICS_PORT: '0'
  }
}

type Sent = readonly [
  method: string, path: string, body?: string | FormData, headers?: Record<string, string>
]

/** Every action, and what each does wrong. */
const CALLS: readonly Sent[] = [
  ['GET', '/resources'], ['GET', '/resources/cat'], ['GET', '/resources/none?resource_type=auto'],
  ['GET', '/resources?nonsense=1&max_results=x'],
  ['PATCH', '/resources/cat', '{"tags":["a"]}'], ['PATCH', '/resources/cat', '{"tags":'],
  ['DELETE', '/resources/none'],
  ['GET', '/url?public_id=cat&sign_url=true'], ['POST', '/url', '{"public_id":"cat","type":"private"}'],
  ['POST', '/url', '{"transformation":{"width":-1}}'],
  ['GET', '/signed-url?public_id=cat'], ['GET', '/signed-url?public_id=cat&expires_at=1'],
  ['POST', '/signature', '{"public_id":"a","context":{"k":"v"}}'],
  ['POST', '/signature', '{"eval":"x","nonsense":1}'], ['POST', '/signature', '[]'],
  [
    'POST',
    '/signature/explain',
    '{"fields":{"public_id":"a","timestamp":"1"},"signature":"0123456789012345678901234567890123456789"}'
  ],
  ['GET', '/signature/rules'],
  [
    'POST',
    '/signature/batch',
    '{"fields":{"folder":"a"},"files":[{"name":"a.jpg","size":1},{"name":"b","size":-1}]}'
  ],
  ['POST', '/upload?public_id=note&resource_type=raw', 'text', {
    'content-type': 'application/octet-stream'
  }],
  ['POST', '/upload?resource_type=raw', 'text', {
    'content-type': 'application/octet-stream', 'idempotency-key': 'once'
  }],
  ['POST', '/upload', '{"file":"http://10.0.0.1/x"}'], ['POST', '/upload', '{"file":"/etc/passwd"}'],
  ['POST', '/upload', '--x\r\nno part', { 'content-type': 'multipart/form-data; boundary=x' }],
  ['POST', '/upload', 'x', { 'content-type': 'multipart/form-data' }],
  ['GET', '/environments'], ['GET', '/readyz'], ['GET', '/healthz'], ['GET', '/openapi.json'],
  ['GET', '/openapi.yaml'], ['GET', '/docs'], ['GET', '/docs/errors'],
  ['GET', '/nowhere'], ['PUT', '/upload', '{}'], ['GET', '/resources/%zz'], ['GET', '/metrics'],
  ['GET', '/debug/heap'], ['GET', '/heapsnapshot']
]

function directForm (apiKey: string): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries({
    timestamp: String(Math.floor(Date.now() / 1000)),
    signature: 'f'.repeat(40),
    api_key: apiKey,
    public_id: 'a'
  })) form.append(name, value)
  form.append('file', new Blob(['x']), 'x.txt')
  return form
}

async function asText (answer: Response): Promise<string> {
  return `${answer.status} ${JSON.stringify([...answer.headers])} ${await answer.text()}`
}

/** Sends everything and gives all that was answered, heads and bodies. */
async function drive (base: string): Promise<string[]> {
  const answers: string[] = []
  const send = async (
    method: string, path: string, body: string | FormData | undefined, headers: Record<string, string>
  ): Promise<void> => {
    const type = typeof body === 'string' ? { 'content-type': 'application/json' } : {}
    answers.push(await asText(await fetch(base + path, {
      method,
      redirect: 'manual',
      headers: { ...type, cookie: `session=${SENT.cookie}`, ...headers },
      ...body !== undefined && { body }
    })))
  }
  for (const name of NAMES) {
    const own = { authorization: `Bearer ${CALLER_KEY}`, 'x-environment': name }
    for (const [method, path, body, headers] of CALLS) await send(method, path, body, { ...own, ...headers })
    await send('POST', '/direct-upload', directForm(keyOf(name)), { 'x-environment': name })
  }
  const good = await token('1h')
  for (const authorization of [good, await token('-1h'), `${good}x`].map((one) => `Bearer ${one}`)) {
    await send('POST', '/signature', '{"public_id":"users/ann/a"}', { authorization })
    await send('POST', '/signature', '{"public_id":"users/bob/a"}', { authorization })
    await send('DELETE', '/resources/cat', undefined, { authorization })
  }
  const odd = [
    `Basic ${Buffer.from(`user:${SENT.basic}`).toString('base64')}`,
    `Bearer ${SENT.basic}`,
    `bearer  ${SENT.basic} x`
  ]
  for (const authorization of odd) await send('GET', '/resources', undefined, { authorization })
  for (const path of [
    `/url?public_id=cat&to%6ben=${SENT.query}`,
    `/nowhere?signature=${SENT.query}`,
    `/environments?token=${SENT.query}`
  ]) {
    await send('GET', path, undefined, {
      authorization: `Bearer ${CALLER_KEY}`, referer: `https://www.example.com/?token=${SENT.query}`
    })
  }
  answers.push(
    await talk(
      base,
      `GET /url HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${SENT.basic}\r\nX Y: ${SENT.cookie}\r\n\r\n`
    )
  )
  return answers
}

t.test('the check itself finds a canary in each spelling', async (t) => {
  for (const form of OURS.good) t.not(leaks(`x${form}y`, OURS).length, 0)
  t.same(leaks('nothing here', OURS), [])
})

for (const [title, debug] of [
  ['R1, R2, R5, R6: every action and every cheap failure, at the most talkative level', ''],
  ['R1: the same with NODE_DEBUG=http,undici', 'http,undici']
] as const) {
  t.test(title, { skip: debug !== '' && LONG }, async (t) => {
    const { child, output, ended, listening } = run(t, {
      ...await canaryVariables(t), ...debug !== '' && { NODE_DEBUG: debug }
    })
    const base = await listening
    const commandLine = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')
    const answers = await drive(base)
    const [, metricsUrl = ''] = /"url":"(http:[^"]+\/metrics)"/.exec(output.out) ?? []
    const metrics = await asText(await fetch(metricsUrl))
    child.kill('SIGTERM')
    t.equal(await ended, 0)

    const statuses = new Set(answers.map((answer) => answer.slice(0, 3)))
    for (const status of ['200', '400', '401', '403', '404', '405', '422', '502', '503']) {
      t.ok(
        statuses.has(status), `${status} was among the answers`
      )
    }
    t.same(answers.flatMap((answer) => leaks(answer, { ...OURS, ...THEIRS })), [], 'answers')
    t.match(metrics, /http_requests_total\{method="POST",route="\/signature",status="200"\} \d/)
    t.same(leaks(metrics, { ...OURS, ...THEIRS }), [], 'metrics')
    t.notMatch(metrics, /="[^"]*(?:nowhere|cats|users|nonsense)/, 'no label of metrics holds what a caller chose')
    t.same(leaks(output.out, { ...OURS, ...THEIRS }), [], 'standard output')
    // NODE_DEBUG lets Node print the heads of requests: then only the log and the answers are judged.
    if (debug === '') t.same(leaks(output.err, { ...OURS, ...THEIRS }), [], 'standard error')
    else t.match(output.err, /^HTTP \d+: /m, 'NODE_DEBUG was on')
    t.same(leaks(commandLine, OURS), [], 'R4: command line')
    t.notMatch(output.out, /eyJ[\w-]+\.eyJ/, 'no token in the log')
    t.doesNotThrow(
      () => { for (const line of output.out.trim().split('\n')) JSON.parse(line) },
      'R6: one JSON object a line'
    )
    t.match(output.out, /"msg":"request"/)
    t.match(output.out, /"message":"ERR refused, with args: auth user \[secret\] "/, 'what Redis repeats')
    t.notMatch(output.out, /"command":|"args":/, 'what a library hangs on its errors')
  })
}

t.test('R3: a gateway that cannot start says why without a value', { skip: LONG }, async (t) => {
  const valid = await canaryVariables(t)
  const policy = join(
    t.testdir({ 'policy.yaml': `callers: { web: { keys: ['${CALLER_KEY}'] } }` }), 'policy.yaml'
  )
  const faults: ReadonlyArray<Record<string, string>> = [
    { CLOUDINARY_URL_GOOD: `cloudinary://${keyOf('good')}:"${SECRETS.good}"@demo` },
    { CLOUDINARY_URL_GOOD: `cloudinary:/${keyOf('good')}:${SECRETS.good}` },
    { CLOUDINARY_GOOD_API_SECRET: ` ${SECRETS.good}` },
    { GATEWAY_KEYS: `web=${CALLER_KEY}` },
    { GATEWAY_KEYS: CALLER_KEY, PORT: REDIS_PASSWORD },
    { REDIS_URL: `http://:${REDIS_PASSWORD}@x` },
    { POLICY_FILE: policy },
    { AUTH_PUBLIC_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
  ]
  const keyText = privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64').slice(0, 40)
  await Promise.all(faults.map(async (fault) => {
    const { output, ended } = run(t, { ...valid, ...fault })
    const which = Object.keys(fault).join(', ')
    t.equal(await ended, 2, which)
    t.same(leaks(output.out + output.err, { ...OURS, private: [keyText] }), [], which)
    t.match(
      output.err,
      which === 'POLICY_FILE' ? /callers\/web\/keys\/0/ : new RegExp(Object.keys(fault)[0] ?? ''),
      which
    )
  }))
})

t.test('R7: an error that nobody foresaw is told by its stack, without what hangs on it', { skip: LONG }, async (t) => {
  const preload = `data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2', () => {
    const held = { auth: process.env.CLOUDINARY_URL_GOOD, secret: decodeURIComponent(process.env.CLOUDINARY_URL_GOOD) }
    throw Object.assign(new Error('unforeseen', { cause: held }), { request_options: held, [Symbol('hidden')]: held })
  })`)}`
  const { child, output, ended, listening } = run(t, await canaryVariables(t), preload)
  await listening
  child.kill('SIGUSR2')
  t.not(await ended, 0)
  t.match(output.err, /Error: unforeseen\n {4}at /)
  t.same(leaks(output.out + output.err, OURS), [])
})
