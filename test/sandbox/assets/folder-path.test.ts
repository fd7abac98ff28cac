import t from 'tap'
import { isFolder, isPath, readFolder, trimSlashes } from '../../../src/sandbox/assets/folder-path.ts'

t.test('slashes around a folder mean nothing; an empty one is the root', async (t) => {
  t.equal(trimSlashes('//a/b/'), 'a/b')
  for (const [given, folder] of [['a/b', 'a/b'], ['/a/b/', 'a/b'], ['', ''], ['/', ''], ['a/..b/c...', 'a/..b/c...'], ['a b/c', 'a b/c']] as const) t.equal(readFolder(given, 'asset_folder'), folder, given)
})

t.test('400: parts that are empty, and those that lead elsewhere', async (t) => {
  for (const folder of ['a//b', 'a/ /b', '.', '..', 'a/../b', './a', 'a/b/..', 'a\u0000', '\ud800', 'x'.repeat(256)]) {
    t.throws(() => readFolder(folder, 'asset_folder'), { status: 400, message: `asset_folder (${folder}) is invalid` }, JSON.stringify(folder).slice(0, 20))
  }
  t.notOk(isPath(''))
  t.same([isPath('a/ /b'), isFolder('a/ /b')], [true, false], 'blank parts: only public IDs have any')
})
