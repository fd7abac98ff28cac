import t from 'tap'
import { EVERYTHING, permissionsOf, type Permissions } from '../../../src/auth/policy/permissions.ts'
import { permitUpload } from '../../../src/auth/uploads/permit.ts'
import { uploadRules } from '../../../src/auth/uploads/upload-rules.ts'
import { SIGNABLE_PARAMETER_NAMES } from '../../../src/schemas/upload-parameters.ts'

type Rules = Parameters<typeof permissionsOf>[0]
const rulesFor = (permissions: Permissions) => uploadRules({
  permissions, nowSeconds: 1_700_000_000, signatureVersion: 2, sandbox: false
})
const rulesOf = (rules: Rules, claims = {}) => rulesFor(permissionsOf(rules, claims))

t.test('without rules everything is allowed', async (t) => {
  t.same(rulesFor(EVERYTHING), {
    allowed: true,
    reason: null,
    resource_types: ['image', 'video', 'raw', 'auto'],
    formats: null,
    max_bytes: null,
    folder: { forced: null, patterns: [] },
    public_id_patterns: [],
    presets: null,
    fields: { allowed: [...SIGNABLE_PARAMETER_NAMES].sort(), required: [], forced: {} },
    validity_seconds: 3600,
    single_use: false,
    enforced_by_cloudinary: ['fields', 'validity_seconds'],
    enforced_by_page_only: []
  })
})

t.test('the limits of a policy, with the claims of the caller, and who enforces each', async (t) => {
  t.match(rulesOf({
    folder: 'users/{sub}',
    sign: {
      allow: ['public_id', 'tags'],
      require: ['tags', 'context'],
      force: { context: 'owner={sub}', return_delete_token: false },
      formats: ['jpg', 'png'],
      max_bytes: 10_000,
      resource_types: ['image'],
      folder: ['users/{sub}', 'users/{sub}/*'],
      public_id: ['users/{sub}/**'],
      presets: ['mine'],
      validity_seconds: 300
    }
  }, { sub: '42' }), {
    allowed: true,
    resource_types: ['image'],
    formats: ['jpg', 'png'],
    max_bytes: 10_000,
    folder: { forced: null, patterns: ['users/42', 'users/42/*'] },
    public_id_patterns: ['users/42/**'],
    presets: ['mine'],
    fields: {
      allowed: [
        'allowed_formats',
        'context',
        'folder',
        'public_id',
        'return_delete_token',
        'tags',
        'timestamp',
        'upload_preset'
      ],
      required: ['tags'],
      forced: { context: 'owner=42', return_delete_token: 'false' }
    },
    validity_seconds: 300,
    enforced_by_cloudinary: [
      'formats', 'folder', 'public_id_patterns', 'presets', 'fields', 'validity_seconds'
    ],
    enforced_by_page_only: ['resource_types', 'max_bytes']
  })
  t.match(rulesOf({ sign: { force: { folder: 'a', allowed_formats: ['gif', 'png'] } } }), {
    folder: { forced: 'a', patterns: [] }, formats: ['gif', 'png']
  })
  t.match(rulesOf({ folder: 'users/1' }), { folder: { forced: null, patterns: ['users/1', 'users/1/**'] } })
})

t.test('what can never be signed is not called allowed', async (t) => {
  const barred = (rules: Rules, ...names: string[]): boolean[] => {
    const { fields: { allowed } } = rulesOf(rules)
    return names.map((name) => !allowed.includes(name))
  }
  t.same(barred({ folder: 'users/1' }, 'upload_preset', 'eval', 'on_success', 'public_id'), [
    true, true, true, false
  ])
  t.same(rulesOf({ folder: 'users/1' }).presets, [], 'a preset could bring a folder of its own')
  t.same(rulesOf({ sign: { folder: ['a'] } }).presets, [])
  t.same(
    barred(
      { sign: { single_use: true } },
      'public_id',
      'use_filename',
      'upload_preset',
      'metadata',
      'tags',
      'folder'
    ),
    [true, true, true, true, false, false]
  )
  t.same(barred({ sign: { single_use: true } }, 'phash', 'proxy', 'colors'), [true, true, false])
  const powerful = { sign: { allow: ['eval', 'tags'] } }
  t.same(barred(powerful, 'eval'), [false])
  for (const rules of [{ delete: { allow: false } }, { delete: { protected: ['brand/**'] } }]) {
    t.same(
      barred({ ...powerful, ...rules }, 'eval', 'tags'),
      [true, false],
      'a script could change what is protected'
    )
  }
  t.same(
    barred({ sign: { notification_hosts: [] } }, 'notification_url', 'eager_notification_url', 'tags'),
    [true, true, false]
  )
  t.match(rulesOf({ sign: { single_use: true } }), {
    allowed: true,
    single_use: true,
    enforced_by_cloudinary: ['presets', 'fields', 'validity_seconds', 'single_use']
  })
})

t.test('allowed: false, with a reason for people, when nothing can be signed', async (t) => {
  const reasons: ReadonlyArray<readonly [Rules, RegExp]> = [
    [{ actions: ['getUrl'] }, /may not do generateSignature/],
    [{ read_only: true }, /may only read/],
    [{ sign: { formats: [] } }, /no file format/],
    [{ sign: { resource_types: [] } }, /no kind of asset/],
    [{ sign: { folder: [] } }, /no folder/],
    [{ sign: { public_id: [] } }, /no public ID/],
    [
      { folder: 'users/1', sign: { force: { folder: 'users/2' } } },
      /No form can be signed: \/folder must be below "users\/1\/"/
    ],
    [{ sign: { force: { notification_url: 'http://127.0.0.1/' } } }, /notification_url/]
  ]
  for (const [rules, why] of reasons) {
    const { allowed, reason } = rulesOf(rules)
    t.equal(allowed, false, String(why))
    t.match(reason, why)
    const permissions = permissionsOf(rules, {})
    const circumstances = {
      permissions, nowSeconds: 1_700_000_000, signatureVersion: 2, sandbox: false
    } as const
    const wish = {
      action: 'generateSignature', parameters: { timestamp: '1700000000' }, resourceType: 'image'
    } as const
    if (permissions.signing) t.throws(() => permitUpload(wish, circumstances), 'and nothing is signed')
    t.match(
      reason, /^Uploads are not allowed here\. .+ Ask the operator of this gateway for the permission\.$/
    )
  }
})

t.test('a caller that may not sign learns nothing of what its policy would force', async (t) => {
  const rules = rulesOf({
    actions: ['getUrl'],
    sign: {
      force: { notification_url: 'https://example.com/?token=TOPSECRET', folder: 'a' },
      presets: ['p'],
      formats: ['gif']
    }
  })
  t.match(rules, {
    allowed: false,
    formats: [],
    presets: [],
    resource_types: [],
    fields: { allowed: [], required: [], forced: {} },
    folder: { forced: null }
  })
  t.notMatch(JSON.stringify(rules), /TOPSECRET/)
})

t.test('allowed: true, where it depends on what the caller sends', async (t) => {
  const rules: readonly Rules[] = [
    { sign: { require: ['tags'] } },
    { sign: { folder: ['a', 'b'] } },
    { sign: { public_id: ['a/*'] } },
    { sign: { allow: [] } },
    { sign: { presets: [] } },
    { sign: { folder: ['a'], force: { folder: 'a' } } }
  ]
  for (const each of rules) t.match(rulesOf(each), { allowed: true, reason: null }, JSON.stringify(each))
})

t.test('a fault of our own is no reason', async (t) => {
  const permissions = Object.defineProperty({ ...EVERYTHING }, 'protected', {
    get () { throw new TypeError('broken') }
  })
  t.throws(() => rulesFor(permissions), { message: 'broken' })
})
