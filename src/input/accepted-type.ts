/** How much a caller likes a media type, from 0 (not at all) to 1, and how exactly it named it. */
interface Liking { readonly exactness: number, readonly quality: number }

/** How exactly `range` names `type`: 3 itself, 2 its kind, 1 as anything; 0 when it is another one. */
function exactnessOf (range: string, type: string): number {
  if (range === type) return 3
  if (range === `${type.slice(0, type.indexOf('/'))}/*`) return 2
  return range === '*/*' ? 1 : 0
}

/** A weight that is none is no reason to refuse an answer. */
function qualityOf (parameters: readonly string[]): number {
  const [, text] = parameters.map((parameter) => /^\s*q\s*=\s*([\d.]{1,5})\s*$/i.exec(parameter)).find((found) => found !== null) ?? []
  const quality = Number(text ?? 1)
  return quality >= 0 && quality <= 1 ? quality : 1
}

/** What the most exact range says, as the standard wants it; nothing when no range fits. */
function likingOf (type: string, accept: string): number {
  const likings = accept.split(',').map((item): Liking => {
    const [range = '', ...parameters] = item.split(';')
    return { exactness: exactnessOf(range.trim().toLowerCase(), type), quality: qualityOf(parameters) }
  })
  const best = likings.reduce((one, other) => other.exactness > one.exactness ? other : one, { exactness: 0, quality: 0 })
  return best.quality
}

/**
 * Which of `types`, in lower case, an `Accept` header likes best. Among equals the first one wins, as it does where none
 * is acceptable: an answer in another form serves better than a refusal. Source: RFC 9110, section 12.5.1.
 */
export function acceptedType<T extends string> (accept: string | undefined, types: readonly [T, ...T[]]): T {
  if (accept === undefined) return types[0]
  return types.reduce((best, type) => likingOf(type, accept) > likingOf(best, accept) ? type : best)
}
