import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'

/** A pipe that is read only when the test says so. */
export interface ReluctantPipe {
  /** For the process that writes. */
  readonly writer: number
  /** All that was read so far, with what can be read now. */
  read (): string
  /** Reads on until the pattern is found. */
  until (pattern: RegExp): Promise<RegExpExecArray>
  /** Fills it up. */
  fill (): void
  /** Nobody reads it from now on. */
  leave (): void
}

export function reluctantPipe (t: Test): ReluctantPipe {
  const path = join(t.testdir({}), 'pipe')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, 'w')
  const piece = Buffer.alloc(64 * 1024)
  let text = ''
  let isOpen = true
  const leave = (): void => {
    if (isOpen) closeSync(reader)
    isOpen = false
  }
  t.teardown(() => {
    leave()
    closeSync(writer)
  })
  const read = (): string => {
    try {
      for (let size = 1; size > 0;) {
        size = readSync(reader, piece)
        text += piece.toString('latin1', 0, size)
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
    return text
  }
  return {
    writer,
    read,
    until: async (pattern) => {
      for (;;) {
        const found = pattern.exec(read())
        if (found) return found
        await sleep(20)
      }
    },
    fill: () => {
      const hasty = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
      try {
        for (;;) writeSync(hasty, piece.fill(' '))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      } finally {
        closeSync(hasty)
      }
    },
    leave
  }
}
