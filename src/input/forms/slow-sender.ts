import { GatewayError } from '../../errors.ts'

/** After this much waiting for a caller, its average speed counts too. */
const GRACE_MS = 30_000

/** Progress of a body on its way in. */
export interface Progress {
  readonly bytes: number
  /** Time spent waiting for the caller alone: when we do not read, the pause is ours. */
  readonly waitedMs: number
}

/** Makes the failure of a body whose average speed is too low; undefined when it is fast enough. */
export function slowness (
  what: 'file' | 'form', { bytes, waitedMs }: Progress, minBytesPerSecond: number
): GatewayError | undefined {
  if (waitedMs <= GRACE_MS || bytes >= (waitedMs / 1000) * minBytesPerSecond) return undefined
  const message = `The ${what} comes at less than ${minBytesPerSecond} bytes per second.`
  return new GatewayError('request_timeout', message)
}
