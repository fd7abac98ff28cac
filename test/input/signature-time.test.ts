import t from 'tap'
import {
  CLOCK_AHEAD_SECONDS, millisecondsFault, requireTimestamp, SIGNATURE_LIFE_SECONDS, timestampFault
} from '../../src/input/signature-time.ts'

const now = 1_700_000_000

t.test('no time of this millennium in seconds passes for milliseconds, and every present one in milliseconds does', async (t) => {
  t.equal(millisecondsFault(Date.UTC(2999, 11, 31) / 1000), undefined)
  t.equal(millisecondsFault(99_999_999_999), undefined)
  t.match(millisecondsFault(100_000_000_000), /it must be seconds: 100000000$/)
  t.match(millisecondsFault(Date.now()), /looks like milliseconds/)
  t.ok(CLOCK_AHEAD_SECONDS < SIGNATURE_LIFE_SECONDS)
})

t.test('a timestamp is good for an hour, and five minutes ahead of our clock, as text and as a number', async (t) => {
  for (const seconds of [now, now - 3600, now + 300]) {
    t.equal(timestampFault(seconds, now), undefined)
    t.equal(timestampFault(String(seconds), now), undefined)
  }
})

t.test('everything else is told by its kind', async (t) => {
  const cases = [
    [undefined, 'missing', /Unix time/], ['', 'missing', /Unix time/], ['soon', 'invalid', /whole seconds/], ['1.5', 'invalid', /whole/],
    [-1, 'invalid', /whole/], ['9'.repeat(16), 'invalid', /whole/], ['100000000000', 'milliseconds', /seconds: 100000000$/],
    [100_000_000_000, 'milliseconds', /seconds: 100000000$/], [now * 1000, 'milliseconds', /seconds: 1700000000$/],
    [now - 3601, 'stale', /is 3601 seconds old/], ['99999999999', 'future', /in the future/], [now + 301, 'future', /lies 301 seconds in the future/]
  ] as const
  for (const [given, kind, message] of cases) t.match(timestampFault(given, now), { kind, message }, String(given))
})

t.test('a timestamp that is to be signed is refused at its field', async (t) => {
  t.doesNotThrow(() => { requireTimestamp(now, now) })
  const message = /Unix time in whole seconds/
  t.throws(() => { requireTimestamp(undefined, now) }, { errors: [{ pointer: '/timestamp', message }] })
  t.throws(() => { requireTimestamp('soon', now, '/fields') }, {
    errors: [{ pointer: '/fields/timestamp', message }]
  })
})
