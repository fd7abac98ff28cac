import t from 'tap'
import { defaultSettings, OPTION_MEANINGS, OPTION_NAMES, setOption, unknownOption } from '../../../src/config/environments/options.ts'

t.test('every option has a meaning, and names are those of CLOUDINARY_URL', async (t) => {
  t.same(OPTION_MEANINGS.map(([name]) => name), OPTION_NAMES)
  for (const [name, meaning] of OPTION_MEANINGS) t.match(`${name} ${meaning}`, /^[a-z_]+ [^]+\.$/)
})

t.test('setOption takes good values and says what is wrong with others', async (t) => {
  const settings = defaultSettings()
  t.equal(setOption(settings, 'upload_prefix', 'https://inner.example/', false), undefined)
  t.equal(setOption(settings, 'public_upload_prefix', 'http://localhost:8081', false), undefined)
  t.equal(setOption(settings, 'private_cdn', 'TRUE', false), undefined)
  t.match(settings, { uploadPrefix: 'https://inner.example', publicUploadPrefix: 'http://localhost:8081', delivery: { private_cdn: true } })
  for (const [name, good, bad] of [
    ['cname', 'img.example.com:8443', 'a/b'],
    ['secure', '0', 'yes'],
    ['api_proxy', 'http://proxy:3128', 'ftp://proxy'],
    ['signature_algorithm', 'sha256', 'md5'],
    ['signature_version', '1', '3']
  ] as const) {
    t.equal(setOption(settings, name, good, false), undefined)
    t.match(setOption(settings, name, bad, false), /^must be/)
  }
  t.equal(setOption(settings, 'signature_version', '2', false), undefined)
  t.match(settings, { signatureAlgorithm: 'sha256', signatureVersion: 2, delivery: { cname: 'img.example.com:8443', secure: false } })
  t.match(setOption(settings, 'public_upload_prefix', 'http://inner.example', false), /must be https/)
  t.equal(setOption(settings, 'public_upload_prefix', 'http://inner.example', true), undefined)
  t.match(setOption(settings, 'public_upload_prefix', 'https://u:p@inner.example', true), /user name/)
  t.equal(setOption(settings, 'nothing', 'x', false), undefined)
})

t.test('unknownOption tells those of official clients from those of nobody', async (t) => {
  for (const name of ['analytics', 'urlAnalytics', 'timeout', 'oauth_token', 'account_id', 'auth_token[key]', 'logging[level]']) {
    t.match(unknownOption(name), { warning: `not used here: ${name}` }, name)
  }
  const meant = { uploadPrefix: 'upload_prefix', 'secure-distribution': 'secure_distribution', cnam: 'cname', signature_algoritm: 'signature_algorithm', 'url[private_cdn]': 'private_cdn' }
  for (const [name, right] of Object.entries(meant)) {
    const shown = name.includes('-') ? '(unreadable name)' : `${name}; did you mean ${right}?`
    t.same(unknownOption(name), { reason: `has an unknown option: ${shown}` })
  }
  t.same(unknownOption(''), { reason: 'has an unknown option: (unreadable name)' })
})
