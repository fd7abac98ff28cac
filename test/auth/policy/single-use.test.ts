import t from 'tap'
import { compileSigning } from '../../../src/auth/policy/signing-rules.ts'
import {
  choiceFaults, hidesOverwrite, isCheckedByCloudinary, NOT_OF_SINGLE_USE, singleUseFaults, withOwnName
} from '../../../src/auth/policy/single-use.ts'
import { SIGNABLE_PARAMETER_NAMES } from '../../../src/schemas/upload-parameters.ts'

t.test('what chooses a public ID is refused; what is off chooses nothing', async (t) => {
  const pointers = (parameters: Record<string, string>, hasPresets = false): string[] =>
    choiceFaults(parameters, hasPresets).map(({ pointer }) => pointer)
  t.same(pointers({
    public_id: 'a',
    public_id_prefix: 'a',
    eval: 'x',
    on_success: 'x',
    use_filename: 'true',
    use_asset_folder_as_public_id_prefix: '1',
    overwrite: 'true',
    upload_preset: 'p'
  }), ['/public_id', '/public_id_prefix', '/eval', '/on_success', '/use_filename', '/use_asset_folder_as_public_id_prefix', '/overwrite', '/upload_preset'])
  t.same(pointers({
    use_filename: 'false',
    use_asset_folder_as_public_id_prefix: '0',
    overwrite: '0',
    unique_filename: 'true',
    folder: 'a',
    tags: 'b'
  }), [])
  t.same(
    pointers({ overwrite: 'maybe' }), ['/overwrite'], 'neither on nor off: Cloudinary might take it for on'
  )
  t.same(pointers({ upload_preset: 'p' }, true), [], 'one that the policy lists')
  t.ok(NOT_OF_SINGLE_USE.has('public_id'))
})

t.test('parameters around overwrite keep a signature from binding it', async (t) => {
  t.same(SIGNABLE_PARAMETER_NAMES.filter(hidesOverwrite).sort(), [
    'format', 'headers', 'image_metadata', 'invalidate', 'media_metadata', 'metadata', 'notification_url', 'ocr', 'on_success', 'phash', 'proxy'
  ])
  t.same(['format', 'moderation', 'metadata'].map(isCheckedByCloudinary), [false, true, false])
})

t.test('rules that leave no room for single use are faults of the policy', async (t) => {
  const faults = (rules: Parameters<typeof singleUseFaults>[0]): string[] =>
    singleUseFaults({ single_use: true, ...rules }).map(({ path }) => path.join('/'))
  t.same(faults({}), [])
  t.same(
    faults({
      force: { overwrite: false, folder: 'a', moderation: 'manual', tags: ['b'] },
      require: ['tags'],
      public_id: ['a/*']
    }),
    []
  )
  t.same(faults({ force: { overwrite: true, use_filename: true, metadata: 'a=b', upload_preset: 'p' } }), [
    'force/use_filename', 'force/overwrite', 'force/upload_preset', 'force/metadata'
  ])
  t.same(faults({ force: { upload_preset: 'p' }, presets: ['p'] }), [])
  t.same(faults({ require: ['tags', 'public_id', 'notification_url', 'phash'] }), [
    'require/1', 'require/2', 'require/3'
  ])
  t.same(faults({ public_id: ['users/1', 'users/2'] }), ['public_id'])
  t.same(faults({ single_use: false, require: ['public_id'] }), [])
  t.same(singleUseFaults({ require: ['public_id'] }), [])
})

t.test('the name that is picked fits the patterns and lies in the folder', async (t) => {
  const named = (rules: Parameters<typeof compileSigning>[0], parameters: Record<string, string>) =>
    withOwnName(compileSigning(rules, { sub: '42' }), parameters, 'ID')
  t.same(named({}, { tags: 'a' }), { tags: 'a', public_id: 'ID', overwrite: 'false' })
  t.same(named({}, { folder: 'a', overwrite: '0' }), { folder: 'a', public_id: 'ID', overwrite: 'false' })
  t.same(named({ public_id: ['users/{sub}/*'] }, {}), {
    folder: 'users/42', public_id: 'ID', overwrite: 'false'
  })
  t.same(named({ public_id: ['fixed', 'users/*/pic-**'] }, {}), {
    folder: 'users/ID', public_id: 'pic-ID', overwrite: 'false'
  })
  t.same(named({ public_id: ['other/*', 'users/1/a-*'] }, { folder: 'users/1' }), {
    folder: 'users/1', public_id: 'a-ID', overwrite: 'false'
  })
  t.same(named({ public_id: ['users/**'] }, { folder: 'users/1' }), {
    folder: 'users/1', public_id: 'ID', overwrite: 'false'
  })
  t.same(named({ public_id: ['*'] }, {}), { public_id: 'ID', overwrite: 'false' })
})
