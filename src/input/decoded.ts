/** Text from which a URL's `%xx` are taken, once; undefined when a `%` in it begins no character. */
export function decoded (text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
