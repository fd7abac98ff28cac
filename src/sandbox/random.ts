import { createHash, randomBytes } from 'node:crypto'

/** Where random names come from. With a seed, the same calls give the same names. */
export interface RandomSource {
  /** Lower-case hex digits. */
  hex (digits: number): string
  /** Characters `a-z0-9`, as in a random public ID. */
  name (length: number): string
  /** A source of its own, for work whose turn nobody can foresee: what is drawn there changes nothing here. */
  fork (name: string): RandomSource
  /** Begins anew, forks included; without a seed it changes nothing. */
  reset (): void
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** @param start which start of a kept folder this is: each has names of its own, or it would draw those that are taken. */
export function randomSource (seed?: number | string, start = 0): RandomSource {
  let counter = 0
  let series = seriesOf(seed, start)
  const forks: RandomSource[] = []
  const bytes = (size: number): Buffer => {
    if (seed === undefined) return randomBytes(size)
    const blocks: Buffer[] = []
    for (let made = 0; made < size; made += 32) blocks.push(createHash('sha256').update(`${series}:${counter++}`).digest())
    return Buffer.concat(blocks).subarray(0, size)
  }
  return {
    hex: (digits) => bytes(Math.ceil(digits / 2)).toString('hex').slice(0, digits),
    // 256 is no multiple of 36: the small bias is harmless in a name that only has to be new.
    name: (length) => Array.from(bytes(length), (byte) => ALPHABET[byte % ALPHABET.length]).join(''),
    fork: (name) => {
      const fork = randomSource(seed === undefined ? undefined : `${seed}:${name}`, start)
      forks.push(fork)
      return fork
    },
    reset: () => {
      counter = 0
      series = seriesOf(seed, 0)
      for (const fork of forks) fork.reset()
    }
  }
}

function seriesOf (seed: number | string | undefined, start: number): string {
  return start === 0 ? String(seed) : `${seed}/${start}`
}
