import t from 'tap'
import { CLOCK_AHEAD_SECONDS, MILLISECONDS_FROM, SIGNATURE_LIFE_SECONDS } from '../../src/schemas/signature-time.ts'

t.test('no time of this millennium in seconds passes for milliseconds, and every present one in milliseconds does', async (t) => {
  t.ok(Date.UTC(2999, 11, 31) / 1000 < MILLISECONDS_FROM)
  t.ok(Date.now() >= MILLISECONDS_FROM)
  t.ok(CLOCK_AHEAD_SECONDS < SIGNATURE_LIFE_SECONDS)
})
