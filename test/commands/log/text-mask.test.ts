import fc from 'fast-check'
import t from 'tap'
import { SHORTEST, TextMask } from '../../../src/commands/log/text-mask.ts'
import { rounds, seed } from '../../support/rounds.ts'

const masked = (texts: readonly string[], line: string): string =>
  new TextMask(new Set(texts)).apply(line, '*')

t.test('replaces texts wherever they stand, and nothing else', async (t) => {
  for (let blanks = 0; blanks < 8; blanks++) {
    const before = ' '.repeat(blanks)
    t.equal(masked(['0123456789'], `${before}0123456789 x 0123456789`), `${before}* x *`)
    t.equal(masked(['01234567'], `${before}01234567`), `${before}*`, 'as short as they may be')
  }
  for (const line of ['', 'x', '0123456', '012345678', '0123456-89', 'x'.repeat(1000)]) {
    t.equal(masked(['0123456789'], line), line)
  }
  t.equal(masked([], 'nothing is known'), 'nothing is known')
})

t.test('texts that overlap or hold each other are replaced together; neighbours are not', async (t) => {
  t.equal(masked(['abcdefgh', 'efghijkl'], 'x abcdefghijkl x'), 'x * x')
  t.equal(masked(['abcdefghijkl', 'cdefghij'], 'x abcdefghijkl x cdefghij x'), 'x * x * x')
  t.equal(masked(['abcdefgh', 'ijklmnop'], 'abcdefghijklmnop'), '**')
  t.equal(masked(['aaaaaaaa'], 'a'.repeat(19)), '*')
})

/** What it means, without any speed: every character that any text covers. */
function covered (texts: readonly string[], line: string): string {
  const marks = new Array<boolean>(line.length).fill(false)
  for (const text of texts) {
    for (let at = line.indexOf(text); at >= 0; at = line.indexOf(text, at + 1)) {
      marks.fill(true, at, at + text.length)
    }
  }
  return [...line].filter((_, at) => !marks[at]).join('')
}

t.test('random texts of few letters in random lines: every character of them is gone, and no other', async (t) => {
  const letters = (minLength: number, maxLength: number) =>
    fc.array(fc.constantFrom('a', 'b'), { minLength, maxLength }).map((all) => all.join(''))
  fc.assert(fc.property(fc.array(letters(SHORTEST, 14), { maxLength: 6 }), letters(0, 80), (texts, line) => {
    return masked(texts, line).replaceAll('*', '') === covered(texts, line)
  }), { numRuns: rounds(5_000), seed: seed(17) })
  t.pass('no counterexample')
})

t.test('compares a line with no more texts when there are ten times as many, also where they begin or end alike', async (t) => {
  const comparisons = (count: number): number => {
    const mask = new TextMask(new Set(Array.from(
      { length: count }, (_, index) => `secret-${index}-${(index * 7919) % 100_003}-of-an-environment`
    )))
    let compared = 0
    const line = Object.assign(Object(
      '{"level":30,"msg":"the secret-x of an environment","secret":"secret-7-55433-of-an-environment"}'
    ), {
      startsWith: (text: string, at: number) => {
        compared++
        return String(line).startsWith(text, at)
      }
    }) as string // behaves like one
    t.match(mask.apply(line, '*'), /"secret":"\*"}$/)
    return compared
  }
  t.ok(comparisons(10_000) <= comparisons(1_000) + 20)
})
