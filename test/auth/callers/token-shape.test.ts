import t from 'tap'
import { hasDuplicateMembers, looksLikeJwt, tokenFault } from '../../../src/auth/callers/token-shape.ts'

const part = (text: string) => Buffer.from(text).toString('base64url')

t.test('plain keys are told from tokens', async (t) => {
  t.equal(looksLikeJwt('a.b.c'), true)
  t.equal(looksLikeJwt('a.b.c.d.e'), true)
  for (const key of ['abc', 'a.b', '']) t.equal(looksLikeJwt(key), false, key)
})

t.test('a member named twice is found, however it is spelled', async (t) => {
  for (const json of ['{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{"x":{"a":1,"a":1}}', '[{"a":1,"a":1}]', '{"a":{"b":1},"a":1}', '{"a" : 1, "a" : 2}', '{"__proto__":1,"__proto__":2}']) t.equal(hasDuplicateMembers(json), true, json)
  for (const json of ['{}', '1', '"a"', '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}', '{"a":"\\"a\\":1","b":"{\\"b\\":1"}', '{"a":["a","a"],"b":"a"}', '{"a":"a:","b":"x"}']) t.equal(hasDuplicateMembers(json), false, json)
})

t.test('only three parts of base64url that hold JSON are worth a verification', async (t) => {
  t.equal(tokenFault(`${part('{"alg":"RS256"}')}.${part('{"sub":"a"}')}.c2ln`), undefined)
  for (const token of ['a.b', 'a.b.c.d.e', '..', `${part('{}')}.${part('{}')}.`, `${part('{}')}.${part('{}')}.a+b`, `${part('{}')}=.${part('{}')}.a`, `${part('{}')}.${part('{}')}xx.c2ln`, `${part('{}')}.${part('{}')}.c2lnc`]) t.match(tokenFault(token), /three parts/, token)
  t.match(tokenFault(`${part('{')}.${part('{}')}.c2ln`), /JSON/)
  t.match(tokenFault(`${part('{}')}.${part('nonsense')}.c2ln`), /JSON/)
  t.match(tokenFault(`${part('{"alg":"RS256"}')}.${part('{"sub":"a","sub":"b"}')}.c2ln`), /twice/)
  t.match(tokenFault(`${part('{"alg":"none","alg":"RS256"}')}.${part('{}')}.c2ln`), /twice/)
})
