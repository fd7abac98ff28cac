import t, { type Test } from 'tap'
import { permissionsOf } from '../../../src/auth/policy/permissions.ts'
import type { CallerRules } from '../../../src/auth/policy/policy-schema.ts'
import { withoutHiding, withoutReuse } from '../../../src/auth/uploads/hidden-parameters.ts'

const JAILED: CallerRules = { folder: 'users/1' }
const PLACED: CallerRules = { sign: { public_id: ['users/1/*'] } }
const BRAND: CallerRules = { delete: { protected: ['brand/**', 'logo'] } }
const timestamp = '1700000000'

interface Choice { exact?: boolean, marker?: Record<string, string>, forced?: Record<string, string> }

const signed = (
  rules: CallerRules, parameters: Record<string, string>,
  { exact = false, marker = {}, forced = {} }: Choice = {}
) =>
  withoutHiding(permissionsOf(rules, {}), {
    parameters: { ...parameters, ...forced, timestamp }, given: parameters, exact
  }, (each) => ({ ...each, ...marker }))
const stays = (t: Test, rules: CallerRules, parameters: Record<string, string>) => {
  t.same(signed(rules, parameters), { ...parameters, timestamp }, JSON.stringify(parameters))
  t.same(signed(rules, parameters, { exact: true }), { ...parameters, timestamp }, 'exactly')
}

t.test('a caller that may replace everything signs what it likes', async (t) => {
  stays(t, {}, {
    context: 'a=b', folder: 'users/1', public_id: 'a', use_filename: 'true', unique_filename: 'false'
  })
  stays(t, { sign: { allow: ['context'] } }, { context: 'a=b', overwrite: 'false', public_id: 'a' })
})

t.test('nothing is changed where nothing before it could hide the name, or a hidden one leaves a random name', async (t) => {
  for (const rules of [JAILED, PLACED]) {
    for (const parameters of [
      { folder: 'users/1', public_id: 'a', tags: 'a' }, {
        public_id: 'users/1/a', context: 'a=b'
      }, { context: 'a=b', folder: 'users/1' }, { context: 'a=b', folder: 'users/1', use_filename: 'true' },
      { folder: 'users/1', overwrite: 'false', unique_filename: 'false', use_filename: 'true' }
    ]) stays(t, rules, parameters)
  }
  stays(t, BRAND, { folder: 'brand', overwrite: 'false', public_id: 'logo' })
  stays(t, BRAND, { overwrite: 'false', public_id: 'logo', tags: 'a' })
  stays(t, BRAND, { context: 'a=b', public_id: 'other' })
  stays(t, BRAND, {
    asset_folder: 'brand', overwrite: 'false', public_id: 'x', use_asset_folder_as_public_id_prefix: 'true'
  })
})

t.test('a folder that could be hidden becomes a part of the public ID', async (t) => {
  for (const rules of [JAILED, PLACED]) {
    t.same(signed(rules, { context: 'a=b', folder: 'users/1', public_id: 'logo' }), {
      asset_folder: 'users/1', context: 'a=b', public_id: 'users/1/logo', timestamp
    })
    t.same(signed(rules, { asset_folder: 'users/1/x', folder: 'users/1', public_id: 'logo' }), {
      asset_folder: 'users/1/x', public_id: 'users/1/logo', timestamp
    }, 'the folder that is shown stays')
  }
})

t.test('a given name needs no file name: hidden, it would leave that of the file', async (t) => {
  t.same(signed(JAILED, {
    invalidate: 'true', public_id: 'users/1/a', use_filename: 'true', unique_filename: 'false'
  }), { invalidate: 'true', public_id: 'users/1/a', timestamp })
})

t.test('403 where nothing helps, with the parameter that would hide others', async (t) => {
  const refused = (
    rules: CallerRules, parameters: Record<string, string>, pointer: string, hidden: RegExp,
    choice: Choice = {}
  ) => t.throws(() => signed(rules, parameters, choice), {
    code: 'forbidden', errors: [{ pointer, message: hidden }], members: { advice: /POST \/upload/ }
  }, JSON.stringify(parameters))
  refused(
    JAILED, { context: 'a=b', folder: 'users/1', public_id: 'logo' }, '/context', /could hide folder in it/,
    { exact: true }
  )
  refused(
    JAILED, { context: 'a=b', folder: 'users/1', unique_filename: 'false', use_filename: 'true' }, '/context',
    /could hide folder in it/
  )
  refused(
    BRAND, { context: 'a=b', overwrite: 'false', public_id: 'logo' }, '/context', /could hide overwrite in it/
  )
  refused(
    BRAND, { folder: 'other', overwrite: 'false', public_id: 'logo', public_id_prefix: 'brand' }, '/folder',
    /could hide overwrite in it/
  )
  refused(
    BRAND, { overwrite: 'false', public_id: 'logo' }, '/public_id', /overwrite in async, which is added/,
    { marker: { async: 'false' } }
  )
  const named = { folder: 'users/1', unique_filename: 'false', use_filename: 'true' }
  refused(JAILED, named, '/use_filename', /^must be left out.*folder in allowed_formats, which is added/, {
    forced: { allowed_formats: 'png' }
  })
})

t.test('what is forced counts as a place too', async (t) => {
  const forced: CallerRules = { sign: { force: { folder: 'users/1' } } }
  t.same(signed(forced, { eager: 'w_1', folder: 'users/1', public_id: 'logo' }), {
    asset_folder: 'users/1', eager: 'w_1', public_id: 'users/1/logo', timestamp
  })
  stays(t, forced, { folder: 'users/1', public_id: 'logo' })
})

t.test('a form for one asset: nothing hides overwrite where the name stays', async (t) => {
  const once = (
    parameters: Record<string, string>, shard?: string, given: Record<string, string> = parameters
  ) =>
    withoutReuse(
      { parameters: { public_id: 'id', overwrite: 'false', timestamp, ...parameters }, given },
      shard,
      (each) => each
    )
  for (const parameters of [{}, { folder: 'a', allowed_formats: 'gif', context: 'a=b', tags: 'c' }, {
    folder: 'a', moderation: 'manual'
  }] as const) {
    t.same(once(parameters), { public_id: 'id', overwrite: 'false', timestamp, ...parameters })
  }
  t.match(
    once({ allowed_formats: 'gif' }, 'ab'),
    { folder: 'ab', public_id: 'id' },
    'the folder is hidden with it, and so is the name'
  )
  t.throws(() => once({ allowed_formats: 'gif' }, undefined, {}), {
    code: 'forbidden', errors: [{ pointer: '/folder', message: /allowed_formats, which is added/ }]
  })
  for (const shard of [undefined, 'ab']) {
    t.throws(() => once({ phash: 'true' }, shard), {
      code: 'forbidden', errors: [{ pointer: '/phash', message: /must be left out.*hide phash in overwrite/ }]
    })
    t.throws(() => once({ metadata: 'a=b' }, shard), {
      code: 'forbidden', errors: [{ pointer: '/metadata' }], members: { advice: /POST \/upload/ }
    })
  }
})
