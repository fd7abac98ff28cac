/** Decodes the `%xx` of a URL, once. Returns undefined when a `%` in it begins no character. */
export function decoded (text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
