import t from 'tap'
import { isReplayable, smuggled, withoutReplay } from '../../src/auth/replay-guard.ts'

t.test('which sets could serve another method', async (t) => {
  const replayable = (...names: string[]) => isReplayable([...names, 'timestamp'])
  t.equal(replayable('public_id'), true)
  t.equal(replayable('public_id', 'type', 'invalidate', 'notification_url'), true)
  t.equal(replayable('public_id', 'tags', 'context', 'eager'), true, 'all of them are known to explicit')
  t.equal(replayable(), false, 'the others need a public ID')
  t.equal(replayable('folder', 'tags'), false)
  t.equal(replayable('folder', 'public_id'), false, 'nothing sorts before folder')
  t.equal(replayable('public_id', 'return_delete_token'), false, 'only the public ID could swallow it')
  t.equal(replayable('public_id', 'source'), false)
  t.equal(replayable('public_id', 'use_filename'), true, 'the timestamp could swallow it')
  t.equal(replayable('context', 'folder', 'public_id'), true, 'the context could swallow it')
  t.equal(replayable('allowed_formats', 'context', 'public_id'), false)
  t.equal(replayable('access_control', 'allowed_formats', 'public_id'), true)
  t.equal(replayable('public_id', 'quality_analysis', 'return_delete_token'), true)
})

t.test('a harmless parameter is added only where one is needed', async (t) => {
  const plain = { folder: 'a', timestamp: '1' }
  t.equal(withoutReplay(plain, false), plain)
  t.same(withoutReplay({ public_id: 'a', timestamp: '1' }, false), { public_id: 'a', timestamp: '1', return_delete_token: 'false' })
  t.same(withoutReplay({ public_id: 'a', context: 'a=b', timestamp: '1' }, false), { public_id: 'a', context: 'a=b', timestamp: '1', return_delete_token: 'false' })
  t.same(withoutReplay({ public_id: 'a', quality_analysis: 'true', timestamp: '1' }, false),
    { public_id: 'a', quality_analysis: 'true', timestamp: '1', return_delete_token: 'false', discard_original_filename: 'false' })
  t.same(withoutReplay({ public_id: 'a', quality_analysis: 'true', return_delete_token: 'true', timestamp: '1' }, false),
    { public_id: 'a', quality_analysis: 'true', return_delete_token: 'true', discard_original_filename: 'false', timestamp: '1' }, 'what the caller chose stays')
})

t.test('422 where nothing may be added, or nothing helps', async (t) => {
  t.throws(() => withoutReplay({ public_id: 'a', timestamp: '1' }, true), { code: 'param_not_allowed', errors: [{ pointer: '/public_id' }] })
  t.same(withoutReplay({ public_id: 'a', source: 'uw', timestamp: '1' }, true), { public_id: 'a', source: 'uw', timestamp: '1' })
  t.throws(() => withoutReplay({ context: 'a=b', public_id: 'a', quality_analysis: 'true', timestamp: '1' }, false), { code: 'param_not_allowed' })
  t.doesNotThrow(() => withoutReplay({ allowed_formats: 'jpg', context: 'a=b', public_id: 'a', quality_analysis: 'true', timestamp: '1' }, false))
})

t.test('parameters hidden in a value are found', async (t) => {
  const known = new Set(['public_id', 'folder'])
  t.equal(smuggled('a&public_id=b', known), 'public_id')
  t.equal(smuggled('https://example.com/?a=1&b=2&folder=3', known), 'folder')
  t.equal(smuggled('https://example.com/?public_id=1&b=2', known), undefined)
  t.equal(smuggled('plain', known), undefined)
})
