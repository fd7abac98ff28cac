import type { UploaderOptions } from './types.ts'

/** Progress of a chunked upload. Bytes are never kept. */
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
  /** Stores the progress, or removes it when there is no value. */
  readonly write: (kept?: Kept) => void
  /** Lets another upload use the same key. */
  readonly close: () => void
}

/**
 * Takes a lock until it is released or the page is left.
 * @returns a function that releases it; undefined while another upload of this origin holds it.
 */
function take (name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const none = (): void => { resolve(undefined) }
    const locked = async (): Promise<unknown> =>
      await navigator.locks.request(name, { ifAvailable: true }, (lock) =>
        lock && new Promise<void>((_resolve) => { resolve(_resolve) }))
    locked().then(none, none)
  })
}

/**
 * Remembers one upload. The same file, chosen twice at once, here or in another tab, is two uploads, and the
 * second has no memory. Nor has an insecure page, where browsers have no locks. A storage that throws counts
 * as none.
 */
export async function createMemory (storage: UploaderOptions['storage'], parts: unknown): Promise<Memory> {
  const key = PREFIX + JSON.stringify(parts)
  const release = storage === null ? undefined : await take(key)
  const attempt = <T>(work: (usable: NonNullable<UploaderOptions['storage']>) => T): T | undefined => {
    try {
      // Merely reading `localStorage` throws where it is forbidden, and in workers, which have none.
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
