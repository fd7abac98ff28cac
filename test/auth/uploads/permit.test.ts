import t from 'tap'
import { EVERYTHING, permissionsOf, type Permissions } from '../../../src/auth/policy/permissions.ts'
import type { CallerRules } from '../../../src/auth/policy/policy-schema.ts'
import {
  permitUpload, prefixInside, requireInside, requireSigned, type Circumstances, type UploadWish
} from '../../../src/auth/uploads/permit.ts'

const NOW = 1_700_000_000
type Wish = Partial<UploadWish> & { rules?: CallerRules, permissions?: Permissions } & Partial<Circumstances>

const permit = ({ rules, permissions = rules ? permissionsOf(rules, { sub: '7' }) : EVERYTHING, signatureVersion = 2, sandbox = false, nowSeconds = NOW, ...wish }: Wish) =>
  permitUpload({ action: 'generateSignature', parameters: {}, ...wish }, { permissions, nowSeconds, signatureVersion, sandbox })

t.test('a caller without rules', async (t) => {
  t.test('signs what it likes, and nothing else can be done with it', async (t) => {
    t.same(permit({ parameters: { eager: 'w_1', timestamp: String(NOW) } }), { parameters: { eager: 'w_1', timestamp: String(NOW) } })
    t.same(permit({ parameters: { public_id: 'a', timestamp: String(NOW) } }).parameters, { public_id: 'a', timestamp: String(NOW), return_delete_token: 'false' })
    t.same(permit({ action: 'uploadResource', parameters: { public_id: 'a' } }).parameters, { public_id: 'a' }, 'what is uploaded at once needs no marker')
  })
  t.test('422 for a timestamp from the future: the signature would outlive its hour', async (t) => {
    t.doesNotThrow(() => permit({ parameters: { timestamp: String(NOW + 300) } }))
    t.throws(() => permit({ parameters: { timestamp: String(NOW + 301) } }), { code: 'param_not_allowed', errors: [{ pointer: '/timestamp' }] })
    t.doesNotThrow(() => permit({ action: 'uploadResource', parameters: { timestamp: String(NOW + 301) } }))
  })
  t.test('422 for addresses that Cloudinary cannot reach, unless the sandbox does', async (t) => {
    const inward = { notification_url: 'http://10.0.0.1/', eager_notification_url: 'http://localhost:3000/' }
    t.throws(() => permit({ parameters: inward }), { code: 'url_not_allowed', errors: [{ pointer: '/notification_url' }, { pointer: '/eager_notification_url' }] })
    t.doesNotThrow(() => permit({ parameters: inward, sandbox: true }))
    t.throws(() => permit({ fileUrl: 'http://169.254.169.254/latest' }), { code: 'url_not_allowed', errors: [{ pointer: '/file' }] })
    t.throws(() => permit({ fileUrl: 'http://10.0.0.1/image/upload/a.jpg' }), { errors: [{ message: /address$/ }] }, 'what it looks like is not the reason')
    for (const fileUrl of ['file:///sdcard/a.jpg', 'content://media/1', 'blob:https://a.example/1']) {
      t.throws(() => permit({ fileUrl }), { code: 'url_not_allowed', errors: [{ pointer: '/file', message: /^must begin with https:.* \(it is an address on the device: send the bytes\)$/ }] }, fileUrl)
    }
    t.doesNotThrow(() => permit({ fileUrl: 'https://example.com/a.jpg' }))
    t.doesNotThrow(() => permit({ fileUrl: 'http://127.0.0.1:22/a.jpg', sandbox: true }))
  })
  t.test('422 for parameters hidden in values, where the signature does not escape "&"', async (t) => {
    const parameters = { context: 'a=b&public_id=c', notification_url: 'https://example.com/?a=1&b=2' }
    t.throws(() => permit({ parameters, signatureVersion: 1 }), { code: 'param_not_allowed', errors: [{ pointer: '/context' }] })
    t.throws(() => permit({ parameters: { notification_url: 'https://e.com/&tag=secret' }, signatureVersion: 1 }), { errors: [{ pointer: '/notification_url' }] }, 'those of other methods too')
    t.doesNotThrow(() => permit({ parameters }))
  })
})

t.test('400 for a public ID that holds a parameter, whatever the version and whoever asks', async (t) => {
  const smuggled = 'victim&tags=stolen&type=upload'
  const callers: Array<CallerRules | undefined> = [
    undefined, { folder: 'users/{sub}' }, { sign: { folder: ['a'] } }
  ]
  for (const rules of callers) {
    for (const signatureVersion of [1, 2] as const) {
      for (const name of ['public_id', 'folder', 'public_id_prefix', 'filename_override']) {
        for (const action of ['uploadResource', 'generateSignature'] as const) {
          const wish = { ...rules && { rules }, action, signatureVersion, parameters: { [name]: smuggled } }
          t.throws(() => permit(wish), {
            code: 'invalid_request', errors: [{ pointer: `/${name}`, message: /"&tags="/ }]
          }, name)
        }
      }
    }
  }
  t.throws(
    () => permit({ parameters: { public_id: smuggled, source: 'uw' }, exact: true, within: '/paramsToSign' }),
    { errors: [{ pointer: '/paramsToSign/public_id' }] }
  )
  t.throws(() => permit({ parameters: { use_filename: 'true' }, filename: `${smuggled}.png` }), {
    code: 'invalid_request', errors: [{ pointer: '/file' }]
  })
  t.doesNotThrow(() => permit({ parameters: {}, filename: `${smuggled}.png` }), 'a name that is not used')
  for (const name of [smuggled, encodeURIComponent(smuggled), `${smuggled}%`]) {
    const remote = { fileUrl: `https://example.com/b/${name}?size=1#x` }
    t.throws(() => permit({ parameters: { use_filename: 'true' }, ...remote }), {
      code: 'invalid_request', errors: [{ pointer: '/file' }]
    }, name)
    t.doesNotThrow(() => permit({ parameters: {}, ...remote }))
  }
  t.doesNotThrow(() => permit({ parameters: { use_filename: 'true' }, fileUrl: 'https://example.com/a.png?format=png&type=upload#&tags=b' }), 'a query is no name')
  t.doesNotThrow(() => permit({ parameters: { public_id: 'Tom & Jerry', context: 'a=b&tags=c' } }))
})

t.test('400 for half of a character: another one would be signed and stored', async (t) => {
  for (const name of [
    'public_id', 'tags', 'context'
  ]) {
    t.throws(() => permit({ parameters: { [name]: 'a\ud800' } }), {
      code: 'invalid_request', errors: [{ pointer: `/${name}`, message: 'holds half of a Unicode character' }]
    })
  }
  t.doesNotThrow(() => permit({ parameters: { tags: '\u{1f600}' } }))
})

t.test('a signed form may do what every caller may', async (t) => {
  t.throws(() => requireSigned({ parameters: { public_id: 'a&tags=b' } }, false), {
    code: 'invalid_request', errors: [{ pointer: '/public_id' }]
  })
  t.throws(() => requireSigned({ parameters: { public_id: '\udc00' } }, false), { code: 'invalid_request' })
  for (const fileUrl of ['s3://bucket/a.jpg', 'gs://bucket/a.jpg']) {
    for (const sandbox of [true, false]) {
      t.throws(() => requireSigned({ parameters: {}, fileUrl }, sandbox), {
        code: 'url_not_allowed',
        errors: [{ pointer: '/file', message: /a signed form may not read from buckets/ }]
      }, fileUrl)
    }
  }
  t.throws(() => requireSigned({ parameters: {}, fileUrl: 'http://10.0.0.1/a.jpg' }, false), { code: 'url_not_allowed' })
  t.doesNotThrow(() => requireSigned({ parameters: { public_id: 'a' }, fileUrl: 'https://example.com/a.jpg' }, false))
  t.doesNotThrow(() => requireSigned({ parameters: { public_id: 'a' }, filename: 'a.jpg' }, false))
})

t.test('a caller with signing rules', async (t) => {
  t.test('is held to its places by the name under which the asset is stored', async (t) => {
    const rules: CallerRules = { sign: { public_id: ['users/{sub}/*'] } }
    t.same(permit({
      rules,
      action: 'uploadResource',
      parameters: { folder: 'users/7', use_filename: 'true' },
      filename: 'a.png'
    }).parameters, { folder: 'users/7', use_filename: 'true' })
    t.throws(() => permit({ rules, parameters: { folder: 'victim', use_filename: 'true' } }), {
      code: 'param_not_allowed', errors: [{ pointer: '/folder' }]
    })
    t.throws(() => permit({ rules, parameters: { public_id: 'users/7/a', upload_preset: 'p', eval: 'x' } }), {
      code: 'param_not_allowed',
      errors: [
        { pointer: '/eval', message: 'may not be signed by this caller' }, { pointer: '/upload_preset' }
      ]
    })
    t.doesNotThrow(() => permit({
      rules: { sign: { ...rules.sign, presets: ['p'] } },
      parameters: { public_id: 'users/7/a', upload_preset: 'p' }
    }))
    t.throws(() => permit({
      rules: { ...rules, folder: 'users/{sub}' }, parameters: { public_id: 'users/7/a', upload_preset: 'p' }
    }), { code: 'forbidden', message: /caller with a folder/ })
    t.same(
      permit({ rules: { ...rules, folder: 'users/{sub}' }, action: 'uploadResource' }).parameters,
      { folder: 'users/7' }, 'what the gateway adds counts'
    )
  })
  t.test('is notified at the hosts of its policy alone', async (t) => {
    const sign = { notification_hosts: ['hooks.example.com:8443'] }
    t.doesNotThrow(() => permit({ rules: { sign }, parameters: { notification_url: 'https://hooks.example.com:8443/done' } }))
    t.throws(() => permit({ rules: { sign }, parameters: { notification_url: 'https://example.com/' } }), { code: 'param_not_allowed' })
  })
  const rules: CallerRules = { sign: { allow: ['tags'], require: ['context'], force: { moderation: 'manual' }, formats: ['jpg'], validity_seconds: 300, max_bytes: 1000, resource_types: ['image'], notification_hosts: ['example.com'] } }
  t.test('gets what is forced, a short life, and the size limit', async (t) => {
    t.same(permit({ rules, parameters: { tags: 'a', context: 'k=v', timestamp: String(NOW) }, resourceType: 'image' }), {
      parameters: { tags: 'a', context: 'k=v', allowed_formats: 'jpg', moderation: 'manual', timestamp: String(NOW - 3300) },
      maxBytes: 1000
    })
    t.equal(permit({ rules, parameters: { context: 'k=v', timestamp: String(NOW - 3500) } }).parameters['timestamp'], String(NOW - 3500), 'an earlier timestamp stays')
    t.equal(permit({ rules, parameters: { context: 'k=v' } }).parameters['timestamp'], String(NOW - 3300))
    t.equal(permit({ rules, action: 'uploadResource', parameters: { context: 'k=v' } }).parameters['timestamp'], undefined)
  })
  t.test('422 naming every offending parameter', async (t) => {
    t.throws(() => permit({ rules, parameters: { eager: 'w_1', moderation: 'x', allowed_formats: 'svg', notification_url: 'https://evil.com' }, resourceType: 'raw' }), {
      code: 'param_not_allowed',
      message: /and 5 more/,
      errors: [{ pointer: '/eager' }, { pointer: '/context' }, { pointer: '/moderation' }, { pointer: '/allowed_formats' }, { pointer: '/notification_url' }, { pointer: '/resource_type' }]
    })
    t.throws(() => permit({ rules: { sign: { notification_hosts: ['10.0.0.1.example.com'] } }, parameters: { notification_url: 'https://example.com' } }), { code: 'param_not_allowed' })
  })
  t.test('a set that must stay as it is has to hold what is forced, and an early timestamp', async (t) => {
    const good = { source: 'uw', context: 'k=v', moderation: 'manual', allowed_formats: 'jpg', timestamp: String(NOW - 3300) }
    const widget: CallerRules = { sign: { ...rules.sign, allow: ['source'] } }
    t.same(permit({ rules: widget, parameters: good, exact: true }).parameters, good)
    t.throws(() => permit({ rules: widget, parameters: { source: 'uw', context: 'k=v', timestamp: String(NOW) }, exact: true }), {
      errors: [{ pointer: '/allowed_formats' }, { pointer: '/moderation' }, { pointer: '/timestamp' }]
    })
    t.throws(() => permit({ parameters: { public_id: 'a', timestamp: String(NOW) }, exact: true }), { code: 'param_not_allowed', errors: [{ pointer: '/public_id' }] })
    t.throws(() => permit({ rules: widget, parameters: { ...good, timestamp: String(NOW - 3299) }, exact: true }), { errors: [{ pointer: '/timestamp', message: /dated back, which the Upload Widget's own is not/ }] }, 'a life that was shortened has no room for clocks')
    for (const sign of [{}, { validity_seconds: 3600 }]) {
      t.doesNotThrow(() => permit({ rules: { sign }, parameters: { source: 'uw', timestamp: String(NOW + 300) }, exact: true }), 'one of the full hour has')
      t.throws(() => permit({ rules: { sign }, parameters: { source: 'uw', timestamp: String(NOW + 301) }, exact: true }), { errors: [{ pointer: '/timestamp', message: /longer than it may$/ }] })
    }
    t.throws(() => permit({ rules: { sign: { folder: ['a'], force: { folder: 'a' } } }, parameters: { source: 'uw' }, exact: true }), { errors: [{ pointer: '/folder', message: 'must be sent as "a"' }] })
  })
})

t.test('a caller with a folder', async (t) => {
  const rules: CallerRules = { folder: 'users/{sub}' }
  t.test('uploads into it, even without saying so', async (t) => {
    t.same(permit({ rules, parameters: { tags: 'a' } }).parameters, { tags: 'a', folder: 'users/7' })
    t.same(permit({ rules, parameters: { folder: 'users/7/x' } }).parameters, { folder: 'users/7/x' })
    t.same(permit({ rules, parameters: { source: 'uw', folder: 'users/7' }, exact: true }).parameters, { source: 'uw', folder: 'users/7' })
  })
  t.test('403 for any way out of it, all of them named', async (t) => {
    t.throws(() => permit({ rules, parameters: { public_id: 'users/8/a', eval: 'x', on_success: 'x', upload_preset: 'p', transformation: 'l_other', eager: 'w_1|u_users:7:a/fn_remote:x' } }), {
      code: 'forbidden',
      errors: [{ pointer: '/public_id' }, { pointer: '/eval' }, { pointer: '/on_success' }, { pointer: '/upload_preset' }, { pointer: '/transformation' }, { pointer: '/eager' }]
    })
    t.throws(() => permit({ rules, parameters: { source: 'uw' }, exact: true }), { code: 'forbidden', errors: [{ pointer: '/public_id' }] })
    t.throws(() => permit({ rules, parameters: { folder: 'users/7', use_filename: 'true' }, filename: '../a.jpg' }), { code: 'forbidden', errors: [{ pointer: '/file' }] })
    t.throws(() => permit({ rules: { ...rules, sign: { allow: [] } }, parameters: { folder: 'x', tags: 'a' } }), { code: 'forbidden', errors: [{ pointer: '/folder' }, { pointer: '/folder' }, { pointer: '/tags' }] })
  })
  t.test('422 for files from buckets, which Cloudinary reads with rights of the account', async (t) => {
    for (const fileUrl of ['s3://backups/users/8.zip', 'gs://backups/a.jpg', 'S3://backups/a.jpg']) {
      t.throws(() => permit({ rules, action: 'uploadResource', fileUrl }), { code: 'url_not_allowed', errors: [{ pointer: '/file', message: /may not read from buckets/ }] }, fileUrl)
      t.doesNotThrow(() => permit({ action: 'uploadResource', fileUrl }))
    }
    for (const fileUrl of ['https://example.com/a.jpg', 'http://example.com/a.jpg', 'ftp://example.com/a.jpg']) t.doesNotThrow(() => permit({ rules, action: 'uploadResource', fileUrl }), fileUrl)
    t.throws(() => permit({ rules, action: 'uploadResource', fileUrl: 'http://10.0.0.1/a.jpg' }), { errors: [{ message: /private/ }] })
  })
  t.test('may use the presets that its policy lists', async (t) => {
    t.same(permit({ rules: { ...rules, sign: { presets: ['p'] } }, action: 'uploadResource', parameters: { folder: 'users/7', upload_preset: 'p', transformation: 'w_1' } }).parameters, { folder: 'users/7', upload_preset: 'p', transformation: 'w_1' })
  })
})

t.test('protected assets, and deleting where it is not allowed', async (t) => {
  const rules: CallerRules = { delete: { protected: ['brand/**'] } }
  t.throws(() => permit({ rules, parameters: { public_id: 'brand/logo' } }), { code: 'forbidden', errors: [{ pointer: '/public_id' }] })
  t.throws(() => permit({ rules, action: 'uploadResource', parameters: { folder: 'brand', use_filename: 'true', unique_filename: 'false' }, filename: 'logo.png' }), { code: 'forbidden', errors: [{ pointer: '/public_id' }] })
  t.doesNotThrow(() => permit({ rules: { ...rules, sign: { force: { overwrite: false } } }, parameters: { public_id: 'brand/logo' } }), 'what is forced counts')
  t.throws(() => permit({ rules: { delete: { allow: false } }, parameters: { public_id: 'a', return_delete_token: 'true' } }), { code: 'forbidden', errors: [{ pointer: '/return_delete_token' }] })
  t.same(permit({ rules: { delete: { allow: false } }, action: 'uploadResource', parameters: { upload_preset: 'p' } }).parameters, { upload_preset: 'p', return_delete_token: 'false' })
  t.throws(() => permit({ rules: { delete: { allow: false } }, parameters: { source: 'uw', upload_preset: 'p' }, exact: true }), { code: 'forbidden', errors: [{ pointer: '/return_delete_token', message: /must be sent/ }] })
})

t.test('assets outside a folder: one foreign ID among many refuses them all', async (t) => {
  t.doesNotThrow(() => requireInside(undefined, [['/public_id', 'anything']]))
  t.doesNotThrow(() => requireInside('users/7', [['/public_ids/0', 'users/7/a'], ['/public_ids/1', 'users/7/b']]))
  t.throws(() => requireInside('users/7', [['/public_ids/0', 'users/7/a'], ['/public_ids/1', 'users/8/b']]), { code: 'forbidden', errors: [{ pointer: '/public_ids/1' }] })
})

t.test('lists: the prefix is kept inside the folder', async (t) => {
  for (const prefix of [undefined, 'users/7', 'users/7/']) t.equal(prefixInside('users/7', prefix), 'users/7/', String(prefix))
  for (const prefix of ['users/7/a', 'users/7/a/']) t.equal(prefixInside('users/7', prefix), prefix)
  for (const prefix of ['', 'users', 'users/', 'users/70', 'users/7/../8', 'users/7/..', 'users/7//']) t.throws(() => prefixInside('users/7', prefix), { code: 'forbidden' }, prefix)
})

t.test('pointers lead to where the parameters stand', async (t) => {
  t.throws(() => permit({ rules: { sign: { allow: [] } }, parameters: { tags: 'a' }, exact: true, within: '/paramsToSign' }), {
    code: 'param_not_allowed', message: /^\/paramsToSign\/tags may not/, errors: [{ pointer: '/paramsToSign/tags' }]
  })
  t.throws(() => permit({ parameters: { public_id: 'a' }, exact: true, within: '/paramsToSign' }), { message: /^This set/, errors: [{ pointer: '/paramsToSign/public_id' }] })
  t.throws(() => permit({ parameters: null as never, within: '/x' }), TypeError, 'a bug stays a bug')
})

t.test('single use: the form is named here, and an upload is not concerned', async (t) => {
  const permissions = permissionsOf(
    { folder: 'users/1', sign: { single_use: true, formats: ['gif'], require: ['tags'] } }, {}
  )
  const permit = (
    action: 'generateSignature' | 'uploadResource', parameters: Record<string, string>, exact = false
  ) =>
    permitUpload({
      action,
      exact,
      parameters: { timestamp: '1000', ...parameters },
      ...(exact && { within: '/paramsToSign' })
    }, {
      permissions, nowSeconds: 1000, signatureVersion: 2, sandbox: false, newName: () => 'name'
    })
  const { parameters, another } = permit('generateSignature', { tags: 'a' })
  t.same(parameters, {
    timestamp: '1000',
    tags: 'a',
    folder: 'users/1',
    allowed_formats: 'gif',
    public_id: 'name',
    overwrite: 'false'
  })
  t.same(another?.(), parameters)
  t.match(permitUpload({ action: 'generateSignature', parameters: { tags: 'a', timestamp: '1000' } }, {
    permissions, nowSeconds: 1000, signatureVersion: 2, sandbox: false
  }).parameters['public_id'], /^[0-9a-f]{32}$/)
  t.throws(
    () => permit('generateSignature', {}),
    { code: 'param_not_allowed', errors: [{ pointer: '/tags' }] },
    'the other rules hold'
  )
  t.throws(() => permit('generateSignature', { tags: 'a', public_id: 'users/1/a' }), {
    code: 'param_not_allowed', errors: [{ pointer: '/public_id' }]
  })
  t.throws(() => permit('generateSignature', { tags: 'a', source: 'uw' }, true), {
    code: 'param_not_allowed', errors: [{ pointer: '/paramsToSign' }]
  })
  const upload = permit('uploadResource', { tags: 'a', public_id: 'users/1/a', overwrite: 'true' })
  t.match(upload, { parameters: { public_id: 'users/1/a', overwrite: 'true' }, another: undefined })
})
