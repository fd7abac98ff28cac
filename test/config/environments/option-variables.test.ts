import t from 'tap'
import { defaultSettings, OPTION_NAMES } from '../../../src/config/environments/options.ts'
import { findOptions, isOptionVariable, readOptionVariables } from '../../../src/config/environments/option-variables.ts'
import { Source } from '../../../src/config/source.ts'

const nameOf = (infix: string): string => infix.toLowerCase()

function find (names: readonly string[], environments: readonly string[] = [], ofUrl = '') {
  const source = new Source(Object.fromEntries(names.map((name) => [name, 'x'])), () => '')
  return Object.fromEntries([...findOptions(source, nameOf, new Set(environments), (name) => name === ofUrl)].map(([name, options]) => [name, options.map(({ option }) => option)]))
}

t.test('isOptionVariable', async (t) => {
  for (const option of OPTION_NAMES) {
    for (const name of [`CLOUDINARY_${option.toUpperCase()}`, `CLOUDINARY_EU_WEST_${option.toUpperCase()}`]) t.ok([name, `${name}_FILE`].every(isOptionVariable), name)
  }
  for (const name of ['CLOUDINARY_URL', 'CLOUDINARY_API_KEY', 'CLOUDINARY_ACCOUNT_URL', 'CLOUDINARY_URL_SECURE', 'CLOUDINARY_URL_MY_CNAME_FILE', 'CLOUDINARY_EDITORCNAME', 'CNAME', 'UPLOAD_PREFIX']) t.notOk(isOptionVariable(name), name)
})

t.test('findOptions takes the longest option, unless the other reading names an environment', async (t) => {
  t.same(find(['CLOUDINARY_EDITOR_SECURE_CDN_SUBDOMAIN', 'CLOUDINARY_SECURE_CDN_SUBDOMAIN']), { editor: ['secure_cdn_subdomain'], '': ['secure_cdn_subdomain'] })
  t.same(find(['CLOUDINARY_SECURE_CDN_SUBDOMAIN'], ['secure']), { secure: ['cdn_subdomain'] })
  t.same(find(['CLOUDINARY_PUBLIC_UPLOAD_PREFIX'], ['public', 'editor']), { public: ['upload_prefix'] })
  t.same(find(['CLOUDINARY_PUBLIC_UPLOAD_PREFIX'], ['production']), { '': ['public_upload_prefix'] })
  t.same(find(['CLOUDINARY_URL_SECURE', 'CLOUDINARY_URL_CNAME'], ['url'], 'CLOUDINARY_URL_CNAME'), { url: ['cname'] })
  t.same(find(['CLOUDINARY_X_CNAME', 'CLOUDINARY_X_CNAME_FILE', 'CLOUDINARY_X_SECURE', 'PATH']), { x: ['cname', 'secure'] })
})

t.test('readOptionVariables sets each option once, and names the variable of each fault', async (t) => {
  const source = new Source({
    CLOUDINARY_X_CNAME_FILE: '/cname',
    CLOUDINARY_X_PRIVATE_CDN: 'canary',
    CLOUDINARY_X_SECURE: 'false',
    CLOUDINARY_x_SECURE: 'true',
    CLOUDINARY_X_UPLOAD_PREFIX: '"https://canary.example"',
    CLOUDINARY_X_SECURE_DISTRIBUTION: 'a.example',
    CLOUDINARY_X_FORCE_VERSION_FILE: '/empty'
  }, (path) => path === '/cname' ? 'img.example\n' : '')
  const settings = defaultSettings()
  const beside = { given: new Set(['secure_distribution']), url: 'CLOUDINARY_URL_X' }
  readOptionVariables(source, findOptions(source, nameOf, new Set(), () => false).get('x') ?? [], settings, beside, false)
  t.same(source.faults, [
    { name: 'CLOUDINARY_X_FORCE_VERSION_FILE', reason: 'names a file that is empty' },
    { name: 'CLOUDINARY_X_PRIVATE_CDN', reason: 'must be true or false' },
    { name: 'CLOUDINARY_X_SECURE_DISTRIBUTION', reason: 'gives secure_distribution a second time, beside CLOUDINARY_URL_X; keep one of them' },
    { name: 'CLOUDINARY_X_UPLOAD_PREFIX', reason: 'has a quotation mark in it' },
    { name: 'CLOUDINARY_x_SECURE', reason: 'gives secure a second time, beside CLOUDINARY_X_SECURE; keep one of them' }
  ])
  t.match(settings.delivery, { cname: 'img.example', secure: false })
})
