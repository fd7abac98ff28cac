import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { symbols } from 'pino'
import t from 'tap'
import { createLogger, inPieces, SecretMask } from '../../src/commands/logger.ts'
import { loadConfig } from '../../src/config/config.ts'
import { withSandbox } from '../../src/config/sandbox-environments.ts'

const SECRET = 'sEcr3t/canary+value'
const config = loadConfig({
  CLOUDINARY_URL: `cloudinary://123456789012345:${encodeURIComponent(SECRET)}@demo`,
  CLOUDINARY_URL_SHORT: 'cloudinary://1234:abcd@demo',
  REDIS_URL: 'redis://:redis-canary@localhost:6379',
  LOG_LEVEL: 'debug'
})

t.test('SecretMask', async (t) => {
  const mask = new SecretMask(config)

  t.test('replaces a secret in each of its spellings', async (t) => {
    const forms = [
      SECRET, encodeURIComponent(SECRET), Buffer.from(SECRET).toString('base64'), Buffer.from(`123456789012345:${SECRET}`).toString('base64'),
      Buffer.from(`123456789012345:${SECRET}`).toString('base64url'), 'redis://:redis-canary@localhost:6379'
    ]
    for (const form of forms) t.equal(mask.apply(`{"a":"${form}","b":"${form}"}\n`), '{"a":"[secret]","b":"[secret]"}\n', form)
  })

  t.test('replaces the password of Redis alone, as it is written and as it is sent', async (t) => {
    const password = 'r3dis/canary+=%'
    const mask = new SecretMask(loadConfig({ REDIS_URL: `redis://user:${encodeURIComponent(password)}@localhost:6379?password=in-the-query` }))
    const basic = Buffer.from(`user:${password}`).toString('base64')
    for (const form of [password, encodeURIComponent(password), 'in-the-query', basic]) t.equal(mask.apply(`{"a":"${form}"}`), '{"a":"[secret]"}', form)
    t.equal(new SecretMask(loadConfig({ REDIS_URL: 'redis://localhost:6379' })).apply('user localhost'), 'user localhost', 'none is no secret')
  })

  t.test('learns secrets that come later, and forgets none that may be in use still', async (t) => {
    const rotated = (number: number): string => `rotated-${String(number).padStart(4, '0')}/+x`
    const environments = (number: number) => loadConfig({
      CLOUDINARY_URL: `cloudinary://123456789012345:${encodeURIComponent(rotated(number))}@demo`, CLOUDINARY_URL_STEADY: 'cloudinary://1234:steady-canary@demo'
    }).environments
    const mask = new SecretMask({ ...config, environments: environments(0) })
    mask.learn(environments(1))
    const line = [rotated(0), rotated(1), encodeURIComponent(rotated(0)), 'steady-canary', 'redis://:redis-canary@localhost:6379'].join(' ')
    t.equal(mask.apply(line), '[secret] [secret] [secret] [secret] [secret]')
    for (let number = 2; number < 400; number++) mask.learn(environments(number))
    t.equal(mask.apply(`${rotated(399)} ${rotated(300)} steady-canary redis://:redis-canary@localhost:6379`), '[secret] [secret] [secret] [secret]')
    t.equal(mask.apply(rotated(0)), rotated(0), 'what was replaced hundreds of times ago is let go')
  })

  t.test('leaves all else alone: short secrets that are words, and the sandbox\'s public ones', async (t) => {
    t.equal(mask.apply('{"msg":"abcd 123456789012345"}'), '{"msg":"abcd 123456789012345"}')
    const sandboxMask = new SecretMask(withSandbox(loadConfig({}), 'http://127.0.0.1:8081'))
    t.equal(sandboxMask.apply('production-sandbox-secret'), 'production-sandbox-secret')
  })
})

t.test('createLogger', async (t) => {
  t.test('writes JSON lines at the level of the config, without secrets', async (t) => {
    const lines: string[] = []
    const logger = await createLogger(config, new SecretMask(config), false, { write: (line) => { lines.push(line) } })
    logger.debug({ url: `x?secret=${SECRET}` }, 'hello')
    logger.trace('not this')
    logger.debug({ busboyOptions: { headers: { authorization: 'Bearer canary' }, limits: {} }, headers: { cookie: 'canary' }, req: { headers: 'canary' } }, 'what a library wants to say')
    t.notMatch(lines.pop(), /canary/, 'what callers send as a header is theirs')
    t.equal(lines.length, 1)
    t.match(JSON.parse(lines[0] ?? ''), { level: 20, url: 'x?secret=[secret]', msg: 'hello' })
  })

  t.test('tells of an error what the log is for, and nothing that a library hung on it', async (t) => {
    const lines: string[] = []
    const logger = await createLogger(config, new SecretMask(config), false, { write: (line) => { lines.push(line) } })
    const refused = Object.assign(new Error('WRONGPASS'), { command: { name: 'auth', args: ['user', 'hunter2'] } })
    logger.error({ err: new Error('not kept', { cause: refused }) }, 'Redis is out of reach')
    logger.child({}).error(refused)
    t.match(JSON.parse(lines[0] ?? ''), { msg: 'Redis is out of reach', err: { type: 'Error', message: 'not kept', stack: /at /, cause: { message: 'WRONGPASS' } } })
    t.match(JSON.parse(lines[1] ?? ''), { msg: 'WRONGPASS', err: { message: 'WRONGPASS', stack: /at / } })
    t.notMatch(lines.join(''), /hunter2|"command"/)
  })

  t.test('is pretty for a person, but not in production', async (t) => {
    const silent = loadConfig({ LOG_LEVEL: 'silent' })
    const production = loadConfig({ LOG_LEVEL: 'silent', NODE_ENV: 'production', SANDBOX: 'on' })
    const streams = await Promise.all(([[silent, true], [silent, false], [production, true]] as const).map(([config, interactive]) => createLogger(config, new SecretMask(config), interactive)))
    // A stream of pino's own writes to a file descriptor; the pretty one is a transform that ends in it.
    t.same(streams.map((logger) => 'fd' in (Reflect.get(logger, symbols.streamSym) as object)), [false, true, true])
  })
})

t.test('lines are written together, and none is lost at the end', async (t) => {
  const file = join(t.testdir(), 'log')
  const written = (): string => readFileSync(file, 'utf8')
  const stream = inPieces(openSync(file, 'w'), (lines) => lines.replaceAll('secret', '******'))
  const pieces: number[] = []
  stream.on('write', (bytes: number) => { pieces.push(bytes) })
  stream.write('one\n')
  stream.write('two\n')
  t.equal(written(), '')
  await once(stream, 'drain')
  t.equal(written(), 'one\ntwo\n')
  t.same(pieces, [8])
  stream.write('three, secret\n')
  stream.flushSync()
  t.equal(written(), 'one\ntwo\nthree, ******\n', 'the process may end now')
  stream.flushSync()
  t.equal(written(), 'one\ntwo\nthree, ******\n', 'once')
  const long = `${'x'.repeat(70_000)}\n`
  stream.write(long)
  await once(stream, 'drain')
  t.equal(written(), `one\ntwo\nthree, ******\n${long}`, 'a long one waits for nothing')
  t.same(pieces, [8, long.length])
})
