import fc from 'fast-check'
import t from 'tap'
import { EVERYTHING } from '../../../src/auth/policy/permissions.ts'
import { permitUpload } from '../../../src/auth/uploads/permit.ts'
import { isReplayable, markedForms, withoutReplay } from '../../../src/auth/uploads/replay-guard.ts'
import type { GatewayError } from '../../../src/errors.ts'
import { signParameters } from '../../../src/cloudinary/wire/signature.ts'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { SIGNABLE_PARAMETER_NAMES } from '../../../src/schemas/upload-parameters.ts'
import { rounds } from '../../support/rounds.ts'

t.test('which sets could serve another method', async (t) => {
  const replayable = (...names: string[]) => isReplayable([...names, 'timestamp'])
  t.equal(replayable('public_id'), true)
  t.equal(replayable('public_id', 'type', 'invalidate', 'notification_url'), true)
  t.equal(replayable('public_id', 'context', 'eager'), true, 'all of them are known to explicit')
  t.equal(replayable('format', 'public_id', 'type'), true, 'a download')
  t.equal(replayable('tags'), true, 'an archive of everything with these tags')
  t.equal(replayable(), false, 'the others need an aim, or something to say')
  for (const name of ['context', 'access_control', 'asset_folder', 'faces', 'colors', 'notification_url']) t.equal(replayable(name), true, `${name}: a path aims too`)
  t.equal(replayable('folder'), false)
  t.equal(replayable('async', 'context'), false, 'nothing that an update knows sorts before async')
  t.equal(replayable('context', 'folder'), true, 'the context could swallow it')
  t.equal(isReplayable(['context', 'folder', 'timestamp'], false), false, 'where nothing is swallowed it is in the way')
  t.equal(isReplayable(['context', 'folder', 'public_id', 'timestamp'], false), true, 'for an aim that is signed it always counts')
  t.equal(replayable('folder', 'public_id', 'tags'), false, 'nothing that the others know sorts before folder')
  t.equal(replayable('public_id', 'return_delete_token'), false, 'only the public ID could swallow it')
  t.equal(replayable('public_id', 'source'), false)
  t.equal(replayable('source', 'tags'), false)
  t.equal(replayable('public_id', 'use_filename'), true, 'the timestamp could swallow it')
  t.equal(replayable('context', 'folder', 'public_id'), true, 'the context could swallow it')
  t.equal(replayable('allowed_formats', 'context', 'public_id'), false)
  t.equal(replayable('allowed_formats', 'asset_folder'), false)
  t.equal(replayable('access_control', 'allowed_formats', 'public_id'), true)
  t.equal(replayable('public_id', 'quality_analysis', 'return_delete_token'), true)
  t.equal(replayable('notification_url', 'source', 'tags'), true, 'the URL could swallow it')
})

t.test('a harmless parameter is added only where one is needed', async (t) => {
  const plain = { folder: 'a', timestamp: '1' }
  const added = (parameters: Record<string, string>) => {
    const guarded = withoutReplay({ ...parameters, timestamp: '1' }, false)
    t.match(guarded, parameters, 'what the caller chose stays')
    return Object.keys(guarded).filter((name) => !(name in parameters) && name !== 'timestamp')
  }
  t.equal(withoutReplay(plain, false), plain)
  t.same(added({ public_id: 'a' }), ['return_delete_token'])
  t.same(added({ tags: 'a' }), ['return_delete_token'])
  t.same(added({ context: 'a=b' }), ['async'])
  t.same(added({ faces: 'true' }), ['discard_original_filename'])
  t.same(added({ notification_url: 'https://example.com' }), ['discard_original_filename'])
  t.same(added({ asset_folder: 'a' }), ['return_delete_token'], 'nothing sorts before it: one that is in the way must do')
  t.same(added({ public_id: 'a', context: 'a=b' }), ['return_delete_token', 'async'])
  t.same(added({ public_id: 'a', quality_analysis: 'true' }), ['discard_original_filename'])
  t.same(added({ public_id: 'a', quality_analysis: 'true', return_delete_token: 'true' }), ['discard_original_filename'])
  t.same(added({ async: 'true', notification_url: 'https://example.com', tags: 'a' }), ['accessibility_analysis'])
})

t.test('what was found out about a set of names is right for it alone, however many sets there were', async (t) => {
  const names = SIGNABLE_PARAMETER_NAMES.filter((name) => name !== 'public_id')
  const decided = (name: string): string[] => Object.keys(withoutReplay({ public_id: 'a', [name]: 'x' }, false))
  const first = names.map(decided)
  for (let number = 0; number < 2000; number++) withoutReplay({ folder: 'a', [`n${number}`]: 'x' }, false)
  t.same(names.map(decided), first)
  for (const [index, name] of names.entries()) t.equal(isReplayable(first[index] ?? [], name > 'async'), false, name)
})

t.test('422 where nothing may be added, or nothing helps', async (t) => {
  t.throws(() => withoutReplay({ public_id: 'a', timestamp: '1' }, true), { code: 'param_not_allowed', errors: [{ pointer: '/public_id' }] })
  t.throws(() => withoutReplay({ tags: 'a', timestamp: '1' }, true), { code: 'param_not_allowed', errors: [{ pointer: '/tags' }] })
  t.throws(() => withoutReplay({ context: 'a=b', tags: 'a', timestamp: '1' }, true), { errors: [{ pointer: '/context' }, { pointer: '/tags' }] })
  t.throws(() => withoutReplay({ faces: 'true', timestamp: '1' }, true), { errors: [{ pointer: '/faces' }] })
  for (const set of [{ context: 'a=b', source: 'uw', timestamp: '1' }, { custom_coordinates: '1,2,3,4', source: 'uw', timestamp: '1' }]) t.equal(withoutReplay(set, true), set)
  t.same(withoutReplay({ public_id: 'a', source: 'uw', timestamp: '1' }, true), { public_id: 'a', source: 'uw', timestamp: '1' })
  t.throws(() => withoutReplay({ context: 'a=b', public_id: 'a', quality_analysis: 'true', timestamp: '1' }, false), { code: 'param_not_allowed' })
  t.doesNotThrow(() => withoutReplay({ allowed_formats: 'jpg', context: 'a=b', public_id: 'a', quality_analysis: 'true', timestamp: '1' }, false))
})

t.test('a refusal names what would close the set, and for a form of the widget what its signer can do', async (t) => {
  const refusal = (set: Record<string, string>, exact = true) => t.throws(() => withoutReplay({ ...set, timestamp: '1' }, exact)) as unknown as GatewayError
  const advice = 'The Upload Widget sends `source=uw` by itself; other signers add `source` to what they sign and send.'
  for (const set of [{ public_id: 'a' }, { tags: 'a' }, { faces: 'true' }, { context: 'a=b', public_id: 'a' }] as Array<Record<string, string>>) {
    t.match(refusal(set), { errors: [{ message: /: sign allowed_formats or source too, or leave it out$/ }], members: { advice } }, JSON.stringify(set))
  }
  for (const set of [{ notification_url: 'https://a.b', source: 'uw', tags: 'a' }, { public_id: 'a', quality_analysis: 'true' }] as Array<Record<string, string>>) {
    const { errors, members } = refusal(set)
    t.match(errors, [{ message: /: sign allowed_formats too, or leave it out$/ }], 'source would not help')
    t.same(members, {})
  }
  t.match(refusal({ access_control: 'a', allowed_formats: 'b', public_id: 'c' }), { errors: [{ message: /: sign source too/ }], members: { advice } })
  t.match(refusal({ access_control: 'a', allowed_formats: 'b', public_id: 'c', source: 'uw', quality_analysis: 'true' }), { errors: [{ message: /assets: leave it out$/ }] })
  t.same(refusal({ context: 'a=b', public_id: 'a', quality_analysis: 'true' }, false).members, {}, 'no widget')
})

t.test('a form with each choice of markers that it does not hold: none first, then that of the guard, each once', async (t) => {
  const forms = (form: Record<string, string>) => [...markedForms(form)]
  for (const form of [{ public_id: 'a', timestamp: '1' }, { context: 'a=b', timestamp: '1' }, { folder: 'a', timestamp: '1' }, { public_id: 'a', async: '', timestamp: '1' }]) {
    const all = forms(form)
    t.equal(all.length, 16)
    t.equal(new Set(all.map((each) => JSON.stringify(Object.entries(each).sort()))).size, 16)
    t.equal(all[0], form)
    const guarded = withoutReplay(form, false)
    if (guarded !== form) t.same(all[1], guarded)
    for (const each of all) t.match(each, Object.fromEntries(Object.entries(form).filter(([, value]) => value !== '')))
  }
  t.equal(forms({ return_delete_token: 'true', timestamp: '1' }).length, 8, 'what the caller chose stays')
  t.ok(forms({ return_delete_token: 'true', timestamp: '1' }).every((form) => form['return_delete_token'] === 'true'))
  t.equal(forms({ accessibility_analysis: 'true', async: 'true', discard_original_filename: 'true', return_delete_token: 'true' }).length, 1)
  t.equal(forms({ context: 'a=b', public_id: 'a', quality_analysis: 'true', timestamp: '1' }).length, 16, 'also where no choice helps')
})

const AIMS = [['image', 'destroy'], ['image', 'explicit'], ['image', 'rename'], ['raw', 'destroy'], ['image', 'tags'], ['image', 'context'], ['image', 'metadata']] as const

/** Ways to send a signed set to another method: as it is, in parts, and with parameters swallowed by the one before them. */
function replays (signed: Readonly<Record<string, string>>): Array<Record<string, string>> {
  const names = Object.keys(signed).sort()
  const all = names.map((name) => [name, signed[name] ?? ''] as const)
  const without = (left: string) => Object.fromEntries(all.filter(([name]) => name !== left))
  const aimed: Record<string, string> = { ...signed, from_public_id: signed['public_id'] ?? 'victim', to_public_id: 'gone', public_ids: 'victim', command: 'remove_all', public_id: signed['public_id'] ?? 'victim' }
  const swallowed = all.slice(1).map(([name, value], index) => {
    const before = names[index] ?? ''
    return { ...without(name), [before]: `${signed[before]}&${name}=${value}` }
  })
  // Only an upload knows these; the other methods leave them out of what they check, so sending them along changes nothing.
  const unknown = ['return_delete_token', 'discard_original_filename', 'accessibility_analysis', 'folder', 'unique_filename', 'use_filename']
  return [{ ...signed }, ...names.map(without), ...swallowed, aimed].map((form) => Object.fromEntries(Object.entries(form).filter(([name]) => !unknown.includes(name))))
}

t.test('nothing that was signed for an upload deletes, renames or changes an asset', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const cloud = sandbox.clouds[0]
  if (!cloud) throw new Error('the sandbox has no cloud')
  const send = async (method: string, kind: string, form: Record<string, string>) => {
    const response = await fetch(`${sandbox.url}/v1_1/${cloud.cloudName}/${kind}/${method}`, { method: 'POST', body: new URLSearchParams(form) })
    return { status: response.status, body: await response.text() }
  }
  const optional = fc.record({
    public_id: fc.constantFrom('victim', 'victim&overwrite=true'),
    tags: fc.constantFrom('a', 'a,b&public_id=victim'),
    context: fc.constantFrom('a=b', 'a=b&from_public_id=victim&timestamp=1&to_public_id=gone'),
    type: fc.constantFrom('upload', 'private'),
    invalidate: fc.constantFrom('true', 'true&public_id=victim'),
    overwrite: fc.constant('true'),
    notification_url: fc.constant(`${sandbox.url}/?a=1&public_id=victim`),
    folder: fc.constant('x'),
    unique_filename: fc.constant('false'),
    use_filename: fc.constant('true'),
    asset_folder: fc.constant('y'),
    quality_analysis: fc.constant('true'),
    moderation: fc.constant('manual'),
    eager: fc.constant('w_10')
  }, { requiredKeys: [] })
  await fc.assert(fc.asyncProperty(optional, fc.constantFrom('sha1' as const, 'sha256' as const), fc.constantFrom(1 as const, 2 as const), async (wish, algorithm, version) => {
    const nowSeconds = Math.floor(Date.now() / 1000)
    const parameters = Object.fromEntries([...Object.entries(wish), ['timestamp', String(nowSeconds)]]) as Record<string, string> // fast-check leaves out what is not required
    let signed: Readonly<Record<string, string>>
    try {
      signed = permitUpload({ action: 'generateSignature', parameters }, { permissions: EVERYTHING, nowSeconds, signatureVersion: version, sandbox: true }).parameters
    } catch {
      return // refused: nothing to replay
    }
    await sandbox.add('victim')
    const signature = signParameters(signed, { apiSecret: cloud.apiSecret, algorithm, version })
    for (const form of replays(signed)) {
      for (const [kind, method] of AIMS) {
        const answer = await send(method, kind, { ...form, api_key: cloud.apiKey, signature })
        // The swallowing public ID names another asset, which is not there.
        const misses = answer.status === 404 || answer.body === '{"result":"not found"}'
        t.ok(answer.status === 401 || answer.status === 400 || misses, `${method} ${JSON.stringify(form)} ${answer.status} ${answer.body}`)
      }
    }
  }), { numRuns: rounds(40) })
  t.pass()
})
