import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { KeyRing, quoted } from '../../../src/auth/callers/key-ring.ts'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import type { CallerKey } from '../../../src/schemas/caller.ts'
import { PolicyFile } from '../../../src/auth/policy/policy-file.ts'

const key = (caller: string, text = caller): CallerKey => ({ caller, digest: digestOf(text) })
const shown = ({ current }: KeyRing): string[] => current.map(({ caller, digest }) => ['old', 'new', 'web', 'cms', 'webb'].filter((text) => digestOf(text).equals(digest)).map((text) => `${caller}=${text}`).join())

/** Keys beside a policy file that is read only when somebody asks for it; `told` is told of each change and each fault. */
async function open (t: Test, keys: CallerKey[], callers: string, told: (what: 'changed' | 'refused') => void = () => {}) {
  const path = join(t.testdir({ 'policy.yaml': `callers: ${callers}` }), 'policy.yaml')
  const ring = new KeyRing(keys)
  const file = await PolicyFile.open(path, {
    environments: [],
    sources: () => ({ keyNames: ring.names, tokens: false }),
    pollMs: 3_600_000,
    onChange: () => told('changed'),
    onFault: () => told('refused')
  })
  t.teardown(() => { file.close() })
  return { ring, file, path, write: (text: string) => { writeFileSync(path, `callers: ${text}`) } }
}

t.test('without a policy other keys are in force when the call returns', async (t) => {
  const ring = new KeyRing([key('web', 'old')])
  const first = ring.current
  t.same(await ring.replace([key('web', 'old')]), { isChanged: false, reason: undefined })
  t.equal(ring.current, first, 'the same list for the same keys')
  const replaced = ring.replace([key('web', 'new'), key('cms')])
  t.same(shown(ring), ['web=new', 'cms=cms'])
  t.same(ring.names, ['web', 'cms'])
  t.same(await replaced, { isChanged: true, reason: undefined })
  await ring.replace([key('cms'), key('web', 'new')])
  t.same(shown(ring), ['web=new', 'cms=cms'], 'their order means nothing')
})

t.test('a key of a known name is in force at once, and the policy is not read for it', async (t) => {
  const { ring, file, write } = await open(t, [key('web', 'old')], '{ web: {} }')
  write('{ web: { read_only: true } }')
  const replaced = ring.replace([key('web', 'new')], file)
  t.same(shown(ring), ['web=new'])
  t.same(await replaced, { isChanged: true, reason: undefined })
  t.match(file.current.byName('web'), { permissions: { readOnly: false } })
})

t.test('a new name is in force at once, and the policy is read again for it', async (t) => {
  const seen: unknown[] = []
  const { ring, file, write } = await open(
    t, [key('web', 'old'), key('web')], '{ web: {} }', (what) => seen.push(what)
  )
  write('{ web: {}, cms: { read_only: true } }')
  await file.check()
  t.same(seen.splice(0), ['refused'], 'nobody can be cms yet')
  const given = [key('web', 'old'), key('web', 'new'), key('cms')]
  const replaced = ring.replace(given, file)
  const second = ring.replace(given, file)
  t.same(shown(ring), ['web=old', 'web=new', 'cms=cms'])
  t.same(await replaced, { isChanged: true, reason: undefined })
  t.same(await second, { isChanged: false, reason: undefined })
  t.same(seen, ['changed'])
  t.match(file.current.byName('cms'), { permissions: { readOnly: true } })
})

t.test('of two changes at once the later one holds', async (t) => {
  const { ring, file } = await open(t, [key('web', 'old')], '{ web: {} }')
  await Promise.all([ring.replace([key('web', 'old'), key('cms', 'old')], file), ring.replace([key('web', 'old'), key('cms', 'new')], file)])
  t.same(shown(ring), ['web=old', 'cms=new'])
  await Promise.all([ring.replace([key('web', 'old'), key('webb')], file), ring.replace([key('web', 'old')], file)])
  t.same(shown(ring), ['web=old'])
})

t.test('the last key of a caller with rules can be taken out; that its rules are left over is told, until they are gone', async (t) => {
  const { ring, file, write } = await open(t, [key('web', 'old'), key('cms')], '{ web: {} }')
  const reason = 'no key is left for "web", of whom the policy speaks'
  t.same(await ring.replace([key('cms'), key('webb')], file), { isChanged: true, reason })
  t.same(shown(ring), ['cms=cms', 'webb=webb'])
  t.same(
    await ring.replace([key('cms'), key('webb')], file), { isChanged: false, reason },
    'as long as nothing changes'
  )
  write('{ webb: { read_only: true } }')
  await file.check()
  t.same(await ring.replace([key('cms'), key('webb')], file), { isChanged: false, reason: undefined })
})

t.test('while the policy file cannot be used, the one before holds for all keys', async (t) => {
  const { ring, file, path, write } = await open(t, [key('web', 'old')], '{ web: {} }')
  rmSync(path)
  t.same(await ring.replace([key('web', 'new'), key('cms')], file), { isChanged: true, reason: undefined })
  t.same(shown(ring), ['web=new', 'cms=cms'])
  t.equal(file.current.byName('cms'), undefined)
  write('{ web: {}, cms: {} }')
  await file.check()
  t.match(file.current.byName('cms'), { name: 'cms' })
})

t.test('names for a log line', async (t) => {
  t.equal(quoted(['a', 'b']), '"a", "b"')
  t.equal(quoted([]), '')
})
