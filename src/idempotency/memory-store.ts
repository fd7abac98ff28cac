import { bytesOfText } from '../bounded-memory.ts'
import { steadyClock } from '../clock.ts'
import { overloaded } from '../errors.ts'
import { Ranking } from './ranking.ts'
import {
  KEPT_MS,
  type Claim,
  type Hold,
  type IdempotencyRecord,
  type IdempotencyStore
} from './record.ts'

/** Keys of one caller in the memory. */
interface Holding {
  readonly caller: string
  /** Keys whose upload runs. */
  running: number
  /** Keys whose upload has ended, the oldest first. */
  readonly finished: KeptRecord[]
  bytes: number
}

interface KeptRecord {
  readonly name: string
  readonly holding: Holding
  readonly record: IdempotencyRecord
  readonly bytes: number
  readonly expiresAtMs: number
}

export interface MemoryStoreOptions {
  /** Keys of all callers, those that run among them. */
  readonly maxEntries?: number | undefined
  /** All records together, with their names and callers. */
  readonly maxBytes?: number | undefined
  readonly now?: () => number
  /** Called for each key that is forgotten before it expires. */
  readonly onForgotten?: (() => void) | undefined
}

/** What a record takes beside its texts. */
const RECORD_BYTES = 500
/** No answer takes more than this part of the memory. */
const LARGEST_PART = 1 / 8

/**
 * Keys of this process alone. When there is no room, the caller with the largest part of the memory loses the
 * oldest of its own that have ended: nobody's keys are forgotten because others use many. Keys that run are
 * never forgotten.
 */
export class MemoryIdempotencyStore implements IdempotencyStore {
  readonly #running = new Set<string>()
  readonly #finished = new Map<string, KeptRecord>()
  readonly #holdings = new Map<string, Holding>()
  /** Callers that have anything to lose; the one that holds most comes first. */
  readonly #largest: Ranking<Holding>
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #now: () => number
  readonly #onForgotten: () => void
  #bytes = 0

  constructor (options: MemoryStoreOptions = {}) {
    this.#maxEntries = options.maxEntries ?? 20_000
    this.#maxBytes = options.maxBytes ?? 32 * 1024 * 1024
    this.#now = options.now ?? steadyClock
    this.#onForgotten = options.onForgotten ?? (() => {})
    this.#largest = new Ranking((one, other) =>
      this.#partOf(other) - this.#partOf(one) || ageOrder(one, other))
  }

  async claim (name: string, caller: string): Promise<Claim> {
    if (this.#running.has(name)) return { state: 'in_progress' }
    const known = this.#finished.get(name)
    if (known && known.expiresAtMs > this.#now()) return { state: 'known', record: known.record }
    // The older ones of that caller have expired before it.
    if (known) while (this.#finished.has(name)) this.#drop(known.holding)
    if (this.#running.size + this.#finished.size >= this.#maxEntries) this.#makeRoom()
    const holding = this.#holdings.get(caller) ?? { caller, running: 0, finished: [], bytes: 0 }
    this.#holdings.set(caller, holding)
    this.#running.add(name)
    holding.running++
    this.#arrange(holding)
    return { state: 'held', hold: this.#hold(name, holding) }
  }

  async close (): Promise<void> { this.#finished.clear() }

  #hold (name: string, holding: Holding): Hold {
    const end = (): void => {
      this.#running.delete(name)
      holding.running--
      this.#arrange(holding)
    }
    return {
      // What this process forgets when it ends, it cannot be asked about afterwards.
      seal: async () => {},
      settle: async (record) => {
        this.#keep(name, holding, record)
        end()
      },
      release: async () => { end() }
    }
  }

  #keep (name: string, holding: Holding, whole: IdempotencyRecord): void {
    const isLarge = JSON.stringify(whole).length > this.#maxBytes * LARGEST_PART
    const record = isLarge ? withoutAnswer(whole) : whole
    const bytes = RECORD_BYTES + bytesOfText(name) + bytesOfText(holding.caller) + JSON.stringify(record).length
    const kept = { name, holding, record, bytes, expiresAtMs: this.#now() + KEPT_MS }
    this.#finished.set(name, kept)
    holding.finished.push(kept)
    holding.bytes += bytes
    this.#bytes += bytes
    this.#arrange(holding)
    while (this.#bytes > this.#maxBytes) this.#makeRoom()
  }

  /** @throws {GatewayError} `overloaded` when every key runs. */
  #makeRoom (): void {
    const { first } = this.#largest
    if (!first) throw overloaded('Uploads run with as many Idempotency-Keys as can be remembered.')
    if (this.#drop(first).expiresAtMs > this.#now()) this.#onForgotten()
  }

  /** Forgets the oldest key of a caller that has ended; it must have one. */
  #drop (holding: Holding): KeptRecord {
    const oldest = holding.finished.shift() as KeptRecord // see above
    this.#finished.delete(oldest.name)
    holding.bytes -= oldest.bytes
    this.#bytes -= oldest.bytes
    this.#arrange(holding)
    return oldest
  }

  #partOf ({ running, finished, bytes }: Holding): number {
    return Math.max((running + finished.length) / this.#maxEntries, bytes / this.#maxBytes)
  }

  #arrange (holding: Holding): void {
    if (holding.finished.length > 0) this.#largest.place(holding)
    else this.#largest.remove(holding)
    if (holding.running + holding.finished.length === 0) this.#holdings.delete(holding.caller)
  }
}

/** Orders callers that hold as much: the one whose oldest key is older comes first. */
function ageOrder (one: Holding, other: Holding): number {
  // Only those that have one are compared.
  const expiryOf = ({ finished }: Holding): number => (finished[0] as KeptRecord).expiresAtMs
  return expiryOf(one) - expiryOf(other)
}

/** Drops the answer: repeating such an upload says that its outcome is unknown, and stores nothing. */
function withoutAnswer ({ fingerprint, look_for: lookFor }: IdempotencyRecord): IdempotencyRecord {
  return { fingerprint, look_for: lookFor }
}
