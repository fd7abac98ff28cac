import { randomBytes } from 'node:crypto'
import t from 'tap'
import { Base64Check, decodeBase64Url } from '../../src/input/base64.ts'

/** What is wrong with text that comes in pieces of `step` characters, and how many bytes it stands for. */
function judged (text: string, step: number): { message: string | undefined, bytes: number } {
  const check = new Base64Check()
  const whole = Buffer.from(text)
  for (let at = 0; at < whole.length; at += step) {
    const message = check.add(whole.subarray(at, at + step))
    if (message !== undefined) return { message, bytes: check.bytes }
  }
  return { message: check.end(), bytes: check.bytes }
}

t.test('text that means its bytes exactly is taken: line ends, missing padding, spare bits', async (t) => {
  const cases: Array<[string, number]> = [
    ['', 0], ['QQ==', 1], ['QUI=', 2], ['QUJD', 3], ['QQ', 1], ['QUI', 2], ['QQ=', 1],
    ['QUJD\r\nQUJD\n', 6], ['Q\nQ\r=\n=\n', 1], ['+/+/', 3],
    ['QR==', 1] // as 'QQ==': the spare bits of the last character belong to no byte
  ]
  for (const [text, bytes] of cases) {
    for (const step of [1, 2, 3, 100]) {
      t.same(judged(text, step), { message: undefined, bytes }, JSON.stringify(text))
    }
    t.equal(Buffer.from(text, 'base64').length, bytes, 'so does Node count')
  }
})

t.test('every other text is named for what is wrong with it, in whatever pieces it comes', async (t) => {
  const cases: Array<[string, RegExp]> = [
    ['QU D', /^has at character 3 of its base64 a blank, most likely a lost "\+": percent-encode "\+" as %2B/],
    ['QUJD\nQU D', /^has at character 8 of its base64 a blank/],
    ['QQ== ', /^has at character 5 of its base64 a blank/],
    ['-UJD', /^has at character 1 of its base64 "-" of the URL-safe alphabet/],
    ['QUJ_', /^has at character 4 of its base64 "_" of the URL-safe alphabet/],
    ['QUJD%2B', /^has at character 5 of its base64 "%": percent-encode the whole field once/],
    ['QU\tJD', /^has at character 3 of its base64 "\\t", which is not a base64 character/],
    ['QUéD', /^has at character 3 of its base64 a character outside ASCII/],
    ['QUJD#', /"#"/],
    ['QUJD,QUJD', /","/],
    ['Q=Q=', /single base64 character/],
    ['QUJD=', /^has a misplaced "=" at or before character 5/],
    ['=QUJ', /misplaced "="/],
    ['QQ==QUJD', /^has a misplaced "=" at or before character 5/],
    ['QQ=A', /misplaced "="/],
    ['QUI==', /misplaced "="/],
    ['QQ===', /misplaced "="/],
    ['=', /misplaced "="/],
    ['Q', /single base64 character/],
    ['QUJDR', /single base64 character/],
    ['QUJDR===', /single base64 character/]
  ]
  for (const [text, message] of cases) {
    for (const step of [1, 2, 3, 100]) t.match(judged(text, step), { message }, JSON.stringify(text))
  }
})

t.test('a piece is read from where its head ends', async (t) => {
  const check = new Base64Check()
  t.equal(check.add(Buffer.from('head,QUJD'), 5), undefined)
  t.match(check.add(Buffer.from('QU D')), /^has at character 7 /)
  t.equal(check.lineEnds, 0)
})

t.test('base64url is decoded only when nothing of it would be left out', async (t) => {
  for (const size of [0, 1, 2, 3, 50]) {
    const bytes = randomBytes(size)
    t.same(decodeBase64Url(bytes.toString('base64url')), bytes)
  }
  for (const text of ['a', 'abcde', 'ab+d', 'ab/d', 'YQ==', 'a b', 'ab\n']) t.equal(decodeBase64Url(text), undefined, JSON.stringify(text))
})
