import type { AssetRecord, DerivedRecord } from '../../assets/asset.ts'
import type { Call } from '../../api/call.ts'
import type { Fields } from '../../api/fields.ts'
import type { Background } from '../../background.ts'
import type { FailureListeners } from '../../notifications/events.ts'
import { breakpointsAnswer, derivedBreakpoints, findBreakpoints, readBreakpoints, type Breakpoints } from './breakpoints.ts'
import { deriveAll, eagerAnswer, readEager, type PictureMakers, type Wanted } from './eager.ts'
import { keepPromise, processing, type EagerPromise } from './eager-later.ts'

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
export async function deriveWishes (
  call: Call, makers: PictureMakers, record: AssetRecord, fields: Fields
): Promise<Derivation> {
  const eager = readEager(fields, record.resource_type)
  const wishes = readBreakpoints(fields, record.resource_type)
  const now = fields.flag('eager_async') ? [] : eager
  const breakpoints = await findBreakpoints(call, makers.renderer, record, wishes)
  const all = await deriveAll(call, makers, record, [...now, ...derivedBreakpoints(breakpoints)])
  const stored = [...new Map(all.map((one) => [`${one.transformation}.${one.format}`, one])).values()]
  await Promise.all(all.filter((one) => !stored.includes(one)).map(({ blob }) => makers.blobs.remove(blob)))
  return { eager, made: all.slice(0, now.length), stored, breakpoints }
}

/** What is made later needs to be told of, too. */
export interface DerivationServices extends PictureMakers, FailureListeners {
  readonly background: Background
}

/** What an answer says of it, once the asset is stored, and the promise with it. What is promised begins now. */
export function derivationAnswer (
  call: Call, services: DerivationServices, record: AssetRecord, { fields, derivation, promise }: Answered
): Record<string, unknown> {
  const { eager: wanted, made: derived, breakpoints } = derivation
  if (promise) services.background.add(keepPromise(call, services, promise))
  const eager = promise
    ? processing(promise)
    : eagerAnswer(call, services.notifier, record, { fields, derived, wanted })
  return { ...eager, ...breakpointsAnswer(call, record, breakpoints) }
}

/** What was asked for, what is made of it by now, and what is promised. */
interface Answered {
  fields: Fields
  derivation: Derivation
  promise: EagerPromise | undefined
}
