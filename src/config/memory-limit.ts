import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import type { Source } from './source.ts'
import type { MemorySettings } from './types.ts'
import { formatBytes, type SettingName, type SettingValues } from './variables.ts'

const MIB = 1024 ** 2
const GIB = 1024 ** 3
/** Cloudinary takes no smaller chunks. */
const LEAST_CHUNK = 5 * MIB
/**
 * Memory of the process without the chunks, while as many uploads run as are allowed. Measured by
 * `npm run drill -- memory`: 105 MiB at rest, plus the sockets, parsers and young objects of uploads.
 */
const PROCESS_BYTES = 144 * MIB
/**
 * Share of the rest that chunks get; the other half is for waiting answers, caches and the garbage collector.
 */
const CHUNKS_PART = 1 / 2
/**
 * Memory for chunks per allowed upload. It is less than a chunk, because most uploads wait for their caller.
 */
const BYTES_OF_UPLOAD = 3.5 * MIB
/** Chunks that should fit, so that a slow upload does not hold up all others. */
const CHUNKS_AT_ONCE = 4
const LEAST_UPLOADS = 2
const MOST_UPLOADS = 128
const MOST_BUFFER = 512 * MIB

/** Memory of the machine and of the process, as the system reports it. */
export interface Machine {
  /** Limit of the container; 0, absent or absurdly large where there is none. */
  readonly constrainedBytes: number | undefined
  readonly totalBytes: number
  /** Largest heap that V8 takes. */
  readonly heapBytes: number
}

/**
 * @param constrainedBytes limit of the container, as Node reports it; leave it out where the gateway shares
 * its process.
 */
export function thisMachine (constrainedBytes?: number): Machine {
  return {
    constrainedBytes,
    totalBytes: totalmem(),
    heapBytes: getHeapStatistics().heap_size_limit
  }
}

/** Memory that the process may use, and where the number comes from. */
export interface MemoryLimit {
  readonly bytes: number
  readonly source: MemorySettings['source']
}

/** Finds the limit. A container without one reports a huge number, or 0. */
export function memoryLimit (
  given: number | undefined, { constrainedBytes = 0, totalBytes }: Machine
): MemoryLimit {
  if (given !== undefined) return { bytes: given, source: 'MEMORY_LIMIT' }
  if (constrainedBytes > 0 && constrainedBytes < totalBytes) {
    return { bytes: constrainedBytes, source: 'container' }
  }
  return { bytes: totalBytes, source: 'machine' }
}

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most)
const wholeMib = (bytes: number): number => Math.floor(bytes / MIB) * MIB

/** Writes a limit for people: in whole mebibytes, where no unit divides what the system has said. */
export function shownLimit (bytes: number): string {
  const exact = formatBytes(bytes)
  return /^\d+$/.test(exact) ? formatBytes(wholeMib(bytes)) : exact
}

type UploadSizes = Pick<SettingValues,
  'UPLOAD_BUFFER_BYTES' | 'UPLOAD_CHUNK_BYTES' | 'UPLOAD_MAX_CONCURRENT' | 'UPLOAD_TEXT_MAX_BYTES'>

/**
 * Returns sizes that fit a limit; without a limit, no more than the defaults. A variable that is set wins,
 * and the other sizes follow it where they must.
 */
function uploadSizes (
  { bytes, source }: MemoryLimit, settings: SettingValues, isSet: (name: SettingName) => boolean
): UploadSizes {
  const { UPLOAD_BUFFER_BYTES, UPLOAD_CHUNK_BYTES } = settings
  const isUnlimited = source === 'machine'
  const room = wholeMib((bytes - PROCESS_BYTES) * CHUNKS_PART)
  const buffer = clamp(room, LEAST_CHUNK, isUnlimited ? UPLOAD_BUFFER_BYTES : MOST_BUFFER)
  const chunk = clamp(wholeMib(buffer / CHUNKS_AT_ONCE), LEAST_CHUNK, UPLOAD_CHUNK_BYTES)
  const chosen = (name: keyof UploadSizes, derived: number): number => isSet(name) ? settings[name] : derived
  const chunkBytes = chosen('UPLOAD_CHUNK_BYTES', Math.min(chunk, chosen('UPLOAD_BUFFER_BYTES', chunk)))
  const bufferBytes = chosen('UPLOAD_BUFFER_BYTES', Math.max(buffer, chunkBytes))
  const most = isUnlimited ? settings.UPLOAD_MAX_CONCURRENT : MOST_UPLOADS
  const uploads = clamp(Math.floor(bufferBytes / BYTES_OF_UPLOAD), LEAST_UPLOADS, most)
  return {
    UPLOAD_CHUNK_BYTES: chunkBytes,
    UPLOAD_BUFFER_BYTES: bufferBytes,
    UPLOAD_MAX_CONCURRENT: chosen('UPLOAD_MAX_CONCURRENT', uploads),
    UPLOAD_TEXT_MAX_BYTES: chosen(
      'UPLOAD_TEXT_MAX_BYTES', Math.min(settings.UPLOAD_TEXT_MAX_BYTES, bufferBytes)
    )
  }
}

/** Returns a line for the log on each size that does not fit the limit. */
function contradictions (
  limit: MemoryLimit, sizes: UploadSizes, { constrainedBytes = 0, totalBytes, heapBytes }: Machine
): string[] {
  const { bytes, source } = limit
  const { UPLOAD_BUFFER_BYTES: buffer, UPLOAD_TEXT_MAX_BYTES: text } = sizes
  const [shown, shownBuffer] = [shownLimit(bytes), formatBytes(buffer)]
  const found: string[] = []
  const real = constrainedBytes > 0 ? Math.min(constrainedBytes, totalBytes) : totalBytes
  if (source === 'MEMORY_LIMIT' && bytes > real) {
    found.push(
      `MEMORY_LIMIT is ${shown}, but there are only ${shownLimit(real)}: the process can be killed before it refuses uploads`
    )
  }
  if (bytes < PROCESS_BYTES + buffer) {
    found.push(
      `the process takes up to ${formatBytes(PROCESS_BYTES)} beside UPLOAD_BUFFER_BYTES (${shownBuffer}), which is more than the memory limit of ${shown}`
    )
  }
  if (text > buffer) {
    found.push(
      `UPLOAD_TEXT_MAX_BYTES is more than UPLOAD_BUFFER_BYTES (${shownBuffer}), so longer texts are refused`
    )
  }
  if (source !== 'machine' && heapBytes + buffer > bytes) {
    const heap = Math.max(32, Math.floor((bytes - buffer) * 0.4 / MIB))
    found.push(
      `V8 may take ${formatBytes(wholeMib(heapBytes))} for its heap, which with UPLOAD_BUFFER_BYTES (${shownBuffer}) is more than the memory limit of ${shown}; start Node with --max-old-space-size=${heap}`
    )
  }
  return found
}

/** Returns the bounds of everything that is kept in memory for a while, as parts of the limit. */
function memorySettings ({ bytes, source }: MemoryLimit): MemorySettings {
  const part = (divisor: number, least: number, most: number): number =>
    clamp(wholeMib(bytes / divisor), least * MIB, most * MIB)
  return {
    limitBytes: bytes,
    source,
    answersBytes: part(32, 4, 64),
    arrivingBytes: part(16, 16, 128),
    bodiesBytes: part(16, 4, 64),
    recordsBytes: part(64, 2, 32),
    cacheBytes: part(128, 1, 16),
    // In a small container, freed memory that is kept would take a fifth of the limit.
    keepsFreed: bytes >= GIB
  }
}

/** Settings whose sizes fit the memory limit, and the bounds of caches. */
export interface FittedSettings {
  readonly settings: SettingValues
  readonly memory: MemorySettings
  readonly warnings: readonly string[]
}

/** Fits the settings to the memory limit. Faults go to `source`. */
export function fitMemory (
  source: Source, given: SettingValues, machine: Machine = thisMachine()
): FittedSettings {
  const limit = memoryLimit(given.MEMORY_LIMIT, machine)
  const sizes = uploadSizes(limit, given, (name) => source.plain(name) !== undefined)
  const { UPLOAD_BUFFER_BYTES: buffer, UPLOAD_CHUNK_BYTES: chunk } = sizes
  if (buffer < chunk) {
    source.fault('UPLOAD_BUFFER_BYTES', 'must not be less than UPLOAD_CHUNK_BYTES: one chunk has to fit')
  } else if (buffer >= limit.bytes && limit.source !== 'machine') {
    const name = source.plain('UPLOAD_BUFFER_BYTES') === undefined
      ? 'UPLOAD_CHUNK_BYTES'
      : 'UPLOAD_BUFFER_BYTES'
    source.fault(name, `must be less than the memory limit of ${shownLimit(limit.bytes)}`)
  }
  return {
    settings: { ...given, ...sizes },
    memory: memorySettings(limit),
    warnings: contradictions(limit, sizes, machine)
  }
}
