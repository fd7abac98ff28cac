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

export interface Memory {
  readonly read: () => Kept | undefined
  /** Without a value: forgets. */
  readonly write: (kept?: Kept) => void
  /** Lets another upload use the same key. */
  readonly close: () => void
}

/** Takes a name until the page is left. @returns what gives it back; undefined while another upload of this origin has it. */
function take (name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const none = (): void => { resolve(undefined) }
    const locked = async (): Promise<unknown> =>
      await navigator.locks.request(name, { ifAvailable: true }, (lock) => lock && new Promise<void>((_resolve) => { resolve(_resolve) }))
    locked().then(none, none)
  })
}

/**
 * Remembers one upload. The same file, chosen twice at once, here or in another tab, is two uploads: the second has no
 * memory, and neither has a page without locks, which is one that came without TLS. A storage that throws is like none.
 */
export async function createMemory (storage: UploaderOptions['storage'], parts: unknown): Promise<Memory> {
  const key = PREFIX + JSON.stringify(parts)
  const release = storage === null ? undefined : await take(key)
  const attempt = <T>(work: (usable: NonNullable<UploaderOptions['storage']>) => T): T | undefined => {
    try {
      // Merely asking for a storage throws where it is forbidden, and in workers, which have none.
      return release && work(storage ?? localStorage)
    } catch {
      return undefined
    }
  }
  return {
    read: () => attempt((usable) => {
      const kept = JSON.parse(usable.getItem(key) ?? 'null') as Kept | null // as `write` has left it
      return kept && Date.now() - kept.time < LIFETIME_MS ? kept : undefined
    }),
    write: (kept) => attempt((usable) => kept
      ? usable.setItem(key, JSON.stringify({ ...kept, time: Date.now() }))
      : usable.removeItem(key)),
    close: () => release?.()
  }
}
