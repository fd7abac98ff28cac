import type { FastifyRequest } from 'fastify'
import { callerKey } from '../../auth/callers/caller-key.ts'
import type { Caller } from '../../auth/policy/caller.ts'
import { addressKey } from '../../net/addresses.ts'
import type { AnswerBudget } from './answer-budget.ts'

/** Returns whom the bytes of a request count for: its address, and its caller where it has one. */
export function ownersOf (request: FastifyRequest): string[] {
  const caller = request.caller as Caller | undefined // pages have none
  const address = `address:${addressKey(request.ip)}`
  return caller === undefined ? [address] : [address, callerKey(request)]
}

/** The bytes that one request holds in memory, counted until it is over. */
export class HeldBytes {
  readonly #budget: AnswerBudget
  readonly #owners: readonly string[]
  #bytes = 0
  #isOver = false

  constructor (budget: AnswerBudget, request: FastifyRequest) {
    this.#budget = budget
    this.#owners = ownersOf(request)
    request.whenOver(() => {
      this.#resize(0)
      this.#isOver = true
    })
  }

  fits (bytes: number): boolean { return this.#budget.hasRoom(this.#owners, bytes, this.#bytes) }

  /** Does nothing once the request is over: its caller may have left before the bytes were there. */
  grow (bytes: number): void { if (!this.#isOver && bytes > this.#bytes) this.#resize(bytes) }

  #resize (bytes: number): void {
    this.#budget.add(this.#owners, bytes - this.#bytes)
    this.#bytes = bytes
  }
}
