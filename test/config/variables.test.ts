import t from 'tap'
import { readableFromFile, SETTING_NAMES, Settings, VARIABLES } from '../../src/config/variables.ts'

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
    t.same(SETTING_NAMES.filter((name) => readableFromFile(Settings.properties[name])), ['REDIS_URL', 'GATEWAY_KEYS', 'AUTH_PUBLIC_KEY'])
    t.match(byName.get('GATEWAY_KEYS')?.meaning, 'Also as `_FILE`.')
    t.match(byName.get('CLOUDINARY_URL_<NAME>')?.meaning, 'Also as `_FILE`.')
  })
})
