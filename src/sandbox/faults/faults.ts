/**
 * Faults that can be ordered. Where a fault waits for `at_byte`, it counts bytes of the request body; for `cut_answer`, of the
 * answer's body.
 *
 * `delay`: goes on `ms` later. `refuse`: closes the connection, without `at_byte` before anything is read. `reset`: RST.
 * `fin`: FIN in the middle of the body, no answer. `stall`: stops reading and never answers (or goes on after `ms`).
 * `status`: reads all, does nothing, answers `status`. `html`: the same with an HTML page. `early_status`: answers and
 * closes while the body is in flight. `cut_answer`: does the work and cuts the answer. `lost_answer`: does the work and
 * resets instead of answering. `bandwidth`: reads the body at `bytes_per_second`.
 */
export const FAULT_KINDS = ['delay', 'refuse', 'reset', 'fin', 'stall', 'status', 'html', 'early_status', 'cut_answer', 'lost_answer', 'bandwidth'] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export interface FaultOrder {
  /** Which requests; without it, all. `path` is a part of the path. */
  match?: { method?: string, path?: string }
  kind: FaultKind
  /** How many requests it strikes; once by default. */
  times?: number
  /** Lets this many matching requests pass first. */
  skip?: number
  at_byte?: number
  ms?: number
  status?: number
  headers?: Record<string, string>
  message?: string
  bytes_per_second?: number
}

/** An order with what is left of it. */
export interface PendingFault extends FaultOrder { id: number, times: number, skip: number, struck: number }

/** Faults that were ordered and have not struck out. */
export class Faults {
  #pending: PendingFault[] = []
  #lastId = 0

  /** @returns the id of the order. */
  add (order: FaultOrder): number {
    const pending = { ...order, id: ++this.#lastId, times: order.times ?? 1, skip: order.skip ?? 0, struck: 0 }
    this.#pending.push(pending)
    return pending.id
  }

  /** What is still to come. */
  list (): PendingFault[] { return this.#pending.map((fault) => ({ ...fault })) }
  clear (): void {
    this.#pending = []
    this.#lastId = 0
  }

  /** The faults that strike this request. The control paths of the sandbox are never struck. */
  take (method: string, path: string): PendingFault[] {
    if (path.startsWith('/_sandbox/')) return []
    const striking: PendingFault[] = []
    for (const fault of this.#pending) {
      if (fault.match?.method !== undefined && fault.match.method.toUpperCase() !== method) continue
      if (fault.match?.path !== undefined && !path.includes(fault.match.path)) continue
      if (fault.skip > 0) {
        fault.skip--
        continue
      }
      fault.struck++
      fault.times--
      striking.push({ ...fault })
    }
    this.#pending = this.#pending.filter((fault) => fault.times > 0)
    return striking
  }
}
