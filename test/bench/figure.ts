import type { Options } from './options.ts'
import type { Spread } from './spread.ts'

/** What a value must be: no more, or no less. */
export type Target = { readonly atMost: number } | { readonly atLeast: number }

/** One line of the table. */
export interface Row {
  readonly what: string
  /** A ratio to the alternative, or a value with a unit. */
  readonly value: Spread
  readonly unit: '' | 'MB' | 'ms' | '%'
  readonly target?: Target
  /** The values behind it, with their units. */
  readonly detail: string
}

/** Where a figure puts its rows, and what it must do at the end. */
export interface Bench {
  readonly options: Options
  /** Folder for temporary files; removed at the end. */
  readonly folder: string
  /** The compiled gateway: the folder that holds `src/server.js`. */
  readonly dist: string
  row (row: Row): void
  /** Says why something is not measured. */
  leftOut (what: string, reason: string): void
  /** Called at the end, the last one first. */
  onClose (close: () => Promise<unknown>): void
}

export interface Figure {
  readonly name: string
  /** What is compared with what, in one line. */
  readonly title: string
  readonly run: (bench: Bench) => Promise<void>
}

export function meets (value: number, target: Target): boolean {
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast
}
