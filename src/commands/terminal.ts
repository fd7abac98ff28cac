import type { EnvironmentVariables } from '../config/source.ts'

/** How the process ends. Documented in `--help`. */
export const EXIT = {
  /** Ended as asked. */
  done: 0,
  /** Broke down, was not well, or did not end within its grace. */
  failed: 1,
  /** Command line or configuration not valid. */
  misused: 2,
  /** An address, a port, the sandbox folder or an optional package is unavailable. */
  occupied: 3,
  /** No gateway answers. */
  unreachable: 4,
  /** Ctrl-C; shells use the same code. */
  interrupted: 130
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Why a command ends before its work is done. A reader who has left is no failure, and is told nothing. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly code: ExitCode

  constructor (message: string, code: ExitCode) {
    super(message)
    this.code = code
  }
}

/** What a command needs of the process. `server.ts` alone makes one of the real process. */
export interface Terminal {
  readonly variables: EnvironmentVariables
  /** Version of this package. */
  readonly version: string
  /**
   * Memory that the container allows, in bytes, as Node reports it: 0, absent or absurdly large when there is
   * no limit.
   */
  constrainedMemory (): number | undefined
  /** True when a person reads what `out` writes. */
  readonly interactive: boolean
  /** True when a person sees what `err` writes. */
  readonly animated: boolean
  /** What a person types at the terminal; undefined when nobody can be asked. */
  person (): (NodeJS.ReadableStream & { unref (): unknown }) | undefined
  /** Aborts at Ctrl-C or SIGTERM, and when nobody reads `out` any more; the reason is an `Interrupted`. */
  interruption (): AbortSignal
  /** For a document, which is complete or a failure, unless its reader leaves. */
  out (text: string): void
  /** For people; never mixed with what a program reads from `out`. Never waits for who reads it. */
  err (text: string): void
  /** File descriptor of standard output, for a log. */
  readonly logDescriptor: number
  /** Runs `finish` when the process ends, whatever the reason. Nothing may wait then. */
  onExit (finish: () => void): void
  /**
   * Runs `close` once at SIGTERM or SIGINT, and ends the process when it is done or `graceSeconds` have passed.
   * With `reload`, SIGHUP runs that instead, unless the process has a terminal: then it means that the terminal is gone.
   */
  onShutdown (graceSeconds: number, close: () => Promise<void>, reload?: () => void): void
}

/** A command ends with a code, or goes on, with undefined, until it is shut down. */
export type Command<Options> = (terminal: Terminal, options: Options) => Promise<ExitCode | undefined>
