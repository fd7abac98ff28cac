import type { SignedForm } from './types.ts'

const HOUR_SECONDS = 3600
/** So long before its end a form is replaced: a chunk may take as long to arrive. */
const MARGIN_SECONDS = 300

/** A signed form with the time that it is good for, whatever the clock of this device says. */
export class Signed {
  readonly form: SignedForm
  readonly #lifeMs: number
  /** The clock that stands still in sleep, and the one that somebody may set. */
  readonly #since = [performance.now(), Date.now()] as const

  /** @param date the `Date` of the answer, where a page may read it. */
  constructor (form: SignedForm, date: string | undefined) {
    this.form = form
    const now = Date.parse(date ?? '') || Date.now()
    const told = form.expires_at === undefined ? HOUR_SECONDS : form.expires_at - now / 1000
    // What cannot be is the fault of a clock.
    const life = told > 0 && told <= HOUR_SECONDS ? told : HOUR_SECONDS
    this.#lifeMs = (life - Math.min(MARGIN_SECONDS, life / 2)) * 1000
  }

  get isFresh (): boolean {
    const [steady, wall] = this.#since
    return Math.max(performance.now() - steady, Date.now() - wall) < this.#lifeMs
  }
}
