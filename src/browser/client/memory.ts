import type { UploaderOptions } from './types.ts'

/** How far a chunked upload has come. Bytes are never kept. */
export interface Kept {
  id: string
  done: number
  chunkBytes: number
  /** Milliseconds since 1970. */
  time: number
  /** The last chunk was begun, so the asset may be stored. */
  ending?: boolean
}

const PREFIX = 'cloudinary-upload:'
/** Cloudinary does not say how long it keeps unfinished uploads. */
const LIFETIME_MS = 12 * 3_600_000
/** Uploads of this page: the same file, chosen twice at once, is two uploads. */
const running = new Set<string>()

export interface Memory {
  readonly read: () => Kept | undefined
  readonly write: (kept: Kept) => void
  readonly forget: () => void
  /** Lets another upload use the same key. */
  readonly close: () => void
}

/** Remembers one upload. A storage that throws (private mode, quota) is like none. */
export function createMemory (storage: UploaderOptions['storage'], parts: unknown): Memory {
  const key = PREFIX + JSON.stringify(parts)
  const usable = running.has(key) ? null : storage
  if (usable) running.add(key)
  const attempt = <T>(work: (usable: NonNullable<UploaderOptions['storage']>) => T): T | undefined => {
    try {
      return usable ? work(usable) : undefined
    } catch {
      return undefined
    }
  }
  return {
    read: () => attempt((usable) => {
      const kept = JSON.parse(usable.getItem(key) ?? 'null') as Kept | null // as `write` has left it
      const age = Date.now() - (kept?.time ?? 0)
      return kept && age >= 0 && age < LIFETIME_MS && kept.done > 0 ? kept : undefined
    }),
    write: (kept) => { attempt((usable) => { usable.setItem(key, JSON.stringify({ ...kept, time: Date.now() })) }) },
    forget: () => { attempt((usable) => { usable.removeItem(key) }) },
    close: () => { if (usable) running.delete(key) }
  }
}
