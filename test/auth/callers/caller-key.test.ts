import t from 'tap'
import { ANYBODY, DIRECT_UPLOADER } from '../../../src/auth/callers/authenticator.ts'
import { callerKey, strangerKey } from '../../../src/auth/callers/caller-key.ts'
import { EVERYTHING } from '../../../src/auth/policy/permissions.ts'

t.test('callers are counted by themselves, and those without a key by their address', async (t) => {
  const [ip, other] = ['192.0.2.1', '192.0.2.2']
  const web = { name: 'web', permissions: EVERYTHING }
  t.equal(callerKey({ caller: web, ip }), 'caller:web')
  t.equal(callerKey({ caller: { ...web, scope: 'token:1' }, ip }), 'caller:token:1')
  for (const caller of [ANYBODY, DIRECT_UPLOADER]) {
    t.equal(callerKey({ caller, ip }), strangerKey(ip))
    t.not(callerKey({ caller, ip }), callerKey({ caller, ip: other }))
  }
  t.not(callerKey({ caller: { ...web, name: 'anonymous' }, ip }), strangerKey(ip), 'whatever its name')
})
