import { invalidRequest } from '../errors.ts'

/** Cloudinary takes a signature for so long after its timestamp; nothing makes it live longer. Source: "authentication_signatures". */
export const SIGNATURE_LIFE_SECONDS = 3600
/** How far a caller's clock may be ahead of ours. */
export const CLOCK_AHEAD_SECONDS = 300
/** As seconds this lies in the year 5138; whoever sends so much means milliseconds. */
const MILLISECONDS_FROM = 1e11

export type TimestampFaultKind = 'missing' | 'invalid' | 'milliseconds' | 'stale' | 'future'

/** What is wrong with a timestamp. `message` continues a sentence that begins with the name of its field. */
export interface TimestampFault { readonly kind: TimestampFaultKind, readonly message: string }

/** Returns advice when a time that should be in Unix seconds can only be meant in milliseconds. */
export function millisecondsFault (time: number): string | undefined {
  return time >= MILLISECONDS_FROM ? `looks like milliseconds; it must be seconds: ${Math.floor(time / 1000)}` : undefined
}

/** Judges the timestamp of a signature, as text or as a number of Unix seconds; undefined when it is good now. */
export function timestampFault (given: string | number | undefined, nowSeconds: number): TimestampFault | undefined {
  const text = String(given ?? '')
  if (text === '') return { kind: 'missing', message: 'is missing; it must be Unix time in whole seconds' }
  if (!/^\d{1,15}$/.test(text)) return { kind: 'invalid', message: 'must be Unix time in whole seconds' }
  const timestamp = Number(text)
  const inMilliseconds = millisecondsFault(timestamp)
  if (inMilliseconds !== undefined) return { kind: 'milliseconds', message: inMilliseconds }
  const age = nowSeconds - timestamp
  if (age > SIGNATURE_LIFE_SECONDS) {
    return { kind: 'stale', message: `is ${age} seconds old; Cloudinary takes a signature for ${SIGNATURE_LIFE_SECONDS} seconds after its timestamp` }
  }
  if (-age > CLOCK_AHEAD_SECONDS) return { kind: 'future', message: `lies ${-age} seconds in the future; check the clock that made it` }
  return undefined
}

/**
 * Refuses a timestamp that cannot be signed now. `within` is the pointer to what holds it.
 * @throws {GatewayError} `invalid_request`
 */
export function requireTimestamp (given: string | number | undefined, nowSeconds: number, within = ''): void {
  const fault = timestampFault(given, nowSeconds)
  if (fault) throw invalidRequest([{ pointer: `${within}/timestamp`, message: fault.message }])
}
