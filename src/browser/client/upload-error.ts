import type { ErrorItem, Problem } from './types.ts'

export interface UploadErrorOptions {
  code: string
  detail: string
  /** 0 when there was no answer. */
  status?: number
  advice?: string
  retryable?: boolean
  outcome?: 'unknown'
  errors?: ErrorItem[]
  requestId?: string
  problem?: Problem
}

/** Why an upload failed, in words that a page can show: `message` says what happened, `advice` what to do. */
export class UploadError extends Error {
  readonly code: string
  readonly status: number
  readonly detail: string
  readonly advice: string
  readonly errors: ErrorItem[]
  readonly retryable: boolean
  readonly requestId?: string
  /** Present when nobody can tell from here whether the asset was stored. */
  readonly outcome?: 'unknown'
  readonly problem?: Problem

  constructor (options: UploadErrorOptions) {
    super(options.detail)
    this.name = 'UploadError'
    this.code = options.code
    this.status = options.status ?? 0
    this.detail = options.detail
    this.advice = options.advice ?? ''
    this.errors = options.errors ?? []
    this.retryable = options.retryable ?? false
    if (options.requestId !== undefined) this.requestId = options.requestId
    if (options.outcome) this.outcome = options.outcome
    if (options.problem) this.problem = options.problem
  }
}
