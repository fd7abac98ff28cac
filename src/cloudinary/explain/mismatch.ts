import { pointerTo } from '../../errors.ts'

export type MismatchCode =
  'timestamp_missing' | 'timestamp_invalid' | 'timestamp_milliseconds' | 'timestamp_stale' | 'timestamp_future' |
  'signature_malformed' | 'signature_version_1' | 'other_environment' | 'field_changed' | 'field_not_signed' | 'field_not_sent' |
  'field_spelled_differently' | 'unsignable_signed' | 'empty_signed' | 'not_sorted' | 'signed_with_hmac' | 'unexplained'

/** One thing that is wrong with a signature. */
export interface Mismatch {
  readonly code: MismatchCode
  /** JSON pointer to the field that it is about. */
  readonly pointer?: string
  readonly message: string
}

/** A mismatch of one field. */
export function fieldMismatch (code: MismatchCode, name: string, message: string): Mismatch {
  return { code, pointer: pointerTo(name), message }
}

/** A value in a message: in quotes, and no longer than a person reads. */
export const quoted = (text: string): string => JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text)
