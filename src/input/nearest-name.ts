/** Edits (insert, delete, replace) that turn `a` into `b`. The work grows with the product of their lengths. */
export function editDistance (a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const above = previous
    const cost = (column: number): number => above[column] as number // every column asked for lies inside the row
    let left = row
    previous = [row, ...Array.from({ length: b.length }, (_, column) => {
      left = Math.min(cost(column) + (a[row - 1] === b[column] ? 0 : 1), cost(column + 1) + 1, left + 1)
      return left
    })]
  }
  return previous.at(-1) as number // the row has at least its first column
}

/** Names that are compared at most. Our own lists are shorter; environments and callers can be thousands. */
const MOST_COMPARED = 300

/**
 * The known name that a misspelt one most likely means, or undefined when none is near. Near: at most a third
 * of the name's length in edits, and letter case and `-` for `_` do not count. Of very many names the first
 * are searched: whoever misspells one must not keep the process busy.
 */
export function nearestName (given: string, known: Iterable<string>): string | undefined {
  // A name nobody could have meant is not compared: the work stays bounded whatever was sent.
  if (given.length > 64) return undefined
  const lowered = given.toLowerCase().replaceAll('-', '_')
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(given.length / 3)) + 1
  let compared = 0
  for (const name of known) {
    if (compared++ === MOST_COMPARED) break
    // When two names are equally near, the one that was begun is meant.
    const other = name.toLowerCase()
    const edits = editDistance(lowered, other) - (other.startsWith(lowered) ? 0.5 : 0)
    if (edits < bestDistance) [best, bestDistance] = [name, edits]
  }
  return best
}

/** Words of low-code tools and of other services, with our names for what they mean, the likeliest first. */
const WORDS: ReadonlyMap<string, readonly string[]> = new Map(Object.entries({
  storage_type: ['type'],
  delivery_type: ['type'],
  asset_type: ['resource_type'],
  kind: ['resource_type'],
  id: ['public_id'],
  name: ['public_id', 'display_name'],
  file_name: ['filename_override', 'target_filename'],
  folder: ['asset_folder', 'prefix'],
  path: ['asset_folder', 'prefix'],
  limit: ['max_results'],
  per_page: ['max_results'],
  page_size: ['max_results'],
  cursor: ['next_cursor'],
  expires: ['expires_at'],
  expiration: ['expires_at'],
  expiry: ['expires_at'],
  url: ['file'],
  alt: ['context']
}))

/** A member of a field, as PHP and jQuery write it: `context[alt]`, `eager[0][width]`. */
const MEMBER = /^(\w+)\[/

/** Writes `publicId`, `Public ID` and `public-id` as `public_id`. */
const folded = (given: string): string =>
  given.trim().replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[\s.-]+/g, '_').toLowerCase()

/** Returns the names among `known` that a word of another tool stands for. */
function translated (given: string, known: ReadonlySet<string>): string[] {
  if (given.length > 64) return []
  const word = folded(given)
  if (known.has(word)) return [word]
  const bare = word.replace(/^(?:include|with|return|get|set|new)_/, '')
  if (bare !== word && known.has(bare)) return [bare]
  return WORDS.get(word)?.filter((name) => known.has(name)) ?? []
}

/** Ends a message about a misspelt name: `; did you mean "folder"?`, or nothing when no known name is near. */
export function didYouMean (given: string, known: Iterable<string>): string {
  const names = new Set(known)
  const [, outer = ''] = MEMBER.exec(given.slice(0, 64)) ?? []
  if (names.has(outer)) return `; send "${outer}" as one field, in JSON`
  const meant = translated(given, names)
  if (meant.length > 0) return `; did you mean ${meant.map((name) => `"${name}"`).join(' or ')}?`
  const nearest = nearestName(given, names)
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`
}
