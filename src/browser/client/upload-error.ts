import type { ErrorItem, Problem } from './types.ts'

export interface UploadErrorOptions {
  code: string
  detail: string
  status?: number
  advice?: string
  retryable?: boolean
  retryAfterSeconds?: number | undefined
  outcome?: 'unknown'
  errors?: ErrorItem[]
  requestId?: string | undefined
  problem?: Problem
}

/** Why an upload failed, in words that a page can show: `message` says what happened, `advice` what to do. */
export class UploadError extends Error {
  /** Stable name of the failure: one of the gateway's codes, `network_failed`, `file_unreadable` or `unexpected_answer`. */
  readonly code: string
  /** Of the answer; 0 when there was none. */
  readonly status: number
  readonly detail: string
  readonly advice: string
  readonly errors: ErrorItem[]
  /** True when the same upload may succeed later. */
  readonly retryable: boolean
  readonly retryAfterSeconds: number | undefined
  readonly requestId: string | undefined
  /** `unknown` when nobody can tell from here whether the asset was stored. */
  declare readonly outcome?: 'unknown'
  /** The gateway's own document. */
  readonly problem: Problem | undefined

  constructor (options: UploadErrorOptions) {
    super(options.detail)
    this.name = 'UploadError'
    this.code = options.code
    this.status = options.status ?? 0
    this.detail = options.detail
    this.advice = options.advice ?? ''
    this.errors = options.errors ?? []
    this.retryable = options.retryable ?? false
    this.retryAfterSeconds = options.retryAfterSeconds
    this.requestId = options.requestId
    if (options.outcome) this.outcome = options.outcome
    this.problem = options.problem
  }
}
