import type { SignedForm } from './types.ts'

const HOUR_SECONDS = 3600
/** So long before its end a form is replaced: a chunk may take as long to arrive. */
const MARGIN_SECONDS = 300

export interface Signed {
  readonly form: SignedForm
  readonly isFresh: () => boolean
}

/**
 * Knows how long a form is good, whatever the clock of this device says.
 * @param date the `Date` of the answer, where a page may read it.
 */
export function signedForm (form: SignedForm, date = ''): Signed {
  // One clock stands still in sleep, and somebody may set the other.
  const [steady, wall] = [performance.now(), Date.now()]
  const told = (form.expires_at ?? 0) - (Date.parse(date) || wall) / 1000
  // What cannot be is the fault of a clock.
  const life = told > 0 && told <= HOUR_SECONDS ? told : HOUR_SECONDS
  const freshMs = (life - Math.min(MARGIN_SECONDS, life / 2)) * 1000
  return { form, isFresh: () => Math.max(performance.now() - steady, Date.now() - wall) < freshMs }
}
