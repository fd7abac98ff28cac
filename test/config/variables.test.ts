import t from 'tap'
import {
  readableFromFile, SETTING_NAMES, Settings, VARIABLES, formatBytes, parseBytes, readShare
} from '../../src/config/variables.ts'

t.test('VARIABLES', async (t) => {
  const byName = new Map(VARIABLES.map((variable) => [variable.name, variable]))

  t.test('has one line for every variable, each with a meaning that ends as a sentence', async (t) => {
    t.equal(byName.size, VARIABLES.length)
    for (const name of SETTING_NAMES) t.ok(byName.has(name), name)
    for (const { name, meaning } of VARIABLES) t.match(meaning, /^[A-Z`].*[.:]$/, name)
  })

  t.test('shows defaults as one would write them', async (t) => {
    const shown = ['PORT', 'UPLOAD_MAX_BYTES', 'UPLOAD_CHUNK_BYTES', 'UPLOAD_VERIFY_STRICT', 'SANDBOX', 'ROUTE_PREFIX', 'TRUST_PROXY', 'REDIS_URL', 'REDIS_PREFIX', 'CLOUDINARY_URL']
    t.same(shown.map((name) => byName.get(name)?.default), ['`8080`', '`5GiB`', '`20MB`', '`false`', '`auto`', '', '', '', '`cloudinary-gateway:`', ''])
  })

  t.test('says which may come from a file: those that hold secrets, and a PEM block', async (t) => {
    t.same(SETTING_NAMES.filter((name) => readableFromFile(Settings.properties[name])), ['REDIS_URL', 'REDIS_TLS_CA', 'REDIS_TLS_CERT', 'REDIS_TLS_KEY', 'GATEWAY_KEYS', 'AUTH_PUBLIC_KEY'])
    t.match(byName.get('GATEWAY_KEYS')?.meaning, 'Also as `_FILE`.')
    t.match(byName.get('CLOUDINARY_URL_<NAME>')?.meaning, 'Also as `_FILE`.')
  })
})

t.test('parseBytes', async (t) => {
  const sizes = { 10: 10, '10b': 10, '10kB': 10_000, '10KiB': 10_240, '10mb': 10_000_000, '20M': 20_000_000, '10MiB': 10_485_760, '5GiB': 5_368_709_120, '1gb': 1_000_000_000, 0: 0 }
  for (const [text, bytes] of Object.entries(sizes)) t.equal(parseBytes(text), bytes, text)
  for (const text of ['', '1e999', '-1', '+1', '1.5MB', '10 MB', '10TB', 'MB', 'NaN', 'Infinity', '0x10', '9'.repeat(16), '10ib']) t.equal(parseBytes(text), undefined, text)
})

t.test('formatBytes', async (t) => {
  t.same([20_000_000, 100_000_000, 134_217_728, 5_368_709_120, 2_000_000_000, 1_048_576, 1, 0].map(formatBytes),
    ['20MB', '100MB', '128MiB', '5GiB', '2GB', '1MiB', '1', '0'])
  t.test('parses back to the same number', async (t) => {
    for (const bytes of [20_000_000, 134_217_728, 5_368_709_120, 1_234_567]) t.equal(parseBytes(formatBytes(bytes)), bytes)
  })
})

t.test('readShare', async (t) => {
  t.same(['3/4', '1/8', '1', '2/2'].map(readShare), [0.75, 0.125, 1, 1])
})
