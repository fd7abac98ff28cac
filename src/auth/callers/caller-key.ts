import { addressKey } from '../../net/addresses.ts'
import type { Caller } from '../policy/caller.ts'
import { ANYBODY } from './authenticator.ts'

/** Sender of a request, and where it came from. */
interface Sender {
  readonly caller: Caller
  readonly ip: string
}

/** Returns the name under which a sender without a key is counted. */
export const strangerKey = (ip: string): string => `stranger:${addressKey(ip)}`

/** Returns the name under which a sender is counted. Those without a key share no count: one must not lock out all. */
export function callerKey ({ caller, ip }: Sender): string {
  return caller.stranger || caller === ANYBODY ? strangerKey(ip) : `caller:${caller.scope ?? caller.name}`
}
