import { Type } from '@sinclair/typebox'
import { ERRORS, type ErrorCode } from '../errors.ts'
import { Choice } from './assets.ts'

export const PROBLEM_MEDIA_TYPE = 'application/problem+json'

/** RFC 9457 problem document, the answer to every failure. */
export const Problem = Type.Object({
  type: Type.String({
    description: 'Where the code is explained.', examples: ['/docs/errors/invalid_request']
  }),
  title: Type.String(),
  status: Type.Integer(),
  code: Choice(Object.keys(ERRORS) as ErrorCode[], { description: 'Stable name of the failure.' }),
  detail: Type.String({ description: 'What went wrong this time.' }),
  advice: Type.String({ description: 'What to do about it.' }),
  instance: Type.String({ description: 'Path of the request.' }),
  request_id: Type.String(),
  retryable: Type.Boolean({ description: 'True when the same request may succeed later.' }),
  errors: Type.Optional(Type.Array(Type.Object({ pointer: Type.String(), message: Type.String() }))),
  upstream: Type.Optional(Type.Object({
    status: Type.Integer(),
    message: Type.Optional(Type.String()),
    request_id: Type.Optional(Type.String())
  }))
}, { $id: 'Problem', additionalProperties: true })

const content = { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: 'Problem#' } } }

/**
 * Responses of a route for the given codes, one per status, for its `response` schema, and one for what can happen to
 * every request. `Problem` is registered by the app.
 */
export function problems (...codes: ErrorCode[]) {
  const byStatus: Record<number | 'default', object> = {
    default: { description: 'Any other failure, such as `internal` or `auth_unavailable`.', content }
  }
  for (const code of codes) {
    const { status } = ERRORS[code]
    const known = codes.filter((other) => ERRORS[other].status === status)
    byStatus[status] = {
      description: known.map((other) => `\`${other}\`: ${ERRORS[other].title}.`).join(' '),
      content
    }
  }
  return byStatus
}
