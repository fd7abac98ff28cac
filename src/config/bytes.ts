/**
 * Reads a size: `20000000`, `20MB` (millions) or `20MiB` (1024 x 1024), in any case.
 * Whole numbers only; undefined when it is none.
 */
export function parseBytes (text: string): number | undefined {
  const [, digits, prefix = '', binary] = /^(\d{1,15})(?:([kmg])(i)?)?b?$/i.exec(text) ?? []
  if (digits === undefined) return undefined
  return Number(digits) * (binary ? 1024 : 1000) ** ['', 'k', 'm', 'g'].indexOf(prefix.toLowerCase())
}

/** The shortest exact spelling: `20MB`, `128MiB`, `5GiB`. */
export function formatBytes (bytes: number): string {
  for (const [unit, size] of [['GiB', 1024 ** 3], ['GB', 1000 ** 3], ['MiB', 1024 ** 2], ['MB', 1000 ** 2]] as const) {
    if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return String(bytes)
}
