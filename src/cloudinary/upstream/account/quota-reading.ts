import type { UpstreamReply } from '../transport.ts'

type Headers = UpstreamReply['headers']

/** The Admin API budget of an account, as one answer of Cloudinary reports it. */
export interface QuotaReading {
  /** Calls in one period. */
  readonly limit: number
  readonly remaining: number
  /** When the budget is whole again, by Cloudinary's clock, in milliseconds. Names the period. */
  readonly resetsAtMs: number
  /** The same as a span from now. */
  readonly leftMs: number
}

/**
 * Shares readings between replicas. No method takes long or fails: without an answer each replica uses its
 * own.
 */
export interface QuotaStore {
  /**
   * Returns the shared reading of the account; undefined when there is none, or the store does not answer.
   */
  peek (account: string): Promise<QuotaReading | undefined>
  /**
   * Shares a reading. Within one period the lower number wins; a later period replaces an earlier one.
   * @param basis period that was known when the call was sent. A reading of an earlier period corrects it.
   */
  put (account: string, reading: QuotaReading, basis: number | undefined): Promise<void>
}

/** Periods last an hour. A period of more than a day is not believed. */
export const LONGEST_PERIOD_MS = 24 * 3_600_000
const MOST_CALLS = 1_000_000_000

/**
 * Returns the time from an answer until `date`, in milliseconds; undefined when it is in the past or makes no
 * sense. Both dates are Cloudinary's where the answer has a `Date`, so that our clock may differ from its.
 */
export function untilDateMs (
  date: string | undefined, { date: sentAt }: Headers, nowMs: number
): number | undefined {
  const at = Date.parse(date ?? '')
  return [Date.parse(sentAt ?? ''), nowMs]
    .map((from) => at - from)
    .find((span) => span > 0 && span <= LONGEST_PERIOD_MS)
}

function count (text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined
}

/** True when the numbers of a reading agree with each other and describe a period that is not over. */
export function isPlausible ({ limit, remaining, resetsAtMs, leftMs }: QuotaReading): boolean {
  return [limit, remaining, resetsAtMs].every(Number.isSafeInteger) && limit > 0 && limit <= MOST_CALLS &&
    remaining >= 0 && remaining <= limit && leftMs > 0 && leftMs <= LONGEST_PERIOD_MS
}

/**
 * Reads the budget from the headers of an answer; undefined when they are absent, contradict each other, or
 * are about a period that is over.
 * @param isRefusal the answer says that the budget is used up, so a missing number means 0.
 */
export function readQuota (headers: Headers, nowMs: number, isRefusal = false): QuotaReading | undefined {
  const resetsAt = headers['x-featureratelimit-reset'] ?? ''
  const limit = count(headers['x-featureratelimit-limit'])
  const remaining = count(headers['x-featureratelimit-remaining']) ?? (isRefusal ? 0 : undefined)
  const leftMs = untilDateMs(resetsAt, headers, nowMs)
  if (limit === undefined || remaining === undefined || leftMs === undefined) return undefined
  const reading = { limit, remaining, resetsAtMs: Date.parse(resetsAt), leftMs }
  return isPlausible(reading) ? reading : undefined
}
