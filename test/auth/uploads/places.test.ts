import t from 'tap'
import { permissionsOf } from '../../../src/auth/policy/permissions.ts'
import { compileSigning } from '../../../src/auth/policy/signing-rules.ts'
import {
  isPlaced, moveFaults, placeFaults, rulePlaces, undecidableFaults
} from '../../../src/auth/uploads/places.ts'

type Rules = Parameters<typeof compileSigning>[0]

const faults = (rules: Rules, parameters: Record<string, string>, filename?: string, claims = {}) =>
  placeFaults(compileSigning(rules, claims), parameters, filename)
const pointers = (...given: Parameters<typeof faults>) => faults(...given).map(({ pointer }) => pointer)

t.test('rules that say nothing of places let an asset lie anywhere', async (t) => {
  t.equal(rulePlaces(compileSigning({ allow: ['tags'], force: { tags: 'a' } }, {})), false)
  t.same(pointers({ force: { tags: 'a' } }, { public_id: 'a%2fb', use_filename: 'true' }, '../x'), [])
  for (const rules of [{ folder: ['a'] }, { public_id: ['a'] }, { force: { folder: 'a' } }]) {
    t.equal(rulePlaces(compileSigning(rules, {})), true)
  }
})

t.test('a caller is tied to places by its own folder or by its rules for signatures', async (t) => {
  const placed = (rules: Parameters<typeof permissionsOf>[0]): boolean => isPlaced(permissionsOf(rules, {}))
  t.equal(placed({}), false)
  t.equal(placed({ sign: { allow: ['tags'] } }), false)
  t.equal(placed({ folder: 'a' }), true)
  t.equal(placed({ sign: { folder: ['a'] } }), true)
})

t.test('folder: it is judged wherever it comes from', async (t) => {
  const rules = { folder: ['users/1', 'users/1/*'] }
  for (const parameters of [
    { folder: 'users/1' }, {
      folder: 'users/1', public_id: 'a'
    }, { folder: 'users/1', public_id: 'b/a' }, { public_id: 'users/1/a' },
    { public_id: 'users/1/b/a' }, { folder: 'users/1', use_filename: 'true' }, {
      folder: 'users/1', asset_folder: 'users/1/b'
    }
  ]) t.same(pointers(rules, parameters), [], JSON.stringify(parameters))
  for (const parameters of [{ public_id: 'users/2/a' }, { folder: 'users/1', public_id: 'b/c/a' }]) {
    t.same(pointers(rules, parameters), ['/public_id'], JSON.stringify(parameters))
  }
  for (const parameters of [
    {},
    { public_id: 'a' },
    { folder: 'users/2' },
    { folder: 'users/2', public_id: 'users/1/a' },
    { use_filename: 'true' }
  ]) {
    t.same(pointers(rules, parameters), ['/folder'], JSON.stringify(parameters))
  }
  t.same(
    pointers(rules, { folder: 'users/1', public_id: 'a', public_id_prefix: 'users/2' }), ['/public_id_prefix']
  )
  t.same(
    pointers(rules, { public_id: 'users/1/a', asset_folder: 'x', use_asset_folder_as_public_id_prefix: '1' }),
    ['/use_asset_folder_as_public_id_prefix', '/asset_folder']
  )
  t.same(
    pointers(rules, { folder: 'users/1', asset_folder: 'users/2' }), ['/asset_folder'],
    'with dynamic folders this is the folder'
  )
})

t.test('public_id: the name under which the asset is stored, whichever parameters bring it', async (t) => {
  const rules = { public_id: ['users/{sub}/*', 'logo'] }
  const claims = { sub: 7 }
  for (const parameters of [
    { public_id: 'users/7/a' }, {
      folder: 'users/7', public_id: 'a'
    }, { folder: 'users', public_id: '7/a' }, { public_id: 'logo' }, { folder: 'users/7' },
    { folder: 'users/7', use_filename: 'true' }, {
      folder: 'users/7', use_filename: 'true', unique_filename: 'false'
    },
    { folder: 'users/7', use_filename: 'true', unique_filename: 'false', filename_override: 'my cat.jpg' }
  ]) t.same(pointers(rules, parameters, 'cat.jpg', claims), [], JSON.stringify(parameters))
  const refused: ReadonlyArray<readonly [parameters: Record<string, string>, pointer: string, message: RegExp]> =
    [
      [{ public_id: 'users/8/a' }, '/public_id', /^must fit "users\/7\/\*" or "logo"$/],
      [{ public_id: 'users/7/a/b' }, '/public_id', /must fit/],
      [{}, '/public_id', /^must be given, and fit/],
      [{ folder: 'users/8' }, '/public_id', /^must be given, and fit .* behind the folder$/],
      [
        {
          folder: 'victim', public_id: 'users/7/a'
        }, '/public_id', /^makes the public ID "victim\/users\/7\/a"/
      ],
      [
        { folder: 'victim', use_filename: 'true', unique_filename: 'false' }, '/folder',
        /^makes the public ID "victim\/cat.jpg"/
      ],
      [{ folder: 'victim', use_filename: 'true' }, '/folder', /^makes the public ID "victim\/<name>"/],
      [
        { use_filename: 'true', unique_filename: 'false', filename_override: 'users' }, '/public_id',
        /^makes the public ID "users"/
      ],
      [
        { use_filename: 'true', unique_filename: 'false', filename_override: 'logo.png' }, '/public_id',
        /logo.png/
      ],
      [
        { public_id: 'logo', public_id_prefix: 'victim' }, '/public_id_prefix',
        /^makes the public ID "victim\/logo"/
      ],
      [
        { public_id: 'logo', asset_folder: 'victim', use_asset_folder_as_public_id_prefix: 'true' },
        '/use_asset_folder_as_public_id_prefix', /"victim\/logo"/
      ],
      [{ folder: 'users/7', public_id: 'a', public_id_prefix: 'users/8' }, '/public_id_prefix', /users\/8/]
    ]
  for (const [parameters, pointer, message] of refused) {
    t.match(faults(rules, parameters, 'cat.jpg', claims), [{ pointer, message }], JSON.stringify(parameters))
    t.equal(faults(rules, parameters, 'cat.jpg', claims).length, 1, 'one fault says enough')
  }
  t.same(
    pointers({ public_id: ['users/7/**'] }, { public_id: 'users/7/a', asset_folder: 'victim' }), [],
    'where it is shown is no part of its name'
  )
  t.same(
    pointers({ public_id: ['users/7/*.jpg'] }, { folder: 'users/7' }), ['/public_id'],
    'a random name may end otherwise'
  )
  t.same(pointers({ public_id: ['*'] }, {}), [], 'any name fits')
})

t.test('both rules hold for the same name', async (t) => {
  const rules = { folder: ['users/1'], public_id: ['users/*/own-*'] }
  t.same(pointers(rules, { folder: 'users/1', public_id: 'own-a' }), [])
  t.same(pointers(rules, { public_id: 'users/1/own-a' }), [])
  t.same(pointers(rules, { folder: 'users/2', public_id: 'own-a' }), ['/folder'])
  t.same(pointers(rules, { folder: 'users/1', public_id: 'a' }), ['/public_id'])
  t.same(pointers(rules, { folder: 'users/1' }), ['/public_id'])
})

t.test('a folder that is forced holds every reading', async (t) => {
  const rules = { force: { folder: 'users/{sub}' } }
  const claims = { sub: '7' }
  const folder = 'users/7'
  for (const parameters of [
    { folder },
    { folder, public_id: 'a/b' },
    { folder, use_filename: 'true' },
    { folder, asset_folder: 'users/7/a' }
  ]) {
    t.same(pointers(rules, parameters, 'x.png', claims), [], JSON.stringify(parameters))
  }
  t.match(
    faults(rules, { folder, public_id: 'a', public_id_prefix: 'evil' }, undefined, claims),
    [{ pointer: '/public_id_prefix', message: /outside "users\/7\/"/ }]
  )
  t.same(pointers(rules, { folder, asset_folder: 'users/70' }, undefined, claims), ['/asset_folder'])
})

t.test('a name that could mean another is not judged but refused', async (t) => {
  const rules = { public_id: ['users/1/**'] }
  for (const name of [
    'users/1/../2', 'users/1/%2e%2e/2', 'users/1/a\\b', 'users/1/e\u0301', 'users/1/\ud800'
  ]) {
    t.same(pointers(rules, { public_id: name }), ['/public_id'], JSON.stringify(name))
  }
  t.same(pointers(rules, { folder: 'users/1/a', use_filename: 'true' }, '../../2/a'), ['/file'])
  t.same(
    pointers(rules, { folder: 'users/1/a', use_filename: 'true', filename_override: '../../2/a' }, 'x'),
    ['/filename_override']
  )
  t.same(pointers(rules, { folder: 'users/1/a' }, '../../2/a'), [], 'it is not used')
  const folders = { folder: ['users/1', 'users/1/*'] }
  for (const target of ['users/1/%2e%2e', 'users/1/..', 'users/1/\ufe30', 'users/1/e\u0301']) {
    const shownAt = { public_id: 'users/1/a', asset_folder: target }
    t.same(pointers(folders, shownAt), ['/asset_folder'], target)
    t.same(moveFaults(compileSigning(folders, {}), { asset_folder: target }).length, 1, target)
    t.same(pointers(rules, shownAt), [], 'it is no part of the name')
    t.same(
      pointers(rules, { ...shownAt, use_asset_folder_as_public_id_prefix: 'true' }), ['/asset_folder'], target
    )
  }
})

t.test('scripts and presets of which nothing is known', async (t) => {
  const of = (parameters: Record<string, string>, hasPresets = false) =>
    undecidableFaults(parameters, hasPresets, 'somebody').map(({ pointer, message }) =>
      `${pointer} ${message.slice(0, 23)}`)
  t.same(of({ public_id: 'a' }), [])
  t.same(of({ eval: 'x', on_success: 'x', upload_preset: 'p' }), [
    '/eval may not be used by some', '/on_success may not be used by some',
    '/upload_preset may not be used by some'
  ])
  t.same(of({ upload_preset: 'p' }, true), [])
})

t.test('an update moves an asset where an upload may put it', async (t) => {
  const moved = (rules: Rules, target: string) =>
    moveFaults(compileSigning(rules, {}), { asset_folder: target }).map(({ pointer }) => pointer)
  t.same(moved({ folder: ['a/*'] }, 'a/b'), [])
  t.same(moved({ folder: ['a/*'] }, 'b'), ['/asset_folder'])
  t.same(moved({ force: { folder: 'a' } }, 'a/b'), [])
  t.same(moved({ force: { folder: 'a' } }, 'b'), ['/asset_folder'])
  t.same(moved({ public_id: ['a/*'] }, 'b'), [])
  t.same(moveFaults(compileSigning({ folder: ['a'] }, {}), {}), [])
})
