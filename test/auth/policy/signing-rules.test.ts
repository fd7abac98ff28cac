import t from 'tap'
import {
  backDated, compileSigning, HELD_IN_UPDATES, isOff, isOn, signingFaults, updateFaults, withForced
} from '../../../src/auth/policy/signing-rules.ts'

const faultsOf = (rules: Parameters<typeof compileSigning>[0], parameters: Record<string, string>, resourceType?: string, claims = {}) =>
  signingFaults(compileSigning(rules, claims), parameters, resourceType).map(({ pointer }) => pointer)

t.test('without a list, all that is known is allowed, but what runs scripts, picks proxies or writes headers', async (t) => {
  t.same(faultsOf({}, { folder: 'a', tags: 'b', timestamp: '1', public_id: 'c', eager: 'w_1', source: 'uw' }), [])
  t.same(faultsOf({}, { eval: 'x', on_success: 'x', proxy: 'x', headers: 'x', callback: 'x', made_up: 'x' }), ['/eval', '/on_success', '/proxy', '/headers', '/callback', '/made_up'])
})

t.test('every parameter that is not allowed is named, the unknown ones too', async (t) => {
  t.same(faultsOf({ allow: ['folder', 'eval'] }, {
    folder: 'a', eval: 'x', timestamp: '1', notification_url: 'https://example.com', eager: 'w_1', type: 'private', access_mode: 'public', overwrite: 'true', invalidate: 'true', upload_preset: 'p', raw_convert: 'x', async: 'true', proxy: 'x', headers: 'x', tomorrow: 'x'
  }), ['/notification_url', '/eager', '/type', '/access_mode', '/overwrite', '/invalidate', '/upload_preset', '/raw_convert', '/async', '/proxy', '/headers', '/tomorrow'])
})

t.test('a rule about a parameter allows it', async (t) => {
  t.same(faultsOf({ allow: [], require: ['tags'], force: { moderation: 'manual' }, folder: ['a'], public_id: ['b'], formats: ['jpg'], presets: ['p'], notification_hosts: ['example.com'] }, {
    tags: 'x', moderation: 'manual', folder: 'a', public_id: 'b', allowed_formats: 'jpg', upload_preset: 'p', notification_url: 'https://example.com/'
  }), [])
})

t.test('what is required must be sent, unless it is forced', async (t) => {
  t.same(faultsOf({ require: ['folder', 'tags'], force: { folder: 'x' } }, {}), ['/tags'])
})

t.test('what is forced is set; another value is refused', async (t) => {
  const rules = compileSigning({ force: { moderation: 'manual', overwrite: false, tags: ['web', '{sub}'], folder: 'users/{sub}', auto_tagging: 0.5 } }, { sub: '7' })
  t.same(withForced(rules, { tags: 'x', context: 'a=b' }), { context: 'a=b', moderation: 'manual', overwrite: 'false', tags: 'web,7', folder: 'users/7', auto_tagging: '0.5' })
  t.same(signingFaults(rules, { moderation: 'manual', folder: 'users/8' }), [{ pointer: '/folder', message: 'is always "users/7" for this caller' }])
})

t.test('nothing moves an asset away from where it was judged, unless it is allowed by name', async (t) => {
  const moved = { folder: 'users/1', public_id: 'x', public_id_prefix: 'users/2', asset_folder: 'users/2', use_asset_folder_as_public_id_prefix: 'true' }
  for (const rules of [
    { folder: ['users/1'], public_id: ['*'] },
    { folder: ['users/1'] },
    { public_id: ['*'] },
    { force: { folder: 'users/1' } }
  ]) {
    t.same(
      faultsOf(rules, moved), ['/public_id_prefix', '/use_asset_folder_as_public_id_prefix'],
      JSON.stringify(rules)
    )
  }
  t.same(faultsOf({}, moved), [])
  t.same(
    faultsOf({ allow: Object.keys(moved), folder: ['users/1'] }, moved), [],
    'where it comes to lie is judged elsewhere'
  )
})

t.test('formats: signed as allowed_formats, and the target format is held to them too', async (t) => {
  const rules = compileSigning({ formats: ['jpg', 'png'] }, {})
  t.same(withForced(rules, {}), { allowed_formats: 'jpg,png' })
  t.same(withForced(rules, { allowed_formats: 'png' }), { allowed_formats: 'png' })
  t.same(signingFaults(rules, { allowed_formats: 'png, jpg', format: 'png' }), [])
  t.same(signingFaults(rules, { allowed_formats: 'png,svg,exe', format: 'svg' }).map(({ pointer }) => pointer), ['/allowed_formats', '/allowed_formats', '/format'])
  for (const nothing of ['', ',', ' , ']) t.match(signingFaults(rules, { allowed_formats: nothing }), [{ pointer: '/allowed_formats', message: 'must name some of jpg, png, or be left out' }], JSON.stringify(nothing))
  t.same(faultsOf({ formats: ['jpg'] }, { format: 'svg' }), ['/format'])
  for (const any of [{}, { allowed_formats: 'jpg' }, { format: 'jpg' }]) {
    t.same(faultsOf({ formats: [] }, any), ['/allowed_formats'], 'no format at all, which no list could say')
  }
  t.same(faultsOf({}, { allowed_formats: ',' }), [])
})

t.test('presets, notification hosts and kinds of asset', async (t) => {
  t.same(faultsOf({ presets: ['a'] }, { upload_preset: 'b' }), ['/upload_preset'])
  t.match(signingFaults(compileSigning({ presets: [] }, {}), { upload_preset: 'b' }), [{ message: 'must be one of none' }])
  t.same(faultsOf({ notification_hosts: ['hooks.example.com'] }, { notification_url: 'https://hooks.example.com.evil.com', eager_notification_url: 'https://hooks.example.com/e' }), ['/notification_url'])
  t.same(faultsOf({ resource_types: ['image'] }, {}, 'raw'), ['/resource_type'])
  t.same(faultsOf({ resource_types: ['image'] }, {}, 'image'), [])
  t.same(faultsOf({ resource_types: ['image'] }, {}), [])
})

t.test('a shorter life is had by an earlier timestamp', async (t) => {
  t.equal(backDated(compileSigning({ validity_seconds: 300 }, {}), 10_000), 10_000 - 3600 + 300)
  t.equal(backDated(compileSigning({}, {}), 10_000), 10_000)
})

t.test('the size limit is carried along', async (t) => {
  t.equal(compileSigning({ max_bytes: 10 }, {}).maxBytes, 10)
})

t.test('updates are held to what uploads may set, where both have it', async (t) => {
  const faults = (rules: Parameters<typeof compileSigning>[0], changes: Record<string, string>) =>
    updateFaults(compileSigning(rules, {}), changes).map(({ pointer, message }) => `${pointer} ${message}`)
  t.same(faults({ allow: ['tags'] }, { tags: 'a', context: 'a=b', asset_folder: 'a' }), [], 'what describes an asset is for whoever may update')
  for (const name of HELD_IN_UPDATES) {
    t.same(faults({ allow: ['tags'] }, { [name]: 'x' }), [`/${name} may not be set by this caller`])
    t.same(faults({ allow: [name] }, { [name]: 'x' }), [])
    t.same(faults({ force: { [name]: 'y' } }, { [name]: 'x' }), [`/${name} is always "y" for this caller`])
  }
  t.same(faults({ formats: ['png'] }, { ocr: 'adv_ocr', headers: 'X-Robots-Tag: none' }), ['/headers may not be set by this caller'], 'headers must be allowed by name')
})

t.test('single use is a rule only where it is switched on', async (t) => {
  t.same(
    [{ single_use: true }, { single_use: false }, {}].map((rules) => compileSigning(rules, {}).singleUse),
    [true, undefined, undefined]
  )
})

t.test('flags in wire text: on, off, or left to others', async (t) => {
  t.same(['true', '1', 'false', '0', 'maybe', undefined].map((value) => [isOn(value), isOff(value)]), [
    [true, false], [true, false], [false, true], [false, true], [false, false], [false, false]
  ])
})
