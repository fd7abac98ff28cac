import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createLogger, SecretMask } from '../../src/commands/logger.ts'
import { loadConfig } from '../../src/config/config.ts'
import { withSandbox } from '../../src/config/sandbox-environments.ts'
import { reluctantPipe } from '../support/reluctant-pipe.ts'
import { recordedTerminal } from '../support/recorded-terminal.ts'

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
    const logger = await createLogger(config, new SecretMask(config), recordedTerminal(), { write: (line) => { lines.push(line) } })
    logger.debug({ url: `x?secret=${SECRET}` }, 'hello')
    logger.trace('not this')
    logger.debug({ busboyOptions: { headers: { authorization: 'Bearer canary' }, limits: {} }, headers: { cookie: 'canary' }, req: { headers: 'canary' } }, 'what a library wants to say')
    t.notMatch(lines.pop(), /canary/, 'what callers send as a header is theirs')
    t.equal(lines.length, 1)
    t.match(JSON.parse(lines[0] ?? ''), { level: 20, url: 'x?secret=[secret]', msg: 'hello' })
  })

  t.test('tells of an error what the log is for, and nothing that a library hung on it', async (t) => {
    const lines: string[] = []
    const logger = await createLogger(config, new SecretMask(config), recordedTerminal(), { write: (line) => { lines.push(line) } })
    const refused = Object.assign(new Error('WRONGPASS'), { command: { name: 'auth', args: ['user', 'hunter2'] } })
    logger.error({ err: new Error('not kept', { cause: refused }) }, 'Redis is out of reach')
    logger.child({}).error(refused)
    t.match(JSON.parse(lines[0] ?? ''), { msg: 'Redis is out of reach', err: { type: 'Error', message: 'not kept', stack: /at /, cause: { message: 'WRONGPASS' } } })
    t.match(JSON.parse(lines[1] ?? ''), { msg: 'WRONGPASS', err: { message: 'WRONGPASS', stack: /at / } })
    t.notMatch(lines.join(''), /hunter2|"command"/)
  })

  t.test('is pretty for a person, but not in production; nothing is lost at the end', async (t) => {
    const person = { LOG_LEVEL: 'info', CLOUDINARY_URL: `cloudinary://123456789012345:${encodeURIComponent(SECRET)}@demo` }
    const log = async (variables: Record<string, string>, interactive: boolean): Promise<string> => {
      const config = loadConfig({ ...person, ...variables })
      const file = join(t.testdir({ log: '' }), 'log')
      const terminal = { ...recordedTerminal({}, openSync(file, 'a')), interactive }
      const logger = await createLogger(config, new SecretMask(config), terminal)
      logger.info({ url: SECRET }, 'hello')
      logger.info('again')
      t.equal(readFileSync(file, 'utf8'), '', 'lines are written together')
      for (const finish of terminal.finishers) finish()
      return readFileSync(file, 'utf8')
    }
    t.match(await log({}, true), /INFO.*hello[^]*url.*: "\[secret\]"\n.*INFO.*again.*\n$/)
    for (const [variables, interactive] of [[{}, false], [{ NODE_ENV: 'production', AUTH: 'none' }, true]] as const) {
      const lines = (await log(variables, interactive)).trim().split('\n').map((line) => JSON.parse(line) as object)
      t.match(lines, [{ level: 30, url: '[secret]', msg: 'hello' }, { level: 30, msg: 'again' }])
    }
  })

  t.test('says how many lines are missing once it is read again', async (t) => {
    const pipe = reluctantPipe(t)
    pipe.fill()
    const terminal = recordedTerminal({}, pipe.writer)
    const logger = await createLogger(config, new SecretMask(config), terminal)
    for (let count = 0; count < 30; count++) logger.info('x'.repeat(64 * 1024))
    const [, missing] = await pipe.until(/"level":50,.*"lines":(\d+),"msg":"lines are missing here/)
    await new Promise<void>((resolve) => { logger.flush(() => { resolve() }) })
    const arrived = pipe.read().match(/"level":30/g)?.length ?? 0
    t.equal(arrived + Number(missing), 30)
    t.ok(Number(missing) > 0)
  })
})
