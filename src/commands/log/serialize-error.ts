/** An error as a line of the log tells it. */
export interface SerializedError {
  readonly type: string
  readonly message: string
  readonly stack?: string
  /** A code of Node, of a library, or one of ours. */
  readonly code?: string | number
  readonly cause?: SerializedError
  /** What several attempts failed by. */
  readonly aggregateErrors?: readonly SerializedError[]
}

/** A cause may be its own cause. */
const MOST_CAUSES = 5
/** Each of them is told with one cause. */
const MOST_ATTEMPTS = 10

/**
 * What the log tells of an error: the members named above and no other. Libraries hang on errors whatever was at hand:
 * that of Redis carries the command that was refused, with the password or the record in it. Of what was thrown and is
 * no error only a text is told.
 */
export function serializeError (error: unknown, causes = MOST_CAUSES): SerializedError {
  if (!(error instanceof Error)) return { type: typeof error, message: typeof error === 'string' ? error : 'What was thrown is no error.' }
  const { name, message, stack, code, cause, errors }: Error & { code?: unknown, errors?: unknown } = error
  const attempts = Array.isArray(errors) ? errors.filter((one) => one instanceof Error).slice(0, MOST_ATTEMPTS) : []
  const deeper = causes > 0
  return {
    type: String(name),
    message: String(message),
    ...(typeof stack === 'string' && { stack }),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(deeper && cause !== undefined && { cause: serializeError(cause, causes - 1) }),
    ...(deeper && attempts.length > 0 && { aggregateErrors: attempts.map((one) => serializeError(one, Math.min(causes - 1, 1))) })
  }
}
