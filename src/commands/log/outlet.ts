import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isatty } from 'node:tty'

/** How soon a write is tried again: at first, and at most. */
const RETRY_MS = 10
const LONGEST_RETRY_MS = 500
/** How often the last lines are tried before the process ends without them. */
const LAST_TRIES = 50
/** Characters that are written at once, however short they have waited. */
const ENOUGH_CHARACTERS = 64 * 1024
/** Characters that may wait for a reader. Lines beyond are dropped and counted. */
const MOST_CHARACTERS = 1024 * 1024

export interface OutletOptions {
  /** Changes lines just before they are written. */
  readonly edit?: (lines: string) => string
  /** How long a line may wait for others to be written with it. By default it does not. */
  readonly lingerMs?: number
  /** Reports the number of dropped lines, once everything before them has been written. By default in plain text. */
  readonly onDropped?: (count: number) => void
}

/**
 * Opens a pipe or terminal again, so that writing to it does not block while nobody reads, whatever others that
 * share `fd` set for it. For a socket Node does that when it opens `process.stdout`; a file never blocks for long.
 */
function nonBlocking (fd: number): number {
  try {
    if (!isatty(fd) && !fstatSync(fd).isFIFO()) return fd
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return fd // another user's pipe, or a system without /proc
  }
}

/**
 * Writes lines to a standard stream. It never waits, throws or grows without bound, whoever has stopped reading.
 * pino's own destination does: its last flush repeats every failed write for ever, so that a process with a full or
 * broken pipe never ends. A write that blocks in a thread of libuv's pool blocks `exit()`, too, which joins them.
 */
export class Outlet {
  readonly #fd: number
  readonly #edit: (lines: string) => string
  readonly #lingerMs: number
  readonly #onDropped: (count: number) => void
  #lines = ''
  /** Edited lines, as far as they have not been written. */
  #rest = Buffer.alloc(0)
  #dropped = 0
  /** Code of the error that the last write failed with. */
  #fault: unknown
  #retryMs = RETRY_MS
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor (fd: number, { edit = (lines) => lines, lingerMs = 0, onDropped }: OutletOptions = {}) {
    this.#fd = nonBlocking(fd)
    this.#edit = edit
    this.#lingerMs = lingerMs
    this.#onDropped = onDropped ?? ((count) => { this.write(`${count} messages are missing here.\n`) })
  }

  write (line: string): void {
    if (this.#isClosed) return
    // Once a line was dropped, all are until that can be reported: the report then stands where they are missing.
    if (this.#dropped > 0 || this.#lines.length + this.#rest.length >= MOST_CHARACTERS) {
      this.#dropped++
      return
    }
    this.#lines += line
    if (this.#rest.length > 0) return // a retry is due
    if (this.#lingerMs === 0 || this.#lines.length >= ENOUGH_CHARACTERS) this.flushSync()
    else this.#timer ??= this.#later(this.#lingerMs)
  }

  /** Writes what can be written now. */
  flushSync (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    while (this.#lines !== '' || this.#rest.length > 0) {
      if (!this.#writeSome()) {
        if (this.#fault === 'EBADF') {
          this.#close()
          return
        }
        this.#timer = this.#later(this.#retryMs)
        this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS)
        return
      }
    }
    if (this.#dropped === 0) return
    const count = this.#dropped
    this.#dropped = 0
    this.#onDropped(count)
  }

  /** Calls `done` when everything was written, cannot be written, or nobody has read it for a while. */
  async flush (done: () => void): Promise<void> {
    this.flushSync()
    for (let tries = 1; tries < LAST_TRIES && this.#rest.length > 0 && this.#fault === 'EAGAIN'; tries++) {
      await sleep(RETRY_MS)
      this.flushSync()
    }
    done()
  }

  #writeSome (): boolean {
    if (this.#rest.length === 0) {
      this.#rest = Buffer.from(this.#edit(this.#lines))
      this.#lines = ''
    }
    try {
      this.#rest = this.#rest.subarray(writeSync(this.#fd, this.#rest))
      this.#retryMs = RETRY_MS
      return true
    } catch (error) {
      this.#fault = (error as NodeJS.ErrnoException).code // writeSync throws errors of the system alone
      return false
    }
  }

  /** Writes nothing more. A descriptor that is closed will be the next file that the process opens. */
  #close (): void {
    this.#isClosed = true
    this.#lines = ''
    this.#rest = Buffer.alloc(0)
  }

  /** The process does not live on for this alone. */
  #later (ms: number): NodeJS.Timeout { return setTimeout(() => { this.flushSync() }, ms).unref() }
}
