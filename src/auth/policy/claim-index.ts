import type { Claims } from './patterns.ts'

/** Claims that a token must hold to be a certain caller. */
export type WantedClaims = Readonly<Record<string, string | number | boolean>>

/** Claims that one caller wants, and its place among all. */
interface Candidate<T> {
  readonly place: number
  readonly wanted: WantedClaims
  readonly item: T
}

/** The values that a claim stands for. RFC 8693: scopes are one text with blanks between them. */
function valuesOf (name: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return name === 'scope' && typeof value === 'string' ? value.split(' ') : [value]
}

function holds (claims: Claims, name: string, wanted: string | number | boolean): boolean {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  const isText = name === 'scope' && typeof value === 'string'
  return valuesOf(name, value).includes(isText ? String(wanted) : wanted)
}

/** Values that differ in their type alone share an entry; `holds` tells them apart. */
const entryOf = (name: string, value: unknown): string => `${name} ${String(value)}`

/**
 * Finds the first of many items whose claims a token holds, by looking only at those that share a value with
 * it. Each item is filed under the claim that the fewest others want.
 */
export class ClaimIndex<T> {
  readonly #byClaim = new Map<string, Candidate<T>[]>()
  /** Those that every token fits. */
  readonly #always: Candidate<T>[] = []

  constructor (items: Iterable<readonly [WantedClaims, T]>) {
    const all = [...items].map(([wanted, item], place) => ({ place, wanted, item }))
    const counts = new Map<string, number>()
    const entriesOf = ({ wanted }: Candidate<T>): string[] =>
      Object.entries(wanted).map(([name, value]) => entryOf(name, value))
    for (const entry of all.flatMap(entriesOf)) counts.set(entry, (counts.get(entry) ?? 0) + 1)
    const countOf = (entry: string): number => counts.get(entry) as number // all are counted
    for (const candidate of all) {
      const [rarest] = entriesOf(candidate).sort((one, other) => countOf(one) - countOf(other))
      this.#under(rarest).push(candidate)
    }
  }

  #under (entry: string | undefined): Candidate<T>[] {
    if (entry === undefined) return this.#always
    const known = this.#byClaim.get(entry) ?? []
    this.#byClaim.set(entry, known)
    return known
  }

  /** Returns the first item in the order in which they were given. */
  find (claims: Claims): T | undefined {
    const entries = Object.entries(claims).flatMap(([name, value]) =>
      valuesOf(name, value).map((each) => entryOf(name, each)))
    const candidates = [...this.#always, ...entries.flatMap((entry) => this.#byClaim.get(entry) ?? [])]
    const fitting = candidates.filter(({ wanted }) =>
      Object.entries(wanted).every(([name, value]) => holds(claims, name, value)))
    return fitting.sort((one, other) => one.place - other.place)[0]?.item
  }
}
