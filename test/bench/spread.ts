/** Median, least and most of the values of several rounds. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spreadOf (values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other)
  const at = (index: number): number => sorted[index] ?? NaN
  const half = Math.floor(sorted.length / 2)
  return { median: sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2, min: at(0), max: at(sorted.length - 1) }
}

/** Measures one thing once. */
export type Contestant = () => Promise<number>

/** Lets everyone have a turn in each round, so that a noisy moment is shared. Values by name, one per round. */
export async function inRounds<Name extends string> (rounds: number, contestants: Readonly<Record<Name, Contestant>>): Promise<Record<Name, number[]>> {
  const names = Object.keys(contestants) as Name[] // the keys of a Record<Name, ...>
  const values = Object.fromEntries(names.map((name): [string, number[]] => [name, []])) as Record<Name, number[]> // as above
  for (let round = 0; round < rounds; round++) {
    // Nobody is always the first.
    const order = [...names.slice(round % names.length), ...names.slice(0, round % names.length)]
    for (const name of order) values[name].push(await contestants[name]())
  }
  return values
}

/** One by the other, round by round. */
export function ratios (ones: readonly number[], others: readonly number[]): Spread {
  return spreadOf(ones.map((one, index) => one / (others[index] ?? NaN)))
}
