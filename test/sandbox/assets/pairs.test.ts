import fc from 'fast-check'
import t from 'tap'
import { parsePairs } from '../../../src/sandbox/assets/parameters.ts'
import { startSandbox } from '../../../src/sandbox/index.ts'
import { rounds, seed } from '../../support/rounds.ts'

/** As text on the wire, and what it means. */
const CASES: Readonly<Record<string, Record<string, string>>> = {
  'a=1|b=2': { a: '1', b: '2' },
  'a=x\\|y|b=p\\=q': { a: 'x|y', b: 'p=q' },
  'a\\=b=1': { 'a=b': '1' },
  'a=C:\\temp\\new': { a: 'C:\\temp\\new' },
  'a=\\\\server\\share|b=\\d+\\.\\d': { a: '\\\\server\\share', b: '\\d+\\.\\d' },
  'a=say \\"hi\\"': { a: 'say \\"hi\\"' },
  'a=ends in \\': { a: 'ends in \\' },
  'a=\\\\|b=2': { a: '\\|b=2' },
  'a=line\nbreak\t\\n': { a: 'line\nbreak\t\\n' },
  'a=': { a: '' }
}

t.test('two escapes, and every other backslash is what it is', async (t) => {
  for (const [text, expected] of Object.entries(CASES)) t.same(parsePairs(text, 'context'), expected, JSON.stringify(text))
  t.same(parsePairs('a=say \\"hi\\"\\n', 'metadata'), { a: 'say "hi"\\n' }, 'a third one in metadata')
  for (const text of ['a', 'a\\=b', '=1', 'a=1|b']) t.throws(() => parsePairs(text, 'context'), { status: 400, message: /^Invalid value .* for parameter context$/ }, text)
})

t.test('what is escaped so comes back, whatever it is', async (t) => {
  const escaped = (text: string) => text.replace(/[=|]/g, '\\$&')
  // A backslash at the end of a key or value would escape what follows: nothing written so can mean it.
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '\\', '=', '|', '"', ' é') }).filter((text) => !text.endsWith('\\') && !/\\[=|]/.test(text))
  fc.assert(fc.property(word, word, word, (key, value, other) => {
    const name = `k${key}`.trim()
    const text = `${escaped(name)}=${escaped(value)}|z=${escaped(other)}`
    const found = parsePairs(text, 'context')
    if (found[name] !== value || found['z'] !== other) throw new Error(JSON.stringify({ text, found }))
  }), { numRuns: rounds(500), seed: seed(7) })
  t.pass('random pairs')
})

t.test('on upload, in context calls, in explicit and in updates', async (t) => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const ask = async (path: string, form?: Record<string, string>) => {
    const headers = { authorization: `Basic ${btoa('1234:abcd')}` }
    const answer = await fetch(`${sandbox.url}/v1_1/demo/${path}`, { headers, ...form && { method: 'POST', body: new URLSearchParams(form) } })
    return await answer.json() as { context?: { custom: unknown } } // an asset
  }
  const file = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
  for (const [context, expected] of Object.entries(CASES)) {
    t.same((await ask('image/upload', { file, public_id: 'x', context })).context?.custom, expected, `upload ${context}`)
    await ask('image/context', { command: 'remove_all', public_ids: 'x' })
    await ask('image/context', { command: 'add', public_ids: 'x', context })
    t.same((await ask('resources/image/upload/x')).context?.custom, expected, `context call ${context}`)
    for (const path of ['resources/image/upload/x', 'image/explicit']) {
      await ask('resources/image/upload/x', { context: 'old=1' })
      t.same((await ask(path, { public_id: 'x', type: 'upload', context })).context?.custom, expected, `${path} ${context}`)
    }
  }
})
