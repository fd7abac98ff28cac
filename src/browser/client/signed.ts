import type { SignedForm } from './types.ts'

const HOUR_SECONDS = 3600
/** A form is replaced this long before it expires, because a chunk may take as long to arrive. */
const MARGIN_SECONDS = 300

export interface Signed {
  readonly form: SignedForm
  readonly isFresh: () => boolean
}

/**
 * Tracks how long a form is valid, independently of this device's clock.
 * @param date the `Date` header of the answer, where the page may read it.
 */
export function signedForm (form: SignedForm, date = ''): Signed {
  // The steady clock stops while the device sleeps, and the wall clock can be set.
  const [steady, wall] = [performance.now(), Date.now()]
  const told = (form.expires_at ?? 0) - (Date.parse(date) || wall) / 1000
  // An impossible lifetime means that a clock is wrong.
  const life = told > 0 && told <= HOUR_SECONDS ? told : HOUR_SECONDS
  const freshMs = (life - Math.min(MARGIN_SECONDS, life / 2)) * 1000
  return { form, isFresh: () => Math.max(performance.now() - steady, Date.now() - wall) < freshMs }
}
