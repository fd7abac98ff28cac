import { GatewayError } from '../../errors.ts'
import { askedWaitSeconds } from './answer.ts'
import { readQuota, type QuotaReading, type QuotaStore } from './quota-reading.ts'
import type { Pace } from './retry.ts'
import type { UpstreamReply } from './transport.ts'

/** What a call does. Changes may use all of the budget; the last of it is kept for them. */
export type Spending = 'read' | 'change'

/** The budget as a caller sees it. */
export interface QuotaStanding {
  readonly limit: number
  readonly remaining: number
  readonly resetsAt: Date
  readonly secondsLeft: number
}

/** An admitted call. Tell it how the call ended: with an answer or without, and with which failure. */
export interface Admitted { readonly settle: (reply: UpstreamReply | undefined, failure?: GatewayError) => void }

/**
 * Kept for changes: people correct tags and decide on moderation by hand, while a list or a loop of reads can
 * use up any budget. A twentieth is 25 of the 500 calls of a free plan.
 */
const RESERVE_SHARE = 1 / 20
/** With more than this left, calls may be spent on hints. */
const PLENTIFUL_SHARE = 1 / 2
/** Without a call for this long nobody knows whether the budget is still used up, whatever was said. */
const LONGEST_HOLD_MS = 3_600_000
/** Enough for the answer to the one call that finds out. */
const PROBE_WAIT_MS = 1_000

/** A reading with what we know of its age. */
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

/** True for Cloudinary's word that the budget is used up. */
function isRefusal (failure: GatewayError | undefined): boolean { return failure?.code === 'quota_exhausted' }

/**
 * The Admin API budget of one account, as Cloudinary's answers tell it: refuses calls that could only be
 * refused, and the last of the budget to all but changes. Nothing is refused while nothing is known, and what
 * is known ends with its period.
 */
export class AdminQuota {
  readonly #account: string
  readonly #pace: QuotaOptions['pace']
  readonly #store: QuotaStore | undefined
  #period: Period | undefined
  /** Until when a refusal holds that does not tell the state of the budget. */
  #heldUntilMs = 0
  /** Something was refused: once that is over, one call alone finds out how things stand. */
  #isInDoubt = false
  #isProbing = false
  /** Calls under way, which the reading may not have counted. */
  #running = 0
  #sent = 0

  constructor ({ account, pace, store }: QuotaOptions) {
    this.#account = account
    this.#pace = pace
    this.#store = store
  }

  /** True while so much is left that a hint may cost calls. False when nothing is known. */
  get isPlentiful (): boolean {
    const reading = this.#current()?.reading
    return reading !== undefined && reading.remaining - this.#running > reading.limit * PLENTIFUL_SHARE
  }

  /** Returns the budget as far as it is known now. */
  get standing (): QuotaStanding | undefined {
    const period = this.#current()
    if (!period) return undefined
    const { reading: { limit, remaining, resetsAtMs }, endsMs } = period
    return { limit, remaining, resetsAt: new Date(resetsAtMs), secondsLeft: this.#secondsUntil(endsMs) }
  }

  /** Learns what other replicas know. */
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
        if (isProbe) this.#isProbing = false
        if (reply) this.#learn(reply, failure, { order, basis })
      }
    }
  }

  /**
   * Judges a call by what is known. False when one call alone is to find out how things stand.
   * @throws {GatewayError} when it could only be refused, or would take what is kept for changes.
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
    this.#isInDoubt = true
    const left = reserve === 0 ? '' : ` (the last ${reserve} are kept for changes)`
    throw this.#refusal(`The ${limit} Admin API calls of this account are used up${left}.`, endsMs)
  }

  #beginProbe (): void {
    if (this.#isProbing) {
      const message = 'Another request is finding out whether the Admin API budget of this account is whole again.'
      throw this.#refusal(message, this.#pace.clock() + PROBE_WAIT_MS)
    }
    this.#isProbing = true
  }

  #refusal (message: string, untilMs: number): GatewayError {
    const seconds = this.#secondsUntil(untilMs)
    return new GatewayError('quota_exhausted', `${message} Cloudinary is asked again in ${seconds} s.`, {
      headers: { 'retry-after': String(seconds) }
    })
  }

  #secondsUntil (ms: number): number { return Math.max(1, Math.ceil((ms - this.#pace.clock()) / 1000)) }

  /** The period that is not over. */
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

  /** Holds for as long as Cloudinary says. Where it does not say, its next answer is as good a guess as ours. */
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

  /** Takes a reading that may be older than the one that is known: answers overtake each other. */
  #merge (reading: QuotaReading): void {
    const known = this.#current()?.reading
    if (known && reading.resetsAtMs < known.resetsAtMs) return
    if (known?.resetsAtMs === reading.resetsAtMs && known.remaining <= reading.remaining) return
    this.#keep(reading)
  }
}
