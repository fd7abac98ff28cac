import type { components } from './openapi.ts'

/** The document that answers every failure, as the gateway sent it. */
export type ProblemDocument = components['schemas']['Problem']
export type ProblemCode = ProblemDocument['code']
/** One faulty field; `pointer` is a JSON pointer into what was sent. */
export interface ProblemField { readonly pointer: string, readonly message: string }

/** Seconds in a `Retry-After` header. The gateway sends no dates. */
function secondsIn (header: string | null): number | undefined {
  return header !== null && /^\d{1,9}$/.test(header) ? Number(header) : undefined
}

function isDocument (body: unknown): body is ProblemDocument {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body
}

/**
 * A request that was answered with a failure. `code` is stable and made for programs, `message` is for people.
 * The code is `unexpected_answer` when something else than the gateway answered, such as a proxy.
 */
export class GatewayProblem extends Error {
  override readonly name = 'GatewayProblem'
  readonly status: number
  readonly code: ProblemCode | 'unexpected_answer'
  /** What to do about it. */
  readonly advice: string
  /** The fields at fault, if any. */
  readonly errors: readonly ProblemField[]
  /** Finds the request in the log of the gateway. */
  readonly requestId: string | undefined
  /** True when the same request may succeed later. */
  readonly retryable: boolean
  /** How long to wait before the request is sent again. */
  readonly retryAfterSeconds: number | undefined
  /** The whole document, with members such as `found_under` and `upstream`. */
  readonly document: ProblemDocument | undefined

  constructor ({ status, headers }: Pick<Response, 'status' | 'headers'>, body: unknown) {
    const document = isDocument(body) ? body : undefined
    super(document?.detail ?? `The answer has status ${status} and is not the gateway's.`)
    this.status = status
    this.code = document?.code ?? 'unexpected_answer'
    this.advice = document?.advice ?? 'Check the URL of the gateway, and what stands before it.'
    this.errors = document?.errors ?? []
    this.requestId = document?.request_id ?? headers.get('x-request-id') ?? undefined
    this.retryable = document?.retryable ?? /429|50[234]/.test(String(status))
    this.retryAfterSeconds = secondsIn(headers.get('retry-after'))
    this.document = document
  }
}

/** A request that got no answer, or none that can be read; `cause` tells why. */
export class GatewayUnreachable extends Error {
  override readonly name = 'GatewayUnreachable'
}
