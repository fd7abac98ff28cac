import type { AssetRecord, DerivedRecord } from '../../assets/asset.ts'
import type { Call } from '../../api/call.ts'
import type { Fields } from '../../api/fields.ts'
import { uploadAnswer } from '../answer.ts'
import { breakpointsAnswer, derivedBreakpoints, findBreakpoints, readBreakpoints, type Breakpoints } from './breakpoints.ts'
import { deriveAll, eagerAnswer, readEager, type Wanted } from './eager.ts'
import { keepPromise, processing, promiseOf, type EagerPromise } from './eager-later.ts'

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

/** What an answer says of it, once the asset is stored, and the promise with it. What is promised begins now. */
export function derivationAnswer (call: Call, record: AssetRecord, fields: Fields, { eager, made, breakpoints }: Derivation, promise?: EagerPromise): Record<string, unknown> {
  if (promise) call.context.background.add(keepPromise(call, promise))
  return {
    ...promise ? processing(promise) : eagerAnswer(call, record, fields, made, eager),
    ...breakpointsAnswer(call, record, breakpoints)
  }
}

/** The answer to an upload whose asset was made just before the process ended. */
export async function answerAgain (call: Call, record: AssetRecord, fields: Fields): Promise<Record<string, unknown>> {
  const promise = promiseOf(call, record)
  const eager = promise ? processing(promise) : eagerAnswer(call, record, fields, record.derived, readEager(fields, record.resource_type))
  return { ...await uploadAnswer(call, record, fields), ...eager }
}
