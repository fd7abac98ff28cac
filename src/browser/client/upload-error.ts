/** A problem document of the gateway. */
export interface Problem {
  code: string
  status: number
  detail: string
  title?: string
  advice?: string
  retryable?: boolean
  request_id?: string
  errors?: ErrorItem[]
  [name: string]: unknown
}
export interface ErrorItem { pointer?: string, message: string }

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
  /**
   * Stable name of the failure: one of the gateway's codes, `network_failed`, `file_unreadable` or
   * `unexpected_answer`.
   */
  declare readonly code: string
  /** Status of the answer; 0 when there was none. */
  declare readonly status: number
  declare readonly detail: string
  declare readonly advice: string
  declare readonly errors: ErrorItem[]
  /** True when the same upload may succeed later. */
  declare readonly retryable: boolean
  declare readonly retryAfterSeconds: number | undefined
  declare readonly requestId: string | undefined
  /** `unknown` when the client cannot tell whether the asset was stored. */
  declare readonly outcome?: 'unknown'
  /** Problem document of the gateway. */
  declare readonly problem: Problem | undefined

  constructor (options: UploadErrorOptions) {
    super(options.detail)
    Object.assign(this, { name: 'UploadError', status: 0, advice: '', errors: [], retryable: false }, options)
  }
}

/** Makes the error of a request that got no answer. */
export function lost (host: string, what: string, retryable = true): UploadError {
  return new UploadError({
    code: 'network_failed',
    detail: `${host} ${what}.`,
    advice: 'Check the network, the address, CORS_ORIGINS of the gateway and the Content-Security-Policy.',
    retryable
  })
}
