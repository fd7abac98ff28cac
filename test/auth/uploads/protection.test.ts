import t from 'tap'
import { permissionsOf } from '../../../src/auth/policy/permissions.ts'
import type { CallerRules } from '../../../src/auth/policy/policy-schema.ts'
import { protectionFaults, requireDeletable, withoutPresetToken } from '../../../src/auth/uploads/protection.ts'

const BRAND: CallerRules = { delete: { protected: ['brand/**'] } }
/** Each of these callers may delete nothing. */
const KEEPERS: CallerRules[] = [{ delete: { allow: false } }, { actions: ['uploadResource', 'generateSignature'] }, { read_only: true }]
const faults = (rules: CallerRules, parameters: Record<string, string>, filename?: string) => protectionFaults(permissionsOf(rules, {}), parameters, filename)
const pointers = (...given: Parameters<typeof faults>) => faults(...given).map(({ pointer }) => pointer)

t.test('a caller that may delete everything may upload everything', async (t) => {
  t.same(faults({}, { public_id: 'brand/logo', upload_preset: 'p', eval: 'x', on_success: 'x', return_delete_token: 'true' }), [])
  t.same(faults({ actions: ['uploadResource', 'deleteResource'] }, { public_id: 'a', return_delete_token: 'true' }), [])
})

t.test('a protected asset is not overwritten, however its name is put together', async (t) => {
  for (const parameters of [
    { public_id: 'brand/logo' }, { folder: 'brand', public_id: 'logo', overwrite: 'true' }, { public_id: 'logo', public_id_prefix: 'brand' }, { public_id: 'logo', folder: 'other', public_id_prefix: 'brand' },
    { public_id: 'logo', asset_folder: 'brand', use_asset_folder_as_public_id_prefix: 'true' }, { public_id: 'logo', folder: 'other', asset_folder: 'brand', use_asset_folder_as_public_id_prefix: '1' }
  ]) {
    t.match(faults(BRAND, parameters), [{ pointer: '/public_id', message: /is protected, as "brand\/(other\/)?logo": send overwrite=false/ }], JSON.stringify(parameters))
    for (const overwrite of ['false', '0']) t.same(faults(BRAND, { ...parameters, overwrite }), [])
  }
  for (const parameters of [{ public_id: 'other' }, { folder: 'brand' }, { public_id: 'brand' }, { public_id: 'logo', asset_folder: 'brand' }]) t.same(faults(BRAND, parameters), [], JSON.stringify(parameters))
})

t.test('nor by the name of its file, where that becomes the public ID', async (t) => {
  const named = { folder: 'brand', use_filename: 'true', unique_filename: 'false' }
  t.same(pointers(BRAND, named, 'logo.png'), ['/public_id'])
  t.same(pointers(BRAND, { ...named, folder: 'other' }, 'logo.png'), [])
  t.same(pointers(BRAND, { ...named, folder: 'other', filename_override: 'logo' }), [], 'the name that is signed is known')
  t.same(pointers({ delete: { protected: ['logo'] } }, { ...named, folder: '' }, 'logo.png'), ['/public_id'], 'pictures lose the extension')
  t.same(pointers({ delete: { protected: ['logo.png'] } }, { ...named, folder: '' }, 'logo.png'), ['/public_id'], 'raw files keep it')
  for (const filename of [undefined, 'my logo.png', '?logo', '../logo', 'é.png']) t.match(faults(BRAND, { ...named, folder: 'other' }, filename), [{ pointer: '/overwrite', message: /must be false: with use_filename/ }], String(filename))
  for (const random of [{ folder: 'brand', use_filename: 'true' }, { folder: 'brand', unique_filename: 'false' }, { ...named, unique_filename: 'true' }]) t.same(faults(BRAND, random, 'logo.png'), [], 'a random name replaces nothing')
})

t.test('what may name any asset wants overwrite=false', async (t) => {
  for (const parameters of [{ public_id: 'a', upload_preset: 'p', return_delete_token: 'false' }, { public_id: 'a', on_success: 'x' }, { public_id: 'brand%2flogo' }]) {
    t.same(pointers(BRAND, parameters), ['/overwrite'], JSON.stringify(parameters))
    t.same(faults(BRAND, { ...parameters, overwrite: 'false' }), [])
  }
  t.same(faults({ ...BRAND, sign: { presets: ['p'] } }, { public_id: 'a', upload_preset: 'p' }), [], 'a listed preset is known')
})

t.test('a script before the upload can undo every parameter', async (t) => {
  for (const rules of [BRAND, ...KEEPERS]) t.same(pointers(rules, { public_id: 'a', overwrite: 'false', eval: 'x' }), ['/eval'])
})

t.test('a delete token is a way to delete', async (t) => {
  for (const rules of KEEPERS) {
    for (const token of ['true', '1']) t.match(faults(rules, { public_id: 'a', return_delete_token: token }), [{ pointer: '/return_delete_token', message: /left out or false/ }])
    for (const token of ['false', '0']) t.same(faults(rules, { public_id: 'a', upload_preset: 'p', return_delete_token: token }), [])
    t.match(faults(rules, { public_id: 'a', upload_preset: 'p' }), [{ pointer: '/return_delete_token', message: /must be sent as "false"/ }])
    t.same(faults(rules, { public_id: 'a' }), [])
  }
  for (const parameters of [{ public_id: 'brand/a' }, { public_id: 'a', public_id_prefix: 'brand' }, { folder: 'brand' }, { folder: 'a', public_id_prefix: 'brand' }, { folder: 'brand%2f' }, { folder: 'a', use_filename: 'true', unique_filename: 'false' }, { public_id: 'a', on_success: 'x' }, { public_id: 'a', upload_preset: 'p' }, { public_id: 'brand%2fa' }]) {
    t.same(pointers(BRAND, { ...parameters, overwrite: 'false', return_delete_token: 'true' }), ['/return_delete_token'], JSON.stringify(parameters))
  }
  for (const parameters of [{ public_id: 'a' }, {}, { folder: 'users/9' }, { folder: 'users/9', use_filename: 'true' }]) {
    t.same(faults(BRAND, { ...parameters, return_delete_token: 'true' }), [], `${JSON.stringify(parameters)} lies elsewhere, whatever its name will be`)
  }
  const named = { folder: 'brand', use_filename: 'true', unique_filename: 'false', overwrite: 'false', return_delete_token: 'true' }
  t.same(pointers(BRAND, named, 'logo.png'), ['/return_delete_token'])
  t.same(faults(BRAND, { ...named, folder: 'users/9' }, 'logo.png'), [], 'the name of the file is known')
})

t.test('none is asked for by a preset that nobody knows', async (t) => {
  const [keeper] = KEEPERS
  const without = (rules: CallerRules = {}, parameters: Record<string, string> = {}) => withoutPresetToken(permissionsOf(rules, {}), parameters)
  t.same(without(keeper, { upload_preset: 'p' }), { upload_preset: 'p', return_delete_token: 'false' })
  t.same(without(BRAND, { public_id: 'a', upload_preset: 'p' }), { public_id: 'a', upload_preset: 'p', return_delete_token: 'false' })
  const settled: Array<[CallerRules, Record<string, string>]> = [[{}, { upload_preset: 'p' }], [{ ...keeper, sign: { presets: ['p'] } }, { upload_preset: 'p' }], [{ ...keeper }, { tags: 'a' }], [{ ...keeper }, { upload_preset: 'p', return_delete_token: 'true' }]]
  for (const [rules, parameters] of settled) t.equal(without(rules, parameters), parameters)
})

t.test('403 for deleting a protected asset', async (t) => {
  t.throws(() => requireDeletable(permissionsOf(BRAND, {}), 'brand/logo'), { code: 'forbidden', errors: [{ pointer: '/public_id' }] })
  t.doesNotThrow(() => requireDeletable(permissionsOf(BRAND, {}), 'brands/logo'))
  for (const name of ['brand%2Flogo', 'brand\\logo', 'br\u200band/logo', 'x/../brand/logo', '/brand/logo', 'brand//logo']) {
    t.throws(() => requireDeletable(permissionsOf(BRAND, {}), name), { code: 'forbidden', errors: [{ pointer: '/public_id', message: /could name a protected asset/ }] }, name)
    t.doesNotThrow(() => requireDeletable(permissionsOf({}, {}), name), 'where nothing is protected a name is just a name')
  }
})
