import t from 'tap'
import { readQuota, untilDateMs } from '../../../../src/cloudinary/upstream/account/quota-reading.ts'

const nowMs = Date.UTC(2026, 0, 1, 0, 30)
const HOUR = 'Thu, 01 Jan 2026 01:00:00 GMT'

const headers = (limit: string | undefined, remaining: string | undefined, reset: string | undefined, date?: string) => ({
  'x-featureratelimit-limit': limit, 'x-featureratelimit-remaining': remaining, 'x-featureratelimit-reset': reset, date
})

t.test('the budget, and how long its period lasts', async (t) => {
  const reading = { limit: 500, remaining: 497, resetsAtMs: Date.UTC(2026, 0, 1, 1), leftMs: 1_800_000 }
  t.same(readQuota(headers('500', '497', HOUR), nowMs), reading)
  t.same(readQuota(headers('500', '497', HOUR, 'Thu, 01 Jan 2026 00:59:00 GMT'), nowMs), { ...reading, leftMs: 60_000 }, 'by the clock of the answer')
  t.match(readQuota(headers('500', '0', HOUR), nowMs), { remaining: 0 })
  t.match(readQuota(headers('500', '500', HOUR), nowMs), { remaining: 500 })
})

t.test('a refusal without a number means that nothing is left', async (t) => {
  t.equal(readQuota(headers('500', undefined, HOUR), nowMs), undefined)
  t.match(readQuota(headers('500', undefined, HOUR), nowMs, true), { limit: 500, remaining: 0 })
  t.match(readQuota(headers('500', '3', HOUR), nowMs, true), { remaining: 3 })
})

t.test('what makes no sense is no reading', async (t) => {
  for (const [limit, remaining, reset, date] of [
    [undefined, undefined, undefined], ['500', '4', undefined], [undefined, '4', HOUR], ['500', undefined, HOUR],
    ['500', '501', HOUR], ['0', '0', HOUR], ['-1', '-1', HOUR], ['5e2', '1', HOUR], ['500', '4.5', HOUR], ['', '', HOUR],
    ['99999999999', '1', HOUR], ['2000000000', '1', HOUR],
    ['500', '4', 'soon'], ['500', '4', 'Thu, 01 Jan 2026 00:00:00 GMT'], ['500', '4', 'Thu, 01 Jan 2026 00:30:00 GMT'],
    ['500', '4', 'Sat, 03 Jan 2026 00:00:00 GMT'], ['500', '4', 'Thu, 01 Jan 2026 00:20:00 GMT', 'Thu, 01 Jan 2026 00:21:00 GMT']
  ] as Array<[string | undefined, string | undefined, string | undefined, string?]>) {
    t.equal(readQuota(headers(limit, remaining, reset, date), nowMs), undefined, `${limit} ${remaining} ${reset} ${date}`)
  }
})

t.test('a date is a span from the clock of the answer, or from ours where that makes no sense', async (t) => {
  t.equal(untilDateMs(HOUR, {}, nowMs), 1_800_000)
  t.equal(untilDateMs(HOUR, { date: 'Thu, 01 Jan 2026 00:00:00 GMT' }, nowMs), 3_600_000)
  for (const date of ['yesterday', 'Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 01 Jan 2027 00:00:00 GMT']) {
    t.equal(untilDateMs(HOUR, { date }, nowMs), 1_800_000, date)
  }
  t.equal(untilDateMs(undefined, {}, nowMs), undefined)
})
