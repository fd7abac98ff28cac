import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { digestOf } from '../../../src/auth/policy/keys.ts'
import { parsePolicy, PolicyError, PolicyFile, readPolicy } from '../../../src/auth/policy/policy-file.ts'

const environments = ['production', 'staging']
const key = (text: string) => `sha256:${digestOf(text).toString('hex')}`

function faultsOf (text: string): readonly string[] {
  try {
    parsePolicy(text, environments)
  } catch (error) {
    if (error instanceof PolicyError) return error.faults
    throw error
  }
  return []
}

t.test('the example policy loads', async (t) => {
  const text = await readFile(new URL('../../../docker/policy.example.yaml', import.meta.url), 'utf8')
  const policy = parsePolicy(text, environments, { keyNames: [], tokens: true })
  t.equal(policy.keys.length, 4)
  t.match(policy.byName('web')?.permissions, { folder: 'incoming', signing: { validitySeconds: 300, force: { moderation: 'manual', overwrite: 'false' } } })
  t.equal(policy.byName('report')?.permissions.readOnly, true)
  t.equal(policy.byClaims({ sub: '7', role: 'editor' })?.name, 'editors/7')
  t.equal(policy.byClaims({ sub: '7' })?.permissions.folder, 'users/7')
})

t.test('callers that can never come are a fault, at start and after a change', async (t) => {
  const path = join(t.testdir({ 'policy.yaml': 'callers: { web: {} }' }), 'policy.yaml')
  const sources = { keyNames: ['web'], tokens: false }
  await t.rejects(PolicyFile.open(path, { environments, sources: () => ({ ...sources, keyNames: ['cms'] }) }), { name: 'PolicyError', message: /line 1, \/callers\/web: can never be met/ })
  const told: string[] = []
  const file = await PolicyFile.open(path, { environments, sources: () => sources, pollMs: 3_600_000, onFault: (error) => told.push(String(error)) })
  t.teardown(() => { file.close() })
  writeFileSync(path, 'callers: { webb: {} }')
  await file.check()
  t.match(told, [/webb: can never be met.*did you mean "web"\?/])
  t.ok(file.current.byName('web'), 'the policy before stays')
})

t.test('a policy that was refused for want of a key is taken once that key is there', async (t) => {
  const path = join(t.testdir({ 'policy.yaml': 'callers: { web: {} }' }), 'policy.yaml')
  let keyNames = ['web']
  const told: string[] = []
  const file = await PolicyFile.open(path, { environments, sources: () => ({ keyNames, tokens: false }), pollMs: 3_600_000, onChange: () => told.push('changed'), onFault: () => told.push('refused') })
  t.teardown(() => { file.close() })
  await file.reconsider()
  t.same(told.splice(0), [], 'what is in force is not read anew')
  writeFileSync(path, 'callers: { web: {}, cms: {} }')
  await file.check()
  await file.check()
  t.same(told.splice(0), ['refused'])
  await file.reconsider()
  t.same(told.splice(0), ['refused'], 'still nobody has that key')
  keyNames = ['web', 'cms']
  await file.reconsider()
  t.same(told.splice(0), ['changed'])
  t.ok(file.current.byName('cms'))
  await rm(path)
  await file.check()
  t.same(told, ['refused'], 'nor is a file that is gone')
})

t.test('JSON is taken as well', async (t) => {
  t.equal(parsePolicy(JSON.stringify({ callers: { web: { keys: [key('a')] } } }), environments).keys.length, 1)
})

t.test('every fault is named by line and pointer', async (t) => {
  t.same(faultsOf([
    'callers:', // 1
    '  web:', // 2
    '    keys: [secret]', // 3
    '    actions: [getUrl, getSigndUrl, 7]', // 4
    '    readonly: true', // 5
    '    rate: { requests: 5 }', // 6
    '    sign:', // 7
    '      validity_seconds: 4000', // 8
    '      force: { tags: { a: 1 } }', // 9
    '      quux: 1', // 10
    '  cms: 5' // 11
  ].join('\n')), [
    'line 5, /callers/web/readonly: is not known here; did you mean "read_only"?',
    'line 3, /callers/web/keys/0: must be the digest of a key, sha256:<64 hex digits>; see cloudinary-gateway key',
    'line 4, /callers/web/actions/1: must be one of uploadResource, getUrl, getAllResources, getResourceById, updateResource, deleteResource, getSignedUrl, generateSignature, directUpload, explainSignature; did you mean "getSignedUrl"?',
    'line 4, /callers/web/actions/2: must be one of uploadResource, getUrl, getAllResources, getResourceById, updateResource, deleteResource, getSignedUrl, generateSignature, directUpload, explainSignature',
    'line 6, /callers/web/rate/per_seconds: Expected required property',
    'line 10, /callers/web/sign/quux: is not known here',
    'line 9, /callers/web/sign/force/tags: must be text, a number, a truth value or a list of texts',
    'line 8, /callers/web/sign/validity_seconds: Expected integer to be less or equal to 3600',
    'line 11, /callers/cms: Expected object'
  ])
  t.same(faultsOf('callers:\n  web:\n    folder: /a\n    environments: [production, nowhere]\n'), [
    'line 3, /callers/web/folder: must not be empty, begin or end with a blank or a slash, or hold an empty segment or a backslash',
    'line 4, /callers/web/environments/1: there is no environment "nowhere"'
  ])
  t.match(faultsOf(''), ['line 1, /: Expected object'])
  t.match(faultsOf('callers: {}'), [/line 1, \/callers: /])
  t.match(faultsOf('callers:\n  "a/b~c": {}\n'), [/line 2, \/callers\/a\/b~c: is not known here/])
})

t.test('a member in the wrong place is told where it belongs', async (t) => {
  t.same(faultsOf('callers:\n  web:\n    formats: [jpg]\n    sign:\n      read_only: true\n      requests: 1\nrate: {}'), [
    'line 7, /rate: is not known here; it belongs in /callers/<name>',
    'line 3, /callers/web/formats: is not known here; it belongs in /callers/<name>/sign',
    'line 5, /callers/web/sign/read_only: is not known here; it belongs in /callers/<name>',
    'line 6, /callers/web/sign/requests: is not known here; it belongs in /callers/<name>/rate'
  ])
  t.match(faultsOf('callers: { web: { folder: a, callers: {}, delete: { folder: a } } }'), [
    /callers\/web\/callers: is not known here; it belongs in the top of the file$/,
    /delete\/folder: is not known here; it belongs in \/callers\/<name> or \/callers\/<name>\/sign$/
  ])
})

t.test('the secret that stands where a digest belongs is not repeated', async (t) => {
  t.notMatch(faultsOf('callers: { web: { keys: [my-secret-key] } }').join(), /my-secret-key/)
})

t.test('text that is no YAML, a member named twice, and aliases of aliases are refused', async (t) => {
  t.match(faultsOf('callers: [')[0], /line 1/)
  t.match(faultsOf('{"callers": {"web": {}, "web": {"read_only": true}}}')[0], /unique/)
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]', ...[...'bcdefgh'].map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefg'[index]}`).join()}]`)].join('\n')
  t.match(faultsOf(bomb)[0], /alias/i)
})

t.test('no more faults than a person reads', async (t) => {
  t.equal(faultsOf(`callers:\n${Array.from({ length: 200 }, (_, index) => `  c${index}: 1\n`).join('')}`).length, 50)
  t.equal(faultsOf(`callers:\n${Array.from({ length: 200 }, (_, index) => `  c${index}: { folder: /x }\n`).join('')}`).length, 50)
})

t.test('a changed file takes effect; a bad one is reported once and changes nothing', async (t) => {
  const path = join(t.testdir({ 'policy.yaml': `callers: { web: { keys: ['${key('a')}'] } }` }), 'policy.yaml')
  const told: string[] = []
  const file = await PolicyFile.open(path, {
    environments,
    pollMs: 3_600_000,
    onChange: () => told.push('changed'),
    onFault: (error) => told.push(String(error))
  })
  t.teardown(() => file.close())
  const first = file.current

  await file.check()
  t.equal(file.current, first, 'nothing changed')

  await writeFile(path, `callers: { web: { keys: ['${key('b')}'] } }`)
  await Promise.all([file.check(), file.check()])
  t.same(file.current.keys, [{ caller: 'web', digest: digestOf('b') }])
  t.same(told.splice(0), ['changed'])

  const good = file.current
  await writeFile(path, 'callers: { web: { keyz: [] } }')
  await file.check()
  await file.check()
  t.equal(file.current, good)
  t.match(told.splice(0), [/line 1, \/callers\/web\/keyz: is not known here; did you mean "keys"/])

  await rm(path)
  await file.check()
  await file.check()
  t.equal(file.current, good)
  t.match(told.splice(0), [/ENOENT/])

  await writeFile(path, `callers: { web: { keys: ['${key('b')}'] } }`)
  await file.check()
  await file.check()
  t.same(told.splice(0), ['changed'], 'a file that is there again is told of, though it says what it said before')

  await writeFile(path, 'x'.repeat(1024 * 1024 + 1))
  await file.check()
  t.match(told.splice(0), [/larger than 1 MiB/])
  await writeFile(path, `callers: { web: { keys: ['${key('c')}'] } }`)
  await file.check()
  t.equal(file.current.keys[0]?.digest.equals(digestOf('c')), true)
})

t.test('what a thread reads comes back as plain values', async (t) => {
  t.same(readPolicy('callers: { web: { read_only: true } }', environments), {
    value: { callers: { web: { read_only: true } } }
  })
  t.match(readPolicy('callers: { web: 5 }', environments), { faults: [/Expected object/] })
  // to see what becomes of one
  const environmentsOf = { includes: () => { throw new RangeError('a bug') } } as unknown as string[]
  t.throws(() => readPolicy('callers: { web: { environments: [x] } }', environmentsOf), RangeError)
})

t.test('a long policy is read in a thread of its own', async (t) => {
  let threads = 0
  const count = (): void => { threads++ }
  process.on('worker', count)
  t.teardown(() => process.off('worker', count))
  const long = (name: string, more = ''): string =>
    `callers:\n  ${name}: { keys: ['${key(name)}'] }\n${more}${'# '.repeat(10_000)}`
  const path = join(t.testdir({ 'policy.yaml': long('first') }), 'policy.yaml')
  const told: string[] = []
  const file = await PolicyFile.open(path, {
    environments,
    pollMs: 3_600_000,
    onChange: () => told.push('changed'),
    onFault: (error) => told.push(String(error))
  })
  t.equal(threads, 0, 'at start nobody waits for anything else')
  await writeFile(path, long('second'))
  const before = file.current
  const checked = file.check()
  await new Promise((resolve) => process.once('worker', resolve))
  t.equal(file.current, before, 'requests are answered meanwhile, by what was in force')
  await Promise.all([checked, file.check()])
  t.same([file.current.keys, threads], [[{ caller: 'second', digest: digestOf('second') }], 1])

  await writeFile(path, long('third', '  bad: 5\n'))
  await file.check()
  t.match(told.splice(0), ['changed', /^PolicyError: .*\n {2}line 3, \/callers\/bad: Expected object/])

  await writeFile(path, long('fourth'))
  const closed = file.check()
  await new Promise((resolve) => process.once('worker', resolve))
  file.close()
  await closed
  t.same(
    [file.current.keys[0]?.caller, told], ['second', []], 'nothing is taken over, or told, once it is closed'
  )
})

t.test('half a file is not taken over, though it is valid: two readings have to agree', async (t) => {
  const whole = `callers: { web: { keys: ['${key('a')}'] } }`
  const path = join(t.testdir({ 'policy.yaml': whole }), 'policy.yaml')
  const told: string[] = []
  const file = await PolicyFile.open(path, {
    environments,
    pollMs: 3_600_000,
    onChange: () => told.push('changed'),
    onFault: (error) => told.push(String(error))
  })
  t.teardown(() => file.close())
  const restricted = `callers:\n  web:\n    keys: ['${key('b')}']\n    read_only: true\n`
  await writeFile(path, restricted.slice(0, restricted.indexOf('    read_only')))
  const checked = file.check()
  writeFileSync(path, restricted)
  await checked
  t.same(file.current.keys, [{ caller: 'web', digest: digestOf('a') }], 'what was read first is gone, and what came then is new')
  await writeFile(path, 'callers: {') // no fault either, before it stands still
  const again = file.check()
  writeFileSync(path, restricted)
  await again
  await file.check()
  t.match(file.current.byName('web')?.permissions, { readOnly: true })
  t.same(told, ['changed'])
})

t.test('a named pipe in its place is told of once and not waited for', async (t) => {
  const folder = t.testdir({ 'policy.yaml': 'callers: { web: {} }', 'next.yaml': 'callers: { cms: {} }' })
  const path = join(folder, 'policy.yaml')
  const told: string[] = []
  const file = await PolicyFile.open(path, { environments, pollMs: 5, onChange: () => told.push('changed'), onFault: (error) => told.push(String(error)) })
  t.teardown(() => file.close())
  execFileSync('mkfifo', [join(folder, 'pipe')])
  await rename(join(folder, 'pipe'), path)
  while (told.length < 1) await sleep(5)
  await sleep(20)
  await rename(join(folder, 'next.yaml'), path)
  while (!file.current.byName('cms')) await sleep(5)
  t.match(told, [/it is not a regular file/, 'changed'])
  execFileSync('mkfifo', [join(folder, 'pipe')])
  await t.rejects(PolicyFile.open(join(folder, 'pipe'), { environments }), { name: 'PolicyError', message: /not a regular file/ })
})

t.test('the file is looked at again and again, by itself, and nobody needs to listen', async (t) => {
  const path = join(t.testdir({ 'policy.yaml': 'callers: { web: {} }' }), 'policy.yaml')
  const file = await PolicyFile.open(path, { environments, pollMs: 5 })
  t.teardown(() => file.close())
  await writeFile(path, 'nonsense')
  await file.check()
  await writeFile(path, 'callers: { cms: {} }')
  while (!file.current.byName('cms')) await sleep(5)
  t.pass('the poll found it')
  const usual = await PolicyFile.open(path, { environments })
  usual.close()
})

t.test('a policy that cannot be used is not started with', async (t) => {
  const path = join(t.testdir({ 'policy.yaml': 'callers: { web: { folder: /a } }' }), 'policy.yaml')
  await t.rejects(PolicyFile.open(path, { environments }), { name: 'PolicyError' })
  await t.rejects(PolicyFile.open(`${path}.none`, { environments }), { code: 'ENOENT' })
})
