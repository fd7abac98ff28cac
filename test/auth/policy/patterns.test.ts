import fc from 'fast-check'
import t from 'tap'
import {
  compilePatterns, fillClaims, fitsAny, Pattern, patternFault, placeholders
} from '../../../src/auth/policy/patterns.ts'
import { rounds } from '../../support/rounds.ts'

t.test('a pattern fits whole names', async (t) => {
  const fits = (pattern: string, name: string) => new Pattern(pattern).matches(name)
  t.equal(fits('users/1', 'users/1'), true)
  t.equal(fits('users/1', 'users/10'), false)
  t.equal(fits('users/1', 'my/users/1'), false)
  t.equal(fits('users/*', 'users/1'), true)
  t.equal(fits('users/*', 'users/1/2'), false, 'one star stays in its segment')
  t.equal(fits('users/*', 'users/'), false)
  t.equal(fits('users/**', 'users/1/2'), true)
  t.equal(fits('users/**', 'users'), false)
  t.equal(fits('a.b+(c)', 'a.b+(c)'), true, 'other characters stand for themselves')
  t.equal(fits('a.b', 'axb'), false)
  t.equal(fits('**', 'line\nbreak'), true)
  t.equal(fits('*.jpg', '😀.jpg'), true)
})

t.test('it fits as the expression of the same meaning does', async (t) => {
  const escaped = (text: string): string => text.replace(/[.+]/g, '\\$&')
  const expression = (pattern: string) => new RegExp(`^${pattern.split(/(\*{1,2})/).map((part) => part === '**' ? '.+' : part === '*' ? '[^/]+' : escaped(part)).join('')}$`, 's')
  const text = (...pieces: string[]) => fc.array(fc.constantFrom(...pieces), { maxLength: 7 }).map((parts) => parts.join(''))
  fc.assert(fc.property(text('a', 'b', '/', '*', '**/', 'ab', '.', '+'), text('a', 'b', '/', 'ab', '.', '+', '\n'), (pattern, name) => pattern.includes('***') || new Pattern(pattern).matches(name) === expression(pattern).test(name)), { numRuns: rounds(5_000) })
  t.pass()
})

t.test('a name made to be tried in many ways comes to an end', async (t) => {
  // An expression that tries one way after the other would not, before the time for this file is over.
  for (const [pattern, name] of [['*-*.jpg', '-'.repeat(60_000) + '/'], ['**a**a**a**b', 'a'.repeat(60_000)], ['*-*-*-*-*-*.jpg', '-'.repeat(60_000)]] as const) t.equal(new Pattern(pattern).matches(name), false, pattern)
})

t.test('claims are put in', async (t) => {
  t.same(placeholders('{org}/users/{sub}'), ['org', 'sub'])
  t.equal(fillClaims('users/{sub}/{n}', { sub: 'auth0|x'.replace('|', ':'), n: 7 }), 'users/auth0:x/7')
  t.equal(fillClaims('plain', {}), 'plain')
  const [pattern] = compilePatterns(['users/{sub}/**'], { sub: 'a.b' })
  t.equal(pattern?.matches('users/a.b/c'), true)
  t.equal(pattern?.matches('users/axb/c'), false, 'a claim is text, not a pattern')
  t.equal(pattern?.text, 'users/a.b/**')
})

t.test('403 for claims that could change the path', async (t) => {
  for (const sub of ['', '.', '..', '...', 'a/b', 'a\\b', '%2e%2e', 'a*', '**', '{x}', 'a|b', 'a=b', 'a&b', 'a,b', 'a b', 'a\n', 'a\u0000', 'e\u0301', '\ud800', 'x'.repeat(201), true, null, ['a'], { a: 1 }]) {
    t.throws(() => fillClaims('users/{sub}', { sub }), { code: 'forbidden', message: /"sub"/ }, JSON.stringify(sub))
  }
  t.throws(() => fillClaims('users/{sub}', {}), { code: 'forbidden' })
  t.throws(() => fillClaims('{constructor}', {}), { code: 'forbidden' }, 'only claims of its own')
})

t.test('a name fits several patterns when it fits one of them', async (t) => {
  const patterns = compilePatterns(['a/**', 'b/*'], {})
  t.ok(fitsAny(patterns, 'b/c'))
  t.notOk(fitsAny(patterns, 'b/c/d'))
  t.notOk(fitsAny([], 'a/b'))
})

t.test('malformed patterns are named', async (t) => {
  for (const text of ['a', 'a/*/b', 'users/{sub}/**', '{https://example.com/role}']) t.equal(patternFault(text), undefined, text)
  t.match(patternFault('a/{sub'), /brace/)
  t.match(patternFault('a/{}'), /brace/)
  t.match(patternFault('a/***'), /more than two/)
  for (const text of ['a\ud800', 'a\u0000b']) t.match(patternFault(text), /control characters or half/)
  for (const text of ['', '/a', 'a/', 'a//b', 'a\\b', ' a', 'a ']) t.match(patternFault(text), /must not/, JSON.stringify(text))
})
