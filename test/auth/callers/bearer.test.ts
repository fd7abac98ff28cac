import t from 'tap'
import { bearerToken, MAX_TOKEN_BYTES } from '../../../src/auth/callers/bearer.ts'

const given = (...values: string[]) => bearerToken(values.flatMap((value) => ['Authorization', value]))

t.test('no header is told from a bad one', async (t) => {
  t.same(bearerToken([]), { kind: 'absent' })
  t.same(bearerToken(['Host', 'a', 'X-Authorization', 'Bearer x']), { kind: 'absent' })
})

t.test('a token is read whatever the case of the scheme and of the header', async (t) => {
  for (const value of ['Bearer abc.DEF-_~+/==', 'bearer abc.DEF-_~+/==', 'BEARER abc.DEF-_~+/==']) t.same(given(value), { kind: 'token', token: 'abc.DEF-_~+/==' })
  t.same(bearerToken(['aUTHORIZATION', 'Bearer x']), { kind: 'token', token: 'x' })
})

t.test('anything else is refused', async (t) => {
  for (const value of ['', 'Bearer', 'Bearer ', 'Bearer  x', 'bearer x y', 'Bearer x,y', 'Bearer ключ', 'Bearer =', 'Basic !!', `Basic ${btoa('nocolon')}`, 'Bearerx', ' Bearer x', 'Bearer x=y']) {
    t.match(given(value), { kind: 'refused', reason: /must read/ }, JSON.stringify(value))
  }
})

t.test('two headers are refused, even when they agree: Node would keep the first in silence', async (t) => {
  t.match(given('Bearer x', 'Bearer x'), { kind: 'refused', reason: /not several/ })
  t.match(given('Bearer x', 'Basic y'), { kind: 'refused' })
})

t.test('tokens of up to 8 KiB are taken', async (t) => {
  t.match(given(`Bearer ${'x'.repeat(MAX_TOKEN_BYTES)}`), { kind: 'token' })
  t.match(given(`Bearer ${'x'.repeat(MAX_TOKEN_BYTES + 1)}`), { kind: 'refused', reason: /longer than 8192/ })
  t.match(bearerToken(['Authorization']), { kind: 'absent' })
})
