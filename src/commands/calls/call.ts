import { GatewayProblem, type GatewayClient } from '../../api/index.ts'
import type { ExitCode, Terminal } from '../terminal.ts'
import { UsageError, type OptionTable } from '../usage.ts'

export type OptionValues = Readonly<Record<string, string | boolean | Array<string | boolean> | undefined>>

/** What a call has to work with. */
export interface CallContext {
  readonly terminal: Terminal
  readonly gateway: GatewayClient
  readonly values: OptionValues
  /** What stands on the command line beside the options. */
  readonly words: readonly string[]
  /** Aborts at Ctrl-C, and when nobody reads the output any more. */
  readonly signal: AbortSignal
  /** True when a program reads the output: JSON, one value a line. */
  readonly json: boolean
}

/** A command that calls a running gateway. */
export interface GatewayCall {
  /** What may stand beside the options: `PUBLIC_ID...`. */
  readonly usage: string
  /** Its options, each with what it does, and examples. */
  readonly help: string
  readonly options: OptionTable
  readonly run: (context: CallContext) => Promise<ExitCode>
}

/** Returns text that no terminal obeys: names come from files and from other people. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?')

/** Prints one value on a line of its own, for programs. */
export function printLine ({ terminal }: CallContext, value: unknown): void {
  terminal.out(`${JSON.stringify(value)}\n`)
}

/** Prints one value: on a line of its own for programs, indented for people. */
export function printValue (context: CallContext, value: unknown): void {
  if (context.json) return printLine(context, value)
  context.terminal.out(`${JSON.stringify(value, null, 2)}\n`)
}

/** Lines of cells, each column as wide as its widest cell. */
export function table (rows: ReadonlyArray<readonly unknown[]>): string {
  const cells = rows.map((row) => row.map((cell) => printable(String(cell ?? ''))))
  const widths: number[] = []
  for (const row of cells) {
    for (const [column, { length }] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, length)
  }
  // Every column has a width.
  const line = (row: string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] as number)).join('  ').trimEnd()
  return cells.map((row) => `${line(row)}\n`).join('')
}

/** Returns the one word that a call takes. */
export function onlyWord ({ words: [word, ...rest] }: CallContext, what: string): string {
  if (word === undefined || word === '') throw new UsageError(`${what} is missing`)
  if (word === '.' || word === '..') throw new UsageError(`'${word}' is no ${what}`)
  if (rest[0] !== undefined) throw new UsageError(`There is one ${what} too many: '${printable(rest[0])}'`)
  return word
}

/** @throws {UsageError} when there are words that the call does not take. */
export function noWords ({ words }: CallContext): void {
  if (words[0] !== undefined) throw new UsageError(`No argument is taken here: '${printable(words[0])}'`)
}

/** Returns what a person is told about a failure, and what programs are. */
export function failureOf (error: unknown): { code: string, message: string } {
  if (error instanceof GatewayProblem) return { code: error.code, message: error.message }
  const { code, message } = error as NodeJS.ErrnoException // whatever else fails here fails with an error
  return { code: code ?? 'failed', message }
}
