import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { digestOf, KeyIndex, parseDigest } from '../../../src/auth/policy/keys.ts'
import type { CallerKey } from '../../../src/schemas/caller.ts'

const known: CallerKey[] = [
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
  const keys = new KeyIndex(known)
  t.equal(keys.callerOf('old key'), 'web')
  t.equal(keys.callerOf('new key'), 'web')
  t.equal(keys.callerOf('cms key'), 'cms')
})

t.test('other keys are nobody\'s, whatever their length', async (t) => {
  for (const key of ['', 'n', 'new ke', 'new kez', 'mew key', 'ключ', 'x'.repeat(1024 * 1024)]) {
    t.equal(new KeyIndex(known).callerOf(key), undefined)
  }
  t.equal(new KeyIndex([]).callerOf('new key'), undefined)
})

/** Comparisons of something secret by its name with anything but a literal, in the room that tells who calls. */
function comparisons (text: string): string[] {
  const secret = /(?:digest|secret|token|passw|signature|offered|credential|bearer|authorization|key)\w*\)?$/i
  const code = text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '')
  const operators = [...code.matchAll(/([\w.#()]+) [!=]==? ([\w.#('"[-]+)/g)]
    .filter(([, left = '', right = '']) => !/^(?:['"\d-]|undefined|null|true|false)/.test(right) && (secret.test(left) || secret.test(right)))
    .map(([whole]) => whole.replace(/^\(+/, ''))
  return [...operators, ...[...code.matchAll(/\.equals\(|Buffer\.compare|localeCompare|\.compare\(|timingSafeEqual\([^)]*\)/g)].map(([whole]) => whole)]
}

t.test('A3: the code rule: secrets are compared as digests by timingSafeEqual, in one place', async (t) => {
  t.same(comparisons('if (key === known) return offered.equals(digest) || a.secret !== this.#token || key === \'x\' || undefined === key'), ['key === known', 'a.secret !== this.#token', 'undefined === key', '.equals('], 'the rule sees what it forbids')
  const room = join(import.meta.dirname, '../../../src/auth')
  const files = readdirSync(room, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')).sort()
  const found = files.flatMap((file) => comparisons(readFileSync(join(room, file), 'utf8')).map((comparison) => `${file}: ${comparison}`))
  t.same(found, [
    'policy/keys.ts: timingSafeEqual(found?.digest ?? nobodys, offered)',
    // Of the text of a policy, which is no secret, to see whether it has changed.
    'policy/policy-file.ts: found === this.#digest'
  ])
})
