import t from 'tap'
import { parseCloudinaryUrl } from '../../../src/config/environments/cloudinary-url.ts'
import { defaultSettings, OPTION_NAMES } from '../../../src/config/environments/options.ts'

const parse = (text: string, insecure = false) => parseCloudinaryUrl(text, insecure)

t.test('parseCloudinaryUrl', async (t) => {
  t.test('reads key, secret and cloud; everything else is as the official clients have it', async (t) => {
    t.same(parse('cloudinary://123456789012345:abcd-EF_gh@My-Cloud'), {
      credentials: { cloudName: 'My-Cloud', apiKey: '123456789012345', apiSecret: 'abcd-EF_gh' },
      settings: defaultSettings(),
      given: new Set(),
      reasons: [],
      warnings: []
    })
    t.match(parse('CLOUDINARY://k:s%2Bs@demo'), { credentials: { apiSecret: 's+s' } })
  })

  t.test('honours every option', async (t) => {
    const query = 'upload_prefix=https://api-eu.cloudinary.com/&public_upload_prefix=https://media.example.com/api/&api_proxy=http://u:p%2540@proxy:3128&secure=false&secure_distribution=img.example.com:8443&private_cdn=true&cname=cdn.example.com' +
      '&cdn_subdomain=TRUE&secure_cdn_subdomain=0&signature_algorithm=sha256&signature_version=1&long_url_signature=1&force_version=false'
    for (const name of OPTION_NAMES) t.match(query, `${name}=`, name)
    const parsed = parse(`cloudinary://k:s@demo?${query}`)
    t.equal('settings' in parsed && parsed.settings.proxy?.url.reveal(), 'http://u:p%40@proxy:3128/')
    t.match(parsed, {
      credentials: { cloudName: 'demo', apiKey: 'k', apiSecret: 's' },
      settings: {
        uploadPrefix: 'https://api-eu.cloudinary.com',
        publicUploadPrefix: 'https://media.example.com/api',
        signatureAlgorithm: 'sha256',
        signatureVersion: 1,
        delivery: {
          secure: false,
          private_cdn: true,
          secure_distribution: 'img.example.com:8443',
          cname: 'cdn.example.com',
          cdn_subdomain: true,
          secure_cdn_subdomain: false,
          long_url_signature: true,
          force_version: false
        }
      },
      given: new Set(OPTION_NAMES),
      reasons: [],
      warnings: []
    })
    t.match(parse('cloudinary://k:s@demo?signature_algorithm=sha1&signature_version=2'), { settings: { signatureAlgorithm: 'sha1', signatureVersion: 2 } })
  })

  t.test('takes a path for the private CDN\'s host; an option says it more clearly and wins', async (t) => {
    t.match(parse('cloudinary://k:s@demo/img.example.com'), { settings: { delivery: { private_cdn: true, secure_distribution: 'img.example.com' } } })
    t.match(parse('cloudinary://k:s@demo/'), { settings: { delivery: { private_cdn: false, secure_distribution: undefined } } })
    t.match(parse('cloudinary://k:s@demo/img.example.com?private_cdn=false'), { settings: { delivery: { private_cdn: false } } })
    t.match(parse('cloudinary://k:s@demo/a/b'), { reasons: ['has a bad option: secure_distribution must be a host name, with or without a port'] })
  })

  t.test('warns of options that official clients know and that have no effect here', async (t) => {
    t.match(parse('cloudinary://k:s@demo?analytics=false&auth_token[key]=ff&timeout=60&chunk_size=1&oauth_token=canary'), {
      reasons: [],
      warnings: ['analytics', 'auth_token[key]', 'timeout', 'chunk_size', 'oauth_token'].map((name) => `has an option that is not used here: ${name}`)
    })
  })

  t.test('refuses options that nobody knows, with the nearest right name; a name that is no name is not repeated', async (t) => {
    t.same(parse('cloudinary://k:s@demo?upload_prefx=https://canary.example&privateCdn=true&api[cname]=c&nothing_near=1&Se.cr-et=1&cname=a.b&cname=c.d').reasons, [
      'has an unknown option: upload_prefx; did you mean upload_prefix?',
      'has an unknown option: privateCdn; did you mean private_cdn?',
      'has an unknown option: api[cname]; did you mean cname?',
      'has an unknown option: nothing_near',
      'has an unknown option: (unreadable name)',
      'gives the option cname twice'
    ])
  })

  t.test('refuses what is malformed, with a reason and without the value', async (t) => {
    const bad: Record<string, RegExp> = {
      'CLOUDINARY_URL=cloudinary://k:s@demo': /must begin with cloudinary/,
      'https://k:s@demo': /must begin with cloudinary/,
      'cloudinary://@': /not of the form/,
      'cloudinary://demo': /API key and the API secret are missing/,
      'cloudinary://k@demo': /the API secret is missing/,
      'cloudinary://:s@demo': /the API key is missing/,
      'cloudinary://k:s@': /not of the form/,
      'cloudinary://k:a/b@demo': /not of the form/,
      'cloudinary://k:s@de^mo': /not of the form/,
      'cloudinary://k:s@demo:80': /port/,
      'cloudinary://1:2': /not of the form cloudinary:\/\/key:secret@cloud/,
      'cloudinary://k:s@demo#x': /#/,
      'cloudinary://k:%zz@demo': /percent-encoded/,
      'cloudinary://k:%22s%22@demo': /quotation mark/,
      '"cloudinary://k:s@demo"': /quotation mark/,
      'cloudinary://k:s@demo\n': /line end/,
      'cloudinary://<your_api_key>:<your_api_secret>@demo': /placeholder/,
      'cloudinary://k:s@demo.example': /the cloud name is no cloud name/,
      'cloudinary://111111111111111:111111111111111@demo': /the API secret looks like an API key/,
      'cloudinary://k:s@demo?upload_prefix=http://evil': /upload_prefix must be https/,
      'cloudinary://k:s@demo?upload_prefix=evil': /upload_prefix must be an https/,
      'cloudinary://k:s@demo?public_upload_prefix=http://evil': /public_upload_prefix must be https/,
      'cloudinary://k:s@demo?secure=yes': /secure must be true or false/,
      'cloudinary://k:s@demo?cname=a/b': /cname must be a host name/,
      'cloudinary://k:s@demo?signature_algorithm=md5': /must be sha1 or sha256/,
      'cloudinary://k:s@demo?signature_version=3': /must be 1 or 2/
    }
    for (const [text, reason] of Object.entries(bad)) {
      const { reasons } = parse(text)
      t.equal(reasons.length, 1, text)
      t.match(reasons[0], reason, text)
      t.notMatch(reasons.join(), text, 'the value is not shown')
    }
  })

  t.test('allows a plain http upstream on this machine, elsewhere only when told', async (t) => {
    t.match(parse('cloudinary://k:s@demo?upload_prefix=http://127.0.0.1:8081'), { reasons: [], settings: { uploadPrefix: 'http://127.0.0.1:8081' } })
    t.match(parse('cloudinary://k:s@demo?upload_prefix=http://sandbox:8081', true), { reasons: [], settings: { uploadPrefix: 'http://sandbox:8081' } })
  })
})
