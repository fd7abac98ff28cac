import { overloaded } from '../../errors.ts'

/** An answer of this size costs little more than its connection. */
const SMALL_BYTES = 64 * 1024
const NO_ROOM = 'There is no memory for the answer of Cloudinary beside those to other requests.'

/** The bytes of one answer that is arriving, counted in the room of all. */
export interface ArrivingAnswer {
  /**
   * Counts what it has grown by.
   * @throws {GatewayError} `overloaded` for an answer that may be refused, when others fill the room.
   */
  add (bytes: number): void
  /** Gives all of it back. What comes later is not counted: nobody keeps it. */
  leave (): void
}

/**
 * Memory for answers of Cloudinary that are arriving, of all environments. An answer that is alone always has
 * room.
 */
export class AnswerRoom {
  readonly #maxBytes: number
  #bytes = 0

  constructor (maxBytes: number) { this.#maxBytes = maxBytes }

  get bytes (): number { return this.#bytes }

  /** @param mayRefuse false for the answer to a change, which is done by then. */
  enter (mayRefuse: boolean): ArrivingAnswer {
    let own = 0
    let isOver = false
    return {
      add: (bytes) => {
        if (isOver) return
        const isAlone = this.#bytes === own
        own += bytes
        this.#bytes += bytes
        const isTooMuch = own > SMALL_BYTES && !isAlone && this.#bytes > this.#maxBytes
        if (mayRefuse && isTooMuch) throw overloaded(NO_ROOM)
      },
      leave: () => {
        isOver = true
        this.#bytes -= own
        own = 0
      }
    }
  }
}
