import type { UploadLimits } from '../../config/types.ts'
import { uploadTextTooLarge, type TextKind } from '../../input/body-type.ts'
import type { StreamedFile } from '../../input/forms/upload-form.ts'
import type { Loan, UploadBudget } from './budget.ts'
import { SourceStopped } from './byte-reader.ts'
import { Chunk } from './chunk.ts'
import { Intake } from './intake.ts'
import type { Release, UploadOwner } from './shares.ts'

/** A body that has been read whole, in memory to be given back. */
export interface HeldText {
  readonly bytes: Buffer
  readonly release: Release
}

/** A JSON or urlencoded body on its way in. */
export interface TextBody extends Pick<StreamedFile, 'stream' | 'length' | 'stop'> {
  readonly kind: TextKind
  /** Up to this length it is read without being counted among the uploads, as on any other route. */
  readonly freeBytes: number
}

/** Limits and services that `holdText` uses. */
export interface TextReading {
  readonly limits: UploadLimits
  readonly budget: UploadBudget
  /** Holder of the shares that the memory counts in. */
  readonly owner?: UploadOwner | undefined
  readonly signal: AbortSignal
  readonly now: () => number
}

const NOT_COUNTED: Release = () => {}

/**
 * Reads a whole body that will be parsed. A long one borrows its length from the budget before a byte of it
 * is read. One of unknown length borrows the largest length it may have once it turns out to be long.
 * @throws {GatewayError} `overloaded` or `payload_too_large` before it is read; later, the failures of files.
 */
export async function holdText (body: TextBody, reading: TextReading): Promise<HeldText> {
  const { limits, budget, owner, signal, now } = reading
  const { kind, freeBytes, stream, length, stop } = body
  const most = limits.textMaxBytes + freeBytes
  if (length !== undefined && length > most) throw uploadTextTooLarge(kind, { bytes: length, limit: most })
  const loan = length !== undefined && length > freeBytes
    ? budget.lendNow(length, owner)
    : { memory: Buffer.allocUnsafeSlow(length ?? freeBytes), release: NOT_COUNTED }
  const intake = new Intake({ stream, length, stop, filename: '' }, { ...limits, maxBytes: Infinity, verify: 'bytes' }, now)
  const onGone = (): void => intake.stop(new SourceStopped('the caller went away'))
  signal.addEventListener('abort', onGone)
  try {
    const { size, isWhole } = await filled(loan, intake)
    if (isWhole) return { bytes: loan.memory.subarray(0, size), release: loan.release }
    return await continued(loan.memory, intake, { kind, budget, owner, most })
  } finally {
    signal.removeEventListener('abort', onGone)
    intake.stop(new SourceStopped('the body is read'))
  }
}

interface Continuation extends Pick<TextReading, 'budget' | 'owner'> {
  readonly kind: TextKind
  readonly most: number
}

/** Reads on when the memory is full and the length of the rest is unknown. */
async function continued (
  beginning: Buffer, intake: Intake, { kind, budget, owner, most }: Continuation
): Promise<HeldText> {
  const limit = Math.min(most, budget.capacity)
  if (limit <= beginning.length) throw uploadTextTooLarge(kind, { bytes: undefined, limit: beginning.length })
  const { memory, release } = budget.lendNow(limit, owner)
  beginning.copy(memory)
  const { size, isWhole } = await filled({ memory: memory.subarray(beginning.length), release }, intake)
  if (isWhole) return { bytes: memory.subarray(0, beginning.length + size), release }
  release()
  throw uploadTextTooLarge(kind, { bytes: undefined, limit })
}

interface Filling { readonly size: number, readonly isWhole: boolean }

/** Fills the memory, and gives it back when the body fails. `isWhole`: the body has ended. */
async function filled ({ memory, release }: Loan, intake: Intake): Promise<Filling> {
  const chunk = new Chunk(memory)
  try {
    await chunk.fill(intake)
    return { size: chunk.size, isWhole: !await intake.more() }
  } catch (error) {
    release()
    throw error
  }
}
