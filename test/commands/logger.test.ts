import { symbols } from 'pino'
import t from 'tap'
import { createLogger, secretMask } from '../../src/commands/logger.ts'
import { loadConfig } from '../../src/config/config.ts'
import { withSandbox } from '../../src/config/sandbox-environments.ts'

const SECRET = 'sEcr3t/canary+value'
const config = loadConfig({
  CLOUDINARY_URL: `cloudinary://123456789012345:${encodeURIComponent(SECRET)}@demo`,
  CLOUDINARY_URL_SHORT: 'cloudinary://1234:abcd@demo',
  REDIS_URL: 'redis://:redis-canary@localhost:6379',
  LOG_LEVEL: 'debug'
})

t.test('secretMask', async (t) => {
  const mask = secretMask(config)

  t.test('replaces a secret in each of its spellings', async (t) => {
    const forms = [
      SECRET, encodeURIComponent(SECRET), Buffer.from(SECRET).toString('base64'), Buffer.from(`123456789012345:${SECRET}`).toString('base64'),
      Buffer.from(`123456789012345:${SECRET}`).toString('base64url'), 'redis://:redis-canary@localhost:6379'
    ]
    for (const form of forms) t.equal(mask(`{"a":"${form}","b":"${form}"}\n`), '{"a":"[secret]","b":"[secret]"}\n', form)
  })

  t.test('leaves all else alone: short secrets that are words, and the sandbox\'s public ones', async (t) => {
    t.equal(mask('{"msg":"abcd 123456789012345"}'), '{"msg":"abcd 123456789012345"}')
    const sandboxMask = secretMask(withSandbox(loadConfig({}), 'http://127.0.0.1:8081'))
    t.equal(sandboxMask('production-sandbox-secret'), 'production-sandbox-secret')
  })
})

t.test('createLogger', async (t) => {
  t.test('writes JSON lines at the level of the config, without secrets', async (t) => {
    const lines: string[] = []
    const logger = await createLogger(config, false, { write: (line) => { lines.push(line) } })
    logger.debug({ url: `x?secret=${SECRET}` }, 'hello')
    logger.trace('not this')
    logger.debug({ busboyOptions: { headers: { authorization: 'Bearer canary' }, limits: {} }, headers: { cookie: 'canary' }, req: { headers: 'canary' } }, 'what a library wants to say')
    t.notMatch(lines.pop(), /canary/, 'what callers send as a header is theirs')
    t.equal(lines.length, 1)
    t.match(JSON.parse(lines[0] ?? ''), { level: 20, url: 'x?secret=[secret]', msg: 'hello' })
  })

  t.test('is pretty for a person, but not in production', async (t) => {
    const silent = loadConfig({ LOG_LEVEL: 'silent' })
    const production = loadConfig({ LOG_LEVEL: 'silent', NODE_ENV: 'production', SANDBOX: 'on' })
    const streams = await Promise.all([createLogger(silent, true), createLogger(silent, false), createLogger(production, true)])
    // A stream of pino's own writes to a file descriptor; the pretty one is a transform that ends in it.
    t.same(streams.map((logger) => 'fd' in (Reflect.get(logger, symbols.streamSym) as object)), [false, true, true])
  })
})
