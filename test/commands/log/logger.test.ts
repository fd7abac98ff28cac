import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createLogger } from '../../../src/commands/log/logger.ts'
import { SecretMask } from '../../../src/commands/log/secret-mask.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { reluctantPipe } from '../../support/reluctant-pipe.ts'
import { recordedTerminal } from '../../support/recorded-terminal.ts'
import { SECRET, SECRET_CONFIG } from '../../support/secret-config.ts'

t.test('createLogger', async (t) => {
  t.test('writes JSON lines at the level of the config, without secrets', async (t) => {
    const lines: string[] = []
    const logger = await createLogger(SECRET_CONFIG, new SecretMask(SECRET_CONFIG), recordedTerminal(), { write: (line) => { lines.push(line) } })
    logger.debug({ url: `x?secret=${SECRET}` }, 'hello')
    logger.trace('not this')
    logger.debug({ busboyOptions: { headers: { authorization: 'Bearer canary' }, limits: {} }, headers: { cookie: 'canary' }, req: { headers: 'canary' } }, 'what a library wants to say')
    t.notMatch(lines.pop(), /canary/, 'what callers send as a header is theirs')
    t.equal(lines.length, 1)
    t.match(JSON.parse(lines[0] ?? ''), { level: 20, url: 'x?secret=[secret]', msg: 'hello' })
  })

  t.test('tells of an error what the log is for, and nothing that a library hung on it', async (t) => {
    const lines: string[] = []
    const logger = await createLogger(SECRET_CONFIG, new SecretMask(SECRET_CONFIG), recordedTerminal(), { write: (line) => { lines.push(line) } })
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
    const logger = await createLogger(SECRET_CONFIG, new SecretMask(SECRET_CONFIG), terminal)
    for (let count = 0; count < 30; count++) logger.info('x'.repeat(64 * 1024))
    const [, missing] = await pipe.until(/"level":50,.*"lines":(\d+),"msg":"lines are missing here/)
    await new Promise<void>((resolve) => { logger.flush(() => { resolve() }) })
    const arrived = pipe.read().match(/"level":30/g)?.length ?? 0
    t.equal(arrived + Number(missing), 30)
    t.ok(Number(missing) > 0)
  })
})
