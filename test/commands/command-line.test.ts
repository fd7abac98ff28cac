import t from 'tap'
import { HELP, parseCommandLine } from '../../src/commands/command-line.ts'
import { UsageError } from '../../src/commands/usage.ts'

t.test('parseCommandLine', async (t) => {
  t.test('serve is the default', async (t) => {
    t.same(parseCommandLine([]), { command: 'serve', variables: {} })
    t.same(parseCommandLine(['serve']), { command: 'serve', variables: {} })
    t.same(parseCommandLine(['health']), { command: 'health', variables: {} })
  })

  t.test('help and version come before everything else', async (t) => {
    for (const args of [['--help'], ['-h'], ['sandbox', '--help'], ['nonsense', '-h']]) t.same(parseCommandLine(args), { command: 'help' })
    for (const args of [['--version'], ['-v'], ['key', '-v']]) t.same(parseCommandLine(args), { command: 'version' })
  })

  t.test('sandbox: one cloud by default, several by repeating', async (t) => {
    t.same(parseCommandLine(['sandbox']), {
      command: 'sandbox',
      options: { host: '127.0.0.1', port: 8081, data: '.sandbox/', clouds: [{ cloudName: 'demo', apiKey: '1234', apiSecret: 'abcd' }], allowPrivateFetch: false, allowProduction: false, coverage: false }
    })
    t.same(parseCommandLine(['sandbox', '--host', '::1', '--port', '0', '--data=:memory:', '--cloud', 'a', '--key', '1', '--secret', 'x', '--cloud', 'b', '--key', '2', '--secret', 'y']), {
      command: 'sandbox',
      options: { host: '::1', port: 0, data: ':memory:', clouds: [{ cloudName: 'a', apiKey: '1', apiSecret: 'x' }, { cloudName: 'b', apiKey: '2', apiSecret: 'y' }], allowPrivateFetch: false, allowProduction: false, coverage: false }
    })
    t.match(parseCommandLine(['sandbox', '--cloud', 'a:1:x:y', '--cloud', 'b', '--key', '2', '--secret', 'z', '--allow-private-fetch', '--allow-production', '--coverage']), {
      options: { clouds: [{ cloudName: 'a', apiKey: '1', apiSecret: 'x:y' }, { cloudName: 'b', apiKey: '2', apiSecret: 'z' }], allowPrivateFetch: true, allowProduction: true, coverage: true }
    })
  })

  t.test('sandbox: what an account may be set to holds for every cloud', async (t) => {
    const all = ['--allow-list', '--allow-pdf-zip', '--strict', '--folder-mode', 'fixed', '--token-key', '00aaFF']
    const switches = { allowResourceList: true, allowPdfAndZip: true, strictTransformations: true, folderMode: 'fixed', authTokenKey: '00aaFF' }
    t.match(parseCommandLine(['sandbox', '--cloud', 'a:1:x', '--cloud', 'b:2:y', ...all]), { options: { clouds: [{ cloudName: 'a', ...switches }, { cloudName: 'b', ...switches }] } })
    t.match(parseCommandLine(['sandbox', '--admin-rate-limit', '5', '--public-url', 'http://localhost:8081', '--seed', '0', '--no-samples', '--strict-urls']), {
      options: { adminRateLimit: 5, publicUrl: 'http://localhost:8081', seed: 0, strictUrls: true, samples: false }
    })
    t.same(parseCommandLine(['sandbox', '--folder-mode', 'dynamic']), parseCommandLine(['sandbox']))
  })

  t.test('sandbox: the variables of the sandbox inside the gateway are the defaults of its options', async (t) => {
    const variables = { SANDBOX_HOST: '::1', SANDBOX_PORT: '9000', SANDBOX_DATA: '/data', SANDBOX_PUBLIC_URL: 'http://pc.local:9000', SANDBOX_ALLOW_PRIVATE_FETCH: 'true' }
    t.match(parseCommandLine(['sandbox'], variables), {
      options: { host: '::1', port: 9000, data: '/data', publicUrl: 'http://pc.local:9000', allowPrivateFetch: true }
    })
    t.match(parseCommandLine(['sandbox', '--host', '127.0.0.2', '--port', '1', '--data', ':memory:', '--public-url', 'http://x'], variables), { options: { host: '127.0.0.2', port: 1, data: ':memory:', publicUrl: 'http://x' } })
    t.same(parseCommandLine(['sandbox'], { SANDBOX_HOST: '', SANDBOX_PORT: '' }), parseCommandLine(['sandbox']), 'an empty one counts as unset')
    t.match(parseCommandLine(['sandbox'], { SANDBOX_SERVICE_HOST: '10.0.0.1', SANDBOX_PORT: 'tcp://10.0.0.1:80' }), { options: { port: 8081 } }, 'what Kubernetes sets for a Service is not meant')
    t.throws(() => parseCommandLine(['sandbox'], { SANDBOX_PORT: 'abc' }), { name: 'UsageError', message: /^SANDBOX_PORT must be a whole number/ })
    t.throws(() => parseCommandLine(['sandbox'], { SANDBOX_ALLOW_PRIVATE_FETCH: 'yes' }), {
      name: 'UsageError', message: 'SANDBOX_ALLOW_PRIVATE_FETCH must be true or false'
    })
    t.throws(() => parseCommandLine(['sandbox'], { SANDBOX_PUBLIC_URL: 'pc' }), { name: 'UsageError', message: /^SANDBOX_PUBLIC_URL must be a scheme/ })
    t.same(parseCommandLine(['serve'], { SANDBOX_PORT: 'abc' }), { command: 'serve', variables: {} })
  })

  t.test('options of serve and health stand for variables, and win over the files that name the same', async (t) => {
    t.same(parseCommandLine(['serve', '--port', '9000', '--sandbox', 'off', '--policy-file', 'p.yaml']), {
      command: 'serve',
      variables: {
        PORT: '9000',
        PORT_FILE: undefined,
        SANDBOX: 'off',
        SANDBOX_FILE: undefined,
        POLICY_FILE: 'p.yaml',
        POLICY_FILE_FILE: undefined
      }
    })
    t.match(parseCommandLine(['--host', '0.0.0.0']), { command: 'serve', variables: { HOST: '0.0.0.0' } })
    t.same(parseCommandLine(['health', '--ready']), { command: 'health', variables: {}, ready: true })
    t.throws(() => parseCommandLine(['serve', '--ready']), { message: /'serve' has no option --ready/ })
    t.match(parseCommandLine(['health', '--port', '9000']), {
      command: 'health', variables: { PORT: '9000' }
    })
    for (const secret of ['--key', '--redis-url', '--gateway-keys', '--cloudinary-url']) {
      t.throws(
        () => parseCommandLine(['serve', secret, 'x']), { name: 'UsageError' }, 'a secret is no option'
      )
    }
  })

  t.test('calls keep their arguments, and help knows them', async (t) => {
    t.same(parseCommandLine(['upload', 'a', '--help']), {
      command: 'call', options: { name: 'upload', args: ['a', '--help'] }
    })
    t.same(parseCommandLine(['help']), { command: 'help' })
    t.same(parseCommandLine(['help', 'help']), { command: 'help' })
    t.same(parseCommandLine(['help', 'serve']), { command: 'help' })
    t.same(parseCommandLine(['help', 'upload']), { command: 'help', topic: 'upload' })
  })

  t.test('openapi and key', async (t) => {
    t.same(parseCommandLine(['openapi']), { command: 'openapi', options: { json: false } })
    t.same(parseCommandLine(['openapi', '--json']), { command: 'openapi', options: { json: true } })
    t.same(parseCommandLine(['key']), { command: 'key', options: { name: 'web' } })
    t.same(parseCommandLine(['key', 'cms-2']), { command: 'key', options: { name: 'cms-2' } })
  })

  t.test('says what is wrong', async (t) => {
    const wrong: Array<[string[], string | RegExp]> = [
      [['serv'], 'Unknown command \'serv\'; did you mean \'serve\'?'],
      [['toString'], 'Unknown command \'toString\''],
      [['sandbox', '--port'], /'--port <value>' argument missing/],
      [['--prot', '1'], 'Unknown option \'--prot\'; did you mean \'--port\'?'],
      [['serve', '--port', 'x'], '--port must be a whole number from 0 to 65535'],
      [['serve', '--data', 'x'], '\'serve\' has no option --data'],
      [['key', '--jso'], 'Unknown option \'--jso\'; did you mean \'--json\'?'],
      [['uplaod', 'x'], 'Unknown command \'uplaod\'; did you mean \'upload\'?'],
      [['hlep'], 'Unknown command \'hlep\'; did you mean \'help\'?'],
      [['help', 'uplaod'], 'Unknown command \'uplaod\'; did you mean \'upload\'?'],
      [['help', 'upload', 'url'], '\'help\' takes no argument \'url\''],
      [['health', 'now'], '\'health\' takes no argument \'now\''],
      [['key', 'a', 'b'], '\'key\' takes no argument \'b\''],
      [['key', 'a=b'], /name of a caller/],
      [['sandbox', '--port', '65536'], /--port must be a whole number/],
      [['sandbox', '--port', '1e3'], /--port must be a whole number/],
      [['sandbox', '--seed', '-1'], /'--seed' argument is ambiguous/],
      [['sandbox', '--seed', 'x'], /--seed must be a whole number/],
      [['sandbox', '--folder-mode', 'both'], /--folder-mode must be dynamic or fixed/],
      [['sandbox', '--token-key', 'abc'], /--token-key must be pairs of hex digits/],
      [['sandbox', '--public-url', 'localhost:8081'], /--public-url must be a scheme/],
      [['sandbox', '--cloud', 'a'], /belong together/],
      [['sandbox', '--cloud', 'a:1'], /must not be empty/],
      [['sandbox', '--cloud', 'my cloud:1:x'], /name of a --cloud is no cloud name/],
      [['sandbox', '--cloud', 'a:1:x', '--cloud', 'a:2:y'], /one cloud twice/],
      [['sandbox', '--cloud', 'a', '--key', '1', '--secret', ''], /must not be empty/],
      [['sandbox', '--cloud', 'a', '--key', '1', '--secret', 'x', '--cloud', 'a', '--key', '2', '--secret', 'y'], /one cloud twice/]
    ]
    for (const [args, message] of wrong) t.throws(() => parseCommandLine(args), { name: 'UsageError', message }, args.join(' '))
    t.equal(new UsageError('x').name, 'UsageError')
  })

  t.test('the help names every command and option', async (t) => {
    for (const word of ['serve', 'sandbox', 'health', 'openapi', 'key', '--host', '--port', '--data', '--cloud', '--key', '--secret', '--allow-private-fetch', '--allow-production', '--allow-list', '--allow-pdf-zip', '--strict', '--folder-mode', '--token-key', '--admin-rate-limit', '--public-url', '--seed', '--no-samples', '--coverage', '--json', '--help', '--version']) t.match(HELP, word)
  })
})
