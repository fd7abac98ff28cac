import { GatewayError } from '../../../errors.ts'
import { askedWaitSeconds } from '../answer.ts'
import { readQuota, type QuotaReading, type QuotaStore } from './quota-reading.ts'
import type { Pace } from '../retry.ts'
import type { UpstreamReply } from '../transport.ts'

/** What a call does. Only changes may use the last part of the budget. */
export type Spending = 'read' | 'change'

/** The budget as a caller sees it. */
export interface QuotaStanding {
  readonly limit: number
  readonly remaining: number
  readonly resetsAt: Date
  readonly secondsLeft: number
}

/** An admitted call. Call `settle` when it has ended, with its answer and its failure, if any. */
export interface Admitted {
  readonly settle: (reply: UpstreamReply | undefined, failure?: GatewayError) => void
}

/**
 * Reserved for changes: people correct tags and moderate by hand, while a list or a loop of reads can use up
 * any budget. A twentieth is 25 of the 500 calls of a free plan.
 */
const RESERVE_SHARE = 1 / 20
/** With more than this left, calls may be spent on hints. */
const PLENTIFUL_SHARE = 1 / 2
/** After this long without a call, the state of the budget counts as unknown, whatever the refusal said. */
const LONGEST_HOLD_MS = 3_600_000
/**
 * Time for the answer to the call that probes. After it another call probes: one that hangs must not block
 * all others.
 */
const PROBE_WAIT_MS = 1_000
/** Calls under way may fail without being counted: the next answer tells. */
const UNDER_WAY_WAIT_MS = 1_000

/** A reading with its age. */
interface Period {
  readonly reading: QuotaReading
  /** By our steady clock. */
  readonly endsMs: number
  readonly heldUntilMs: number
  /** Calls sent after this one have newer answers than the reading. */
  readonly knownAt: number
}

interface QuotaOptions {
  readonly account: string
  readonly pace: Pick<Pace, 'now' | 'clock'>
  readonly store?: QuotaStore | undefined
}

/** Returns whether Cloudinary has answered that the budget is used up. */
function isRefusal (failure: GatewayError | undefined): boolean { return failure?.code === 'quota_exhausted' }

/**
 * Governs the Admin API budget of one account, as Cloudinary's answers report it. Rejects calls that
 * Cloudinary would reject anyway, and all but changes when only the reserve is left. Rejects nothing while
 * the budget is unknown; a reading is forgotten when its period ends.
 */
export class AdminQuota {
  readonly #account: string
  readonly #pace: QuotaOptions['pace']
  readonly #store: QuotaStore | undefined
  #period: Period | undefined
  /** End of a refusal that came without a reading. */
  #heldUntilMs = 0
  /** A call was refused: once that is over, a single call probes the budget. */
  #isInDoubt = false
  /** The call that probes, by its order, and until when no other may. */
  #probe: { readonly order: number, readonly untilMs: number } | undefined
  /** Calls under way, which the reading may not include. */
  #running = 0
  #sent = 0

  constructor ({ account, pace, store }: QuotaOptions) {
    this.#account = account
    this.#pace = pace
    this.#store = store
  }

  /** True while enough is left to spend calls on hints. False while the budget is unknown. */
  get isPlentiful (): boolean {
    const reading = this.#current()?.reading
    return reading !== undefined && reading.remaining - this.#running > reading.limit * PLENTIFUL_SHARE
  }

  /** Returns the budget; undefined while it is unknown. */
  get standing (): QuotaStanding | undefined {
    const period = this.#current()
    if (!period) return undefined
    const { reading: { limit, remaining, resetsAtMs }, endsMs } = period
    return { limit, remaining, resetsAt: new Date(resetsAtMs), secondsLeft: this.#secondsUntil(endsMs) }
  }

  /** Takes over what other replicas know. */
  async refresh (): Promise<void> {
    const reading = await this.#store?.peek(this.#account)
    if (reading) this.#merge(reading)
  }

  /**
   * Lets a call be sent; `settle` must follow.
   * @throws {GatewayError} `quota_exhausted`, with the seconds to the reset.
   */
  async admit (spending: Spending): Promise<Admitted> {
    if (this.#store) await this.refresh()
    const isProbe = !this.#isCertain(spending)
    if (isProbe) this.#beginProbe()
    const order = ++this.#sent
    const basis = this.#period?.reading.resetsAtMs
    this.#running++
    let isSettled = false
    return {
      settle: (reply, failure) => {
        if (isSettled) return
        isSettled = true
        this.#running--
        if (this.#probe?.order === order) this.#probe = undefined
        if (reply) this.#learn(reply, failure, { order, basis })
      }
    }
  }

  /**
   * Judges a call by what is known. Returns false when a single call should probe the budget.
   * @throws {GatewayError} when Cloudinary would reject it, or it would spend the reserve for changes.
   */
  #isCertain (spending: Spending): boolean {
    const now = this.#pace.clock()
    if (now < this.#heldUntilMs) {
      const message = 'Cloudinary has answered that the Admin API budget of this account is used up.'
      throw this.#refusal(message, this.#heldUntilMs)
    }
    const period = this.#current()
    if (!period) return !this.#isInDoubt
    const { reading: { limit, remaining }, endsMs, heldUntilMs } = period
    const reserve = spending === 'read' ? Math.max(1, Math.floor(limit * RESERVE_SHARE)) : 0
    if (remaining - this.#running > reserve) return true
    if (now >= heldUntilMs) return false
    if (remaining > reserve) {
      const message = 'The rest of the Admin API budget of this account is kept for calls that are under way.'
      throw this.#refusal(message, now + UNDER_WAY_WAIT_MS)
    }
    this.#isInDoubt = true
    const left = reserve === 0 ? '' : ` (reserved for changes: ${reserve})`
    throw this.#refusal(`The ${limit} Admin API calls of this account are used up${left}.`, endsMs)
  }

  #beginProbe (): void {
    const now = this.#pace.clock()
    if (this.#probe && now < this.#probe.untilMs) {
      const message = 'Another request is checking the Admin API budget of this account.'
      throw this.#refusal(message, this.#probe.untilMs)
    }
    this.#probe = { order: this.#sent + 1, untilMs: now + PROBE_WAIT_MS }
  }

  #refusal (message: string, untilMs: number): GatewayError {
    const seconds = this.#secondsUntil(untilMs)
    return new GatewayError('quota_exhausted', `${message} Cloudinary is asked again in ${seconds} s.`, {
      headers: { 'retry-after': String(seconds) }
    })
  }

  #secondsUntil (ms: number): number { return Math.max(1, Math.ceil((ms - this.#pace.clock()) / 1000)) }

  /** Returns the period, unless it is over. */
  #current (): Period | undefined {
    if (this.#period && this.#pace.clock() >= this.#period.endsMs) this.#period = undefined
    return this.#period
  }

  #learn (
    { headers, status }: UpstreamReply,
    failure: GatewayError | undefined,
    { order, basis }: { order: number, basis: number | undefined }
  ): void {
    const reading = readQuota(headers, this.#pace.now(), isRefusal(failure))
    if (isRefusal(failure)) {
      if (!reading) this.#hold(headers)
    } else if (status < 500) this.#isInDoubt = false // a proxy that fails knows nothing of the budget
    if (!reading) return
    const known = this.#current()
    if (!known || order > known.knownAt) this.#keep(reading)
    else this.#merge(reading)
    this.#store?.put(this.#account, reading, basis).catch(() => {}) // never waited for
  }

  /** Holds calls back for as long as Cloudinary says; not at all where it does not say. */
  #hold (headers: UpstreamReply['headers']): void {
    const seconds = askedWaitSeconds(headers, this.#pace.now())
    if (seconds === undefined) return
    this.#heldUntilMs = this.#pace.clock() + Math.min(seconds * 1000, LONGEST_HOLD_MS)
    this.#isInDoubt = true
  }

  #keep (reading: QuotaReading): void {
    const now = this.#pace.clock()
    const endsMs = now + reading.leftMs
    const heldUntilMs = Math.min(endsMs, now + LONGEST_HOLD_MS)
    this.#period = { reading, endsMs, heldUntilMs, knownAt: this.#sent }
  }

  /** Takes a reading that may be older than the known one, because answers overtake each other. */
  #merge (reading: QuotaReading): void {
    const known = this.#current()?.reading
    if (known && reading.resetsAtMs < known.resetsAtMs) return
    const isSame = known?.resetsAtMs === reading.resetsAtMs && known.limit === reading.limit
    if (isSame && known.remaining <= reading.remaining) return
    this.#keep(reading)
  }
}
