import t from 'tap'
import { HELP, parseCommandLine, UsageError } from '../../src/commands/command-line.ts'

t.test('parseCommandLine', async (t) => {
  t.test('serve is the default', async (t) => {
    t.same(parseCommandLine([]), { command: 'serve' })
    t.same(parseCommandLine(['serve']), { command: 'serve' })
    t.same(parseCommandLine(['health']), { command: 'health' })
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
    t.throws(() => parseCommandLine(['sandbox'], { SANDBOX_PORT: 'abc' }), { name: 'UsageError', message: /^SANDBOX_PORT must be a whole number/ })
    t.throws(() => parseCommandLine(['sandbox'], { SANDBOX_ALLOW_PRIVATE_FETCH: 'yes' }), {
      name: 'UsageError', message: 'SANDBOX_ALLOW_PRIVATE_FETCH must be true or false'
    })
    t.throws(() => parseCommandLine(['sandbox'], { SANDBOX_PUBLIC_URL: 'pc' }), { name: 'UsageError', message: /^SANDBOX_PUBLIC_URL must be a scheme/ })
    t.same(parseCommandLine(['serve'], { SANDBOX_PORT: 'abc' }), { command: 'serve' })
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
      [['--prot', '1'], /Unknown option '--prot'/],
      [['sandbox', '--port'], /'--port <value>' argument missing/],
      [['serve', '--port', '1'], '\'serve\' has no option --port'],
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
