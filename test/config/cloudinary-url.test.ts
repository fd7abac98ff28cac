import t from 'tap'
import { defaultDraft, OPTION_NAMES, parseCloudinaryUrl } from '../../src/config/cloudinary-url.ts'

const parse = (text: string, insecure = false) => parseCloudinaryUrl(text, insecure)

t.test('parseCloudinaryUrl', async (t) => {
  t.test('reads key, secret and cloud; everything else is as the official clients have it', async (t) => {
    t.same(parse('cloudinary://123456789012345:abcd-EF_gh@My-Cloud'), {
      credentials: { cloudName: 'My-Cloud', apiKey: '123456789012345', apiSecret: 'abcd-EF_gh' },
      settings: defaultDraft(),
      reasons: [],
      warnings: []
    })
    t.match(parse('CLOUDINARY://k:s%2Bs@demo'), { credentials: { apiSecret: 's+s' } })
  })

  t.test('honours every option', async (t) => {
    const query = 'upload_prefix=https://api-eu.cloudinary.com/&secure=false&secure_distribution=img.example.com:8443&private_cdn=true&cname=cdn.example.com' +
      '&cdn_subdomain=TRUE&secure_cdn_subdomain=0&signature_algorithm=sha256&signature_version=1&long_url_signature=1&force_version=false'
    for (const name of OPTION_NAMES) t.match(query, `${name}=`, name)
    t.same(parse(`cloudinary://k:s@demo?${query}`), {
      credentials: { cloudName: 'demo', apiKey: 'k', apiSecret: 's' },
      settings: {
        uploadPrefix: 'https://api-eu.cloudinary.com',
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
      reasons: [],
      warnings: []
    })
    t.match(parse('cloudinary://k:s@demo?signature_algorithm=sha1&signature_version=2'), { settings: { signatureAlgorithm: 'sha1', signatureVersion: 2 } })
  })

  t.test('takes a path for the private CDN\'s host; an option says it more clearly and wins', async (t) => {
    t.match(parse('cloudinary://k:s@demo/img.example.com'), { settings: { delivery: { private_cdn: true, secure_distribution: 'img.example.com' } } })
    t.match(parse('cloudinary://k:s@demo/'), { settings: { delivery: { private_cdn: false, secure_distribution: undefined } } })
    t.match(parse('cloudinary://k:s@demo/img.example.com?private_cdn=false'), { settings: { delivery: { private_cdn: false } } })
    t.match(parse('cloudinary://k:s@demo/a/b'), { reasons: ['has a bad option: secure_distribution must be a host name, with a port if need be'] })
  })

  t.test('warns of options that are not used; a name that is no name is not repeated', async (t) => {
    t.match(parse('cloudinary://k:s@demo?analytics=false&auth_token[key]=ff&Se.cr-et=1'), {
      reasons: [],
      warnings: ['has an option that is not used here: analytics', 'has an option that is not used here: auth_token[key]', 'has an option that is not used here: (unreadable name)']
    })
  })

  t.test('refuses what is malformed, with a reason and without the value', async (t) => {
    const bad: Record<string, RegExp> = {
      'CLOUDINARY_URL=cloudinary://k:s@demo': /must begin with cloudinary/,
      'https://k:s@demo': /must begin with cloudinary/,
      'cloudinary://@': /not of the form/,
      'cloudinary://demo': /API key and the API secret is missing/,
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
