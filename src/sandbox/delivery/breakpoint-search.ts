/** Widths between which breakpoints are looked for, their distance in bytes, and their greatest number. */
export interface BreakpointBounds {
  readonly minWidth: number
  readonly maxWidth: number
  readonly bytesStep: number
  readonly maxImages: number
}

/** A picture that was made on the way: `asked` is the width that was asked for. */
export interface TriedWidth { readonly asked: number, readonly bytes: number }

type Try<Tried> = (width: number) => Promise<Tried>

/** Attempts for each breakpoint: after that the best one so far is good enough. */
const MAX_GUESSES = 8
/** Pictures that a whole search may make. */
export const MAX_TRIES = 60

/**
 * Finds the widths at which a picture has grown by about one step, the largest first. Each width is tried
 * once, and at most `MAX_TRIES` of them.
 */
export async function searchBreakpoints<Tried extends TriedWidth> (
  { minWidth, maxWidth, bytesStep, maxImages }: BreakpointBounds, tryWidth: Try<Tried>
): Promise<Tried[]> {
  const known = new Map<number, Promise<Tried>>()
  const at: Try<Tried> = (width) => {
    const tried = known.get(width) ?? tryWidth(width)
    known.set(width, tried)
    return tried
  }
  const [largest, smallest] = [await at(maxWidth), await at(Math.min(minWidth, maxWidth))]
  if (largest === smallest) return [largest]
  const step = Math.max(bytesStep, (largest.bytes - smallest.bytes) / (maxImages - 1))
  const found = [largest]
  // Another one fits while there are two steps left, one on either side of it.
  const hasMore = () => known.size < MAX_TRIES
  for (let last = largest; hasMore() && last.bytes - 2 * step >= smallest.bytes;) {
    const bytes = last.bytes - step
    last = await widestBelow(at, { from: smallest, to: last, bytes, tolerance: step / 10, hasMore })
    if (last === smallest || last.bytes - step < smallest.bytes) break
    found.push(last)
  }
  return [...found, smallest]
}

/** Two known pictures, and the one that is looked for between them: within `tolerance` of `bytes`. */
interface Gap<Tried> {
  readonly from: Tried
  readonly to: Tried
  readonly bytes: number
  readonly tolerance: number
  readonly hasMore: () => boolean
}

/** The widest one found between two known ones that has at most `bytes`: guessed, closer each time. */
async function widestBelow<Tried extends TriedWidth> (
  at: Try<Tried>, { from, to, bytes, tolerance, hasMore }: Gap<Tried>
): Promise<Tried> {
  let [low, high] = [from, to]
  const isDone = () => high.asked - low.asked <= 1 || bytes - low.bytes <= tolerance
  for (let guesses = 0; guesses < MAX_GUESSES && hasMore() && !isDone(); guesses++) {
    const share = (bytes - low.bytes) / Math.max(1, high.bytes - low.bytes)
    const guess = Math.round(low.asked + share * (high.asked - low.asked))
    const tried = await at(Math.min(high.asked - 1, Math.max(low.asked + 1, guess)))
    if (tried.bytes <= bytes) low = tried
    else high = tried
  }
  return low
}
