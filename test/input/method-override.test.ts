import t from 'tap'
import { overridesMethod } from '../../src/input/method-override.ts'

t.test('headers that ask for another method are known, whoever invented them', async (t) => {
  for (const name of ['x-http-method-override', 'http-method-override', 'x-method-override', 'x-http-method', 'x-original-method', 'x-tunnel-method', 'x-method']) {
    t.equal(overridesMethod({ host: 'a', [name]: 'DELETE' }), true, name)
  }
  for (const name of ['host', 'x-forwarded-method', 'x-original-url', 'access-control-request-method']) t.equal(overridesMethod({ [name]: 'DELETE' }), false, name)
})
