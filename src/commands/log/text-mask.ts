/** Shortest text that can be searched for. */
export const SHORTEST = 8
/** Characters that are looked up at once. */
const BLOCK = 5
/** `SHORTEST` characters hold a whole block that begins at a multiple of this, wherever they stand. */
const STEP = SHORTEST - BLOCK + 1
/** Bits of the filter for each block that is known. */
const SPARSENESS = 16
const COUNTERS_BITS = 18
const SHIFT = 32 - COUNTERS_BITS

/** A text to replace, and how far from its beginning a block stands. */
interface Needle {
  readonly text: string
  readonly offset: number
}

/** Part of a line, to be replaced. */
interface Extent {
  readonly from: number
  readonly until: number
}

/** Returns one byte for each character, which is quicker to look up. Characters that share one are told apart later. */
function bytesOf (text: string): DataView {
  const { buffer, byteOffset, byteLength } = Buffer.from(text, 'latin1')
  return new DataView(buffer, byteOffset, byteLength)
}

/**
 * Hashes the block that begins at `at`, to a number that V8 keeps without an object: of 32 bits with a sign.
 */
function blockAt (bytes: DataView, at: number): number {
  return Math.imul(bytes.getInt32(at) ^ Math.imul(bytes.getUint8(at + 4), 0x85EBCA6B), 0x9E3779B1)
}

/** Counts how often blocks stand in texts. Those with the same upper bits of their hash are counted together. */
class BlockCounts {
  readonly #counts = new Uint32Array(2 ** COUNTERS_BITS)

  constructor (texts: Iterable<string>) {
    for (const text of texts) {
      const bytes = bytesOf(text)
      for (let at = 0; at + BLOCK <= bytes.byteLength; at++) {
        const counter = blockAt(bytes, at) >>> SHIFT
        this.#counts[counter] = (this.#counts[counter] as number) + 1 // it has one for every hash
      }
    }
  }

  /**
   * Returns where the `SHORTEST` characters begin that best tell a text from the others: secrets may begin alike,
   * and a line must not be compared with all of them.
   */
  rarestIn (bytes: DataView): number {
    let [rarest, fewest] = [0, Infinity]
    for (let start = 0; start + SHORTEST <= bytes.byteLength; start++) {
      let most = 0
      for (let at = start; at < start + STEP; at++) {
        const count = this.#counts[blockAt(bytes, at) >>> SHIFT] as number // see above
        if (count > most) most = count
      }
      if (most >= fewest) continue
      rarest = start
      fewest = most
    }
    return rarest
  }
}

/**
 * Replaces every occurrence of many texts, in one pass whose time does not grow with their number. Every
 * fourth block of five characters of a line is looked up, first in a filter of bits; only where a text may
 * stand is it compared.
 */
export class TextMask {
  readonly #needles = new Map<number, Needle[]>()
  readonly #filter: Uint32Array
  /** The bits of a hash above these choose a bit of the filter. */
  readonly #shift: number

  /** @param texts of at least `SHORTEST` characters */
  constructor (texts: ReadonlySet<string>) {
    const counts = new BlockCounts(texts)
    for (const text of texts) {
      const bytes = bytesOf(text)
      const start = counts.rarestIn(bytes)
      for (let offset = start; offset < start + STEP; offset++) {
        this.#add(blockAt(bytes, offset), { text, offset })
      }
    }
    const bits = Math.max(10, Math.ceil(Math.log2(texts.size * STEP * SPARSENESS + 1)))
    this.#shift = 32 - bits
    this.#filter = new Uint32Array(2 ** (bits - 5))
    for (const block of this.#needles.keys()) {
      const bit = block >>> this.#shift
      // It has a bit for every hash.
      this.#filter[bit >>> 5] = (this.#filter[bit >>> 5] as number) | 1 << (bit & 31)
    }
  }

  /** Replaces what is found in a line, or in several. Texts that overlap are replaced together. */
  apply (line: string, replacement: string): string {
    const found = this.#find(line).sort((one, other) => one.from - other.from)
    let edited = ''
    let copied = 0
    for (const [index, { from, until }] of found.entries()) {
      if (index === 0 || from >= copied) edited += line.slice(copied, from) + replacement
      copied = Math.max(copied, until)
    }
    return found.length === 0 ? line : edited + line.slice(copied)
  }

  #find (line: string): Extent[] {
    const filter = this.#filter
    const shift = this.#shift
    const bytes = bytesOf(line)
    const end = bytes.byteLength - BLOCK
    const found: Extent[] = []
    for (let at = 0; at <= end; at += STEP) {
      const block = blockAt(bytes, at)
      const bit = block >>> shift
      if (((filter[bit >>> 5] as number) >>> (bit & 31) & 1) === 0) continue // see above
      for (const { text, offset } of this.#needles.get(block) ?? []) {
        const from = at - offset
        if (from >= 0 && line.startsWith(text, from)) found.push({ from, until: from + text.length })
      }
    }
    return found
  }

  #add (block: number, needle: Needle): void {
    const needles = this.#needles.get(block) ?? []
    needles.push(needle)
    this.#needles.set(block, needles)
  }
}
