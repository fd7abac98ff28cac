import fc from 'fast-check'
import t from 'tap'
import {
  ambiguity, isFolderInside, isInside, outsideFault, ownNames, uploadFaults, withFolder
} from '../../../src/auth/uploads/folder.ts'
import { rounds } from '../../support/rounds.ts'

const FOLDER = 'users/1'
const pointers = (parameters: Record<string, string>, filename?: string) => uploadFaults(FOLDER, parameters, filename).map(({ pointer }) => pointer)

t.test('a name is inside by whole segments', async (t) => {
  for (const name of [
    'users/1/a', 'users/1/a/b', 'users/1/a.b', 'users/1/é', 'users/1/日本', 'users/1/..a', 'users/1/a…',
    'users/1/½', 'users/1/ﬁ', 'users/1/a%', 'users/1/100% sure'
  ]) t.equal(isInside(FOLDER, name), true, name)
  for (const name of ['', 'a', 'users', 'users/1', 'users/10/a', 'users/1a', 'Users/1/a', 'xusers/1/a', 'my/users/1/a']) t.equal(isInside(FOLDER, name), false, name)
})

t.test('a name that could mean another once decoded or joined is outside', async (t) => {
  for (const name of [
    'users/1/../2/a', '../users/1/a', 'users/1/..', 'users/1/.', 'users/1/./a', 'users/1/ .. /a', 'users/1//a', '/users/1/a', 'users/1/a/', 'users/1/', ' users/1/a', 'users/1/a ',
    'users/1/%2e%2e/2', 'users/1/%2E%2e%2f2', 'users/1/%5c..', 'users/1/a%00', 'users/1/..\\2', 'users\\1\\a', 'users/1/a\u0000', 'users/1/a\nb', 'users/1/a\u200b', 'users/1/\u202e',
    'users/1/\uff0e\uff0e/2', 'users/1/\ufe30/2', 'users/1/a\ufe682', 'users/1/\u2100', 'users/1/\u2024\u2024/2', 'users/1/\u2215..', 'users/1/e\u0301', 'users/1/\ud800'
  ]) {
    t.equal(isInside(FOLDER, name), false, JSON.stringify(name))
    t.type(ambiguity(name), 'string', JSON.stringify(name))
    t.match(outsideFault(FOLDER, name, '/public_id'), { pointer: '/public_id', message: /must/ })
  }
  t.match(outsideFault(FOLDER, 'users/2/a', '/x'), { pointer: '/x', message: 'must be below "users/1/"' })
  t.equal(outsideFault(FOLDER, 'users/1/a', '/x'), undefined)
})

t.test('NFC and NFD are two names: the bytes that are sent decide', async (t) => {
  t.equal(isInside('users/é', 'users/é/a'), true)
  t.equal(isInside('users/é', 'users/e\u0301/a'), false)
})

t.test('a folder is inside itself', async (t) => {
  t.equal(isFolderInside(FOLDER, 'users/1'), true)
  t.equal(isFolderInside(FOLDER, 'users/1/a'), true)
  t.equal(isFolderInside(FOLDER, 'users/10'), false)
})

t.test('uploads: what folder, public_id and their companions come to', async (t) => {
  for (const inside of [
    { public_id: 'users/1/a' }, { folder: 'users/1' }, { folder: 'users/1', public_id: 'a' }, { folder: 'users', public_id: '1/a' }, { folder: 'users/1/b', public_id: 'c/d' },
    { public_id: 'users/1/a', asset_folder: 'users/1' }, { public_id: 'users/1/a', asset_folder: 'users/1/b' },
    { folder: 'users/1', public_id: 'a', public_id_prefix: 'users/1' },
    { public_id: 'users/1/a', asset_folder: 'users/1', use_asset_folder_as_public_id_prefix: 'true' },
    { folder: 'users/1', use_filename: 'true', unique_filename: 'false' }
  ]) t.same(pointers(inside), [], JSON.stringify(inside))

  t.same(pointers({}), ['/public_id'], 'a random name lies at the root')
  t.same(pointers({ public_id: 'a' }), ['/public_id'])
  t.same(pointers({ folder: 'users/2', public_id: 'users/1/a' }), ['/folder'])
  t.same(pointers({ folder: 'users', public_id: '1' }), ['/folder'], 'the folder\'s own name is not below it')
  t.same(pointers({ folder: 'users', public_id: '10/a' }), ['/folder'])
  t.same(pointers({ folder: 'users/1', public_id: '../2/a' }), ['/public_id'])
  t.same(pointers({ folder: 'users/1/..', public_id: '2/a' }), ['/folder'])
  t.same(pointers({ folder: 'users/1/', public_id: '/../2' }), ['/public_id', '/folder'])
  t.same(pointers({ public_id: 'a', public_id_prefix: 'users/1' }), ['/public_id'], 'with fixed folders the prefix is not read')
  t.same(pointers({ public_id: 'users/1/a', public_id_prefix: 'evil' }), ['/public_id_prefix'])
  t.same(uploadFaults('a/a', { folder: 'a/a', public_id: 'x', public_id_prefix: 'a' }).map(({ pointer }) => pointer), ['/public_id_prefix'], 'with dynamic folders the prefix stands in place of the folder')
  t.same(pointers({ folder: 'users/1', public_id: 'a', public_id_prefix: 'evil' }), ['/public_id_prefix'], 'two readings of one parameter are one fault')
  t.same(pointers({ public_id: 'users/1/a', asset_folder: 'evil' }), ['/asset_folder'])
  t.same(pointers({ public_id: 'users/1/a', asset_folder: 'users/1/..' }), ['/asset_folder'])
  t.same(pointers({ public_id: 'users/1/a', asset_folder: 'evil', use_asset_folder_as_public_id_prefix: '1' }), ['/use_asset_folder_as_public_id_prefix', '/asset_folder'])
})

t.test('uploads: with use_filename the name of the file must be plain', async (t) => {
  t.same(pointers({ folder: 'users/1', use_filename: 'true' }, 'cat.jpg'), [])
  t.same(pointers({ folder: 'users/1' }, '../cat.jpg'), [], 'it is not used')
  for (const name of ['../cat.jpg', 'a/b.jpg', 'a\\b.jpg', '..', '%2e%2e', 'a\u0000']) t.same(pointers({ folder: 'users/1', use_filename: 'true' }, name), ['/file'], name)
  t.same(pointers({ folder: 'users/1', use_filename: '1', filename_override: '../x' }, 'cat.jpg'), ['/filename_override'])
  const why = (name: string) =>
    uploadFaults(FOLDER, { folder: FOLDER, use_filename: 'true' }, name)[0]?.message
  t.match(why('a/b.jpg'), /plain name when use_filename is on, and so must not hold a slash/)
  t.match(why('e\u0301.jpg'), /and so must be in Unicode form NFC$/)
})

t.test('the end of a public ID, where it can be told', async (t) => {
  const named = { use_filename: 'true', unique_filename: 'false' }
  t.same(ownNames({ ...named, public_id: 'a' }, 'cat.jpg'), ['a'])
  t.same(ownNames(named, 'cat.jpg'), ['cat.jpg', 'cat'], 'raw files keep the extension')
  t.same(ownNames({ ...named, filename_override: 'dog' }, 'cat.jpg'), ['dog', 'dog'])
  for (const random of [{}, { use_filename: 'true' }, { unique_filename: 'false' }]) {
    t.same(ownNames(random, 'cat.jpg'), [], 'a random name')
  }
  for (const filename of [undefined, 'my cat.jpg', '../cat.jpg']) {
    t.equal(ownNames(named, filename), undefined, String(filename))
  }
})

t.test('an upload that names no place is put into the folder', async (t) => {
  t.same(withFolder(FOLDER, { tags: 'a' }), { tags: 'a', folder: 'users/1' })
  for (const placed of [{ public_id: 'a' }, { folder: 'b' }, { public_id_prefix: 'c' }]) t.equal(withFolder(FOLDER, placed), placed)
})

t.test('whatever a name is made of, decoding and resolving it does not lead out', async (t) => {
  const piece = fc.constantFrom('users/1', 'users', '1', '2', '/', '//', '.', '..', '%2e', '%2f', '%5c', '\\', 'a', ' ', '\u2215', '\uff0e', '%252e')
  const name = fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(''))
  fc.assert(fc.property(name, (text) => {
    if (!isInside(FOLDER, text)) return
    const decoded = decodeURIComponent(decodeURIComponent(text)).normalize('NFKC').replaceAll('\\', '/')
    const path = new URL(`http://h/${decoded}`).pathname
    t.ok(path.startsWith('/users/1/'), `${text} leads to ${path}`)
  }), { numRuns: rounds(5_000) })
  t.pass()
})
