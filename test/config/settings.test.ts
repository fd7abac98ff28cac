import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { readSettings } from '../../src/config/settings.ts'
import { Source } from '../../src/config/source.ts'

function read (variables: Record<string, string>) {
  const source = new Source(variables, () => 'web=sha256:00\n')
  return { settings: readSettings(source), faults: source.faults }
}

t.test('readSettings', async (t) => {
  t.test('has a default for everything that needs one', async (t) => {
    const { settings, faults } = read({ PATH: '/bin', PORT: '' })
    t.same(faults, [])
    t.match(settings, { HOST: '127.0.0.1', PORT: 8080, LOG_LEVEL: 'info', SANDBOX: 'auto', UPLOAD_CHUNK_BYTES: 20_000_000, CORS_ORIGINS: [], UPLOAD_VERIFY_STRICT: false })
    t.equal(settings.REDIS_URL, undefined)
  })

  t.test('turns text into numbers, sizes, flags and lists', async (t) => {
    const { settings, faults } = read({
      HOST: '::',
      PORT: '0',
      TRUST_PROXY: '10.0.0.0/8, ::1,',
      CORS_ORIGINS: 'https://a.example,https://*.b.example',
      UPLOAD_MAX_BYTES: '1GiB',
      UPLOAD_CHUNK_BYTES: '5MiB',
      UPLOAD_CALLER_SHARE: '2/3',
      UPLOAD_SIGNATURE_SHARE: '1',
      UPLOAD_VERIFY: 'md5',
      UPLOAD_VERIFY_STRICT: 'true',
      ALLOW_INSECURE_UPSTREAM: 'false',
      REDIS_URL: 'redis://:pass@redis:6379/1',
      REDIS_PREFIX: 'shop/eu-1_{a}.b:',
      GATEWAY_KEYS_FILE: '/keys',
      AUTH_JWKS_URL: 'https://id.example/jwks',
      SANDBOX_PUBLIC_URL: 'http://pc.local:8081',
      UPLOAD_FILE_ROOT: import.meta.dirname
    })
    t.same(faults, [])
    t.match(settings, {
      HOST: '::',
      PORT: 0,
      TRUST_PROXY: ['10.0.0.0/8', '::1'],
      CORS_ORIGINS: ['https://a.example', 'https://*.b.example'],
      UPLOAD_MAX_BYTES: 1_073_741_824,
      UPLOAD_CHUNK_BYTES: 5_242_880,
      UPLOAD_CALLER_SHARE: '2/3',
      UPLOAD_SIGNATURE_SHARE: '1',
      UPLOAD_VERIFY: 'md5',
      UPLOAD_VERIFY_STRICT: true,
      ALLOW_INSECURE_UPSTREAM: false,
      REDIS_PREFIX: 'shop/eu-1_{a}.b:',
      GATEWAY_KEYS: 'web=sha256:00',
      UPLOAD_FILE_ROOT: import.meta.dirname
    })
  })

  t.test('a file that is too large is told by its size, under the variable that names it', async (t) => {
    const source = new Source({ GATEWAY_KEYS_FILE: '/keys' }, () => `web=sha256:00${'\n'.repeat(65_536)}`)
    readSettings(source)
    t.same(source.faults, [{ name: 'GATEWAY_KEYS_FILE', reason: 'names a file that is larger than 64 KiB' }])
  })

  t.test('faults: a number out of range or none, a flag, a choice, a host, a list; all at once', async (t) => {
    const bad: Record<string, Array<[string, RegExp]>> = {
      PORT: [['65536', /whole number from 0 to 65535/], ['-1', /whole number/], ['1e999', /whole number/], ['NaN', /whole number/], ['80.5', /whole number/], ['8080 ', /whole number/], ['0x50', /whole number/]],
      UPLOAD_CHUNK_BYTES: [['10', /from 5242880/], ['1e999', /20MiB/], ['-5MB', /20MiB/], ['1MB', /from 5242880/]],
      UPLOAD_MAX_CONCURRENT: [['0', /from 1 to 10000/]],
      UPLOAD_ENVIRONMENT_SHARE: [
        ['4/3', /more than the whole, which is 1/],
        ['0', /a part such as 3\/4/],
        ['0/4', /part/],
        ['1/0', /part/],
        ['75%', /part/],
        ['2', /part/]
      ],
      UPLOAD_CALLER_SHARE: [['2/1', /more than the whole/]],
      UPLOAD_ADDRESS_SHARE: [['2/1', /more than the whole/]],
      UPLOAD_SIGNATURE_SHARE: [['2/1', /more than the whole/]],
      UPLOAD_MIN_BYTES_PER_SECOND: [['-1', /from 0/], ['slow', /from 0/]],
      UPSTREAM_CONNECT_TIMEOUT_MS: [['0', /from 1/], ['99999999999', /to 86400000/]],
      UPLOAD_VERIFY_STRICT: [['yes', /true or false/], ['1', /true or false/]],
      LOG_LEVEL: [['loud', /one of fatal, error/]],
      REDIS_PREFIX: [['a b', /1 to 64 letters, digits or/], ['shop*', /letters/], ['ü', /letters/], ['a'.repeat(65), /1 to 64/]],
      AUTH: [['off', /one of keys, none$/]],
      SANDBOX: [['true', /one of auto, on, off/]],
      HOST: [['[::1]', /without brackets/], ['a b', /address or a host name/], ['example.com:80', /without a port/]],
      ROUTE_PREFIX: [['media', /path such as/], ['/a//b', /path such as/]],
      TRUST_PROXY: [['true', /IP addresses/], ['10.0.0.1,0.0.0.0/0', /every address/]],
      CORS_ORIGINS: [['*', /exact origins/], ['https://a.example/', /slash at the end/], ['https://a.example,https://*.com', /top-level/], ['https://bücher.example', /origins such as/]],
      REDIS_URL: [['http://redis', /redis:\/\/ or rediss/], ['redis', /redis/], ['redis:///0', /with a host/], ['redis://:100%@redis', /begin a percent-encoded/], ['redis://%ff@redis', /has a %/]],
      REDIS_TLS_CA: [['/etc/ca.pem', /PEM/], ['-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----', /cannot be read/]],
      REDIS_TLS_CERT: [['x', /must be a certificate/]],
      REDIS_TLS_KEY: [['x', /must be a private key/]],
      AUTH_JWKS_URL: [['http://id.example/jwks', /https/]],
      AUTH_PUBLIC_KEY: [['secret', /PEM/], ['-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----', /cannot be read/]],
      AUTH_ISSUER: [['x'.repeat(65_537), /1 to 65536 characters/]],
      SANDBOX_PUBLIC_URL: [['http://pc.local/x', /path/]],
      UPLOAD_FILE_ROOT: [['files', /absolute path/], ['/', /not \//], ['/absent/files', /names no folder that exists/], [import.meta.filename, /names no folder that exists/]]
    }
    for (const [name, cases] of Object.entries(bad)) {
      for (const [value, reason] of cases) t.match(read({ [name]: value }).faults, [{ name, reason }], `${name}=${value.slice(0, 40)}`)
    }
    const all = Object.fromEntries(Object.entries(bad).map(([name, [first]]) => [name, first?.[0] ?? '']))
    t.same(new Set(read(all).faults.map(({ name }) => name)), new Set(Object.keys(bad)))
  })

  t.test('takes a public key on one line or on several, and no private one', async (t) => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    for (const text of [pem, pem.replaceAll('\n', '\\n')]) t.match(read({ AUTH_PUBLIC_KEY: text }), { faults: [], settings: { AUTH_PUBLIC_KEY: pem } })
    t.match(read({ AUTH_PUBLIC_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }).faults, [{ reason: /must be a public key/ }])
  })
})
