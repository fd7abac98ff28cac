import t from 'tap'
import { callerOfKey, digestOf, parseDigest, type KeyDigest } from '../../src/auth/keys.ts'

const known: KeyDigest[] = [
  { caller: 'web', digest: digestOf('old key') },
  { caller: 'web', digest: digestOf('new key') },
  { caller: 'cms', digest: digestOf('cms key') }
]

t.test('a digest is read from its text form only', async (t) => {
  t.same(parseDigest(`sha256:${digestOf('x').toString('hex')}`), digestOf('x'))
  t.same(parseDigest(`SHA256:${digestOf('x').toString('hex').toUpperCase()}`), digestOf('x'))
  for (const text of ['', 'sha256:', 'sha256:00', digestOf('x').toString('hex'), `sha1:${'0'.repeat(64)}`, `sha256:${'0'.repeat(65)}`]) t.equal(parseDigest(text), undefined, text)
})

t.test('each key of a caller works, so that keys can be rotated', async (t) => {
  t.equal(callerOfKey('old key', known), 'web')
  t.equal(callerOfKey('new key', known), 'web')
  t.equal(callerOfKey('cms key', known), 'cms')
})

t.test('other keys are nobody\'s, whatever their length', async (t) => {
  for (const key of ['', 'n', 'new ke', 'new kez', 'mew key', 'ключ', 'x'.repeat(1024 * 1024)]) t.equal(callerOfKey(key, known), undefined)
  t.equal(callerOfKey('new key', []), undefined)
})
