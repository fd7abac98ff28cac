import type { AssetRecord, DerivedRecord } from '../asset.ts'
import type { Call } from '../http/call.ts'
import type { Fields } from '../http/fields.ts'
import { breakpointsAnswer, derivedBreakpoints, findBreakpoints, readBreakpoints, type Breakpoints } from './breakpoints.ts'
import { deriveAll, eagerAnswer, eagerLater, readEager, type Wanted } from './eager.ts'

/** What `eager` and `responsive_breakpoints` of an upload ask for, and what of it is made. */
export interface Derivation {
  eager: Wanted[]
  /** Those of `eager`, in its order; none if they come later. */
  made: DerivedRecord[]
  /** What is to be stored: each picture once, whatever it was made for. */
  stored: DerivedRecord[]
  breakpoints: Breakpoints[]
}

/** Makes everything before anything is stored: a wish that cannot be met leaves no trace. */
export async function deriveWishes (call: Call, record: AssetRecord, fields: Fields): Promise<Derivation> {
  const eager = readEager(fields, record.resource_type)
  const wishes = readBreakpoints(fields, record.resource_type)
  const now = fields.flag('eager_async') ? [] : eager
  const breakpoints = await findBreakpoints(call, record, wishes)
  const all = await deriveAll(call, record, [...now, ...derivedBreakpoints(breakpoints)])
  const stored = [...new Map(all.map((one) => [`${one.transformation}.${one.format}`, one])).values()]
  await Promise.all(all.filter((one) => !stored.includes(one)).map(({ blob }) => call.context.blobs.remove(blob)))
  return { eager, made: all.slice(0, now.length), stored, breakpoints }
}

/** What an answer says of it, once the asset is stored. What is left for later begins now. */
export function derivationAnswer (call: Call, record: AssetRecord, fields: Fields, { eager, made, breakpoints }: Derivation): Record<string, unknown> {
  return {
    ...fields.flag('eager_async') && eager.length > 0 ? eagerLater(call, record, fields, eager) : eagerAnswer(call, record, fields, made, eager),
    ...breakpointsAnswer(call, record, breakpoints)
  }
}
