import { GatewayError } from '../../errors.ts'
import { sentNothing, USER_AGENT, type Call, type Connection } from '../upstream/json-calls.ts'
import { apiRoot } from '../upstream/admin-paths.ts'
import { relayed, transportFailure, type Relayed, type Vouched } from '../upstream/answer.ts'
import { isHang } from '../upstream/circuit-breaker.ts'
import { LIMITED, PASSING, withRetries } from '../upstream/retry.ts'
import type { FormFields } from '../wire/parameters.ts'
import { multipartBody, type Form, type FormBytes, type MultipartBody } from './multipart-body.ts'

/** Where the requests of one upload go, and who vouched for them. */
export interface Destination {
  readonly resourceType: 'auto' | 'image' | 'video' | 'raw'
  readonly vouched: Vouched
}

/** One request of an upload: a whole file, or a chunk of one. */
export interface Piece {
  /** Makes the form anew for each attempt: its proof carries the time. */
  readonly form: () => Form
  /** Headers that place a chunk in its file. */
  readonly range?: FormFields | undefined
  /** More of the file is to follow, so this request alone stores nothing. */
  readonly partial?: boolean
  /**
   * When it may be sent again: `always`; `unless_stored`, where that could store a second asset (one with a `public_id`
   * replaces itself); `unless_begun`, where the bytes are gone once they were asked for.
   */
  readonly retry: 'always' | 'unless_stored' | 'unless_begun'
}

const MAX_ATTEMPTS = 3
/** No request is tried again after this long, and no refusal is waited out for longer than half a minute. */
const DEADLINE_MS = 10 * 60_000
const LONGEST_WAIT_MS = 30_000

/** Cloudinary said itself that it did not take the file. A failure inside it (5xx) says nothing of the kind. */
function isRefusal ({ upstream }: GatewayError): boolean {
  return upstream !== undefined && upstream.status >= 400 && upstream.status < 500
}

/** False when Cloudinary refused the file, or cannot have had all of it. */
export function mayBeStored (error: GatewayError, { finished }: Pick<FormBytes, 'finished'>): boolean {
  return finished && !isRefusal(error)
}

/** Sends the requests of one upload, and again where that repairs a failure. */
export class UploadSender {
  readonly #connection: Connection
  readonly #destination: Destination
  readonly #signal: AbortSignal
  /** Requests that were sent again, over all pieces of the file. */
  #retries = 0

  constructor (connection: Connection, destination: Destination, { signal }: Call) {
    this.#connection = connection
    this.#destination = destination
    this.#signal = signal
  }

  /** How many attempts the upload took: 1 when no request was sent twice. */
  get attempts (): number { return this.#retries + 1 }

  /**
   * Sends one request until it succeeds or no further attempt can help.
   * @throws {GatewayError} the last failure, with the member `outcome: unknown` when any attempt may have stored the file.
   */
  async send (piece: Piece): Promise<Relayed> {
    const { budget, pace, circuits } = this.#connection
    // What has begun goes on: an upload that is half done is not given up because others cannot begin.
    if (piece.range?.['content-range']?.startsWith('bytes 0-') !== false) circuits.upload.admit()
    let isHarmless = false
    let attempts = 0
    let unclear = false
    const attempt = async (): Promise<Relayed> => {
      const form = piece.form()
      const body = multipartBody(form)
      if (attempts++ > 0) this.#retries++
      try {
        return await this.#request(body, piece)
      } catch (error) {
        const stored = error instanceof GatewayError && mayBeStored(error, body.chunks)
        unclear ||= stored && piece.partial !== true
        isHarmless = canBeSentAgain(piece, form, body.chunks, stored)
        throw error
      }
    }
    try {
      return await withRetries(attempt, {
        maxAttempts: MAX_ATTEMPTS,
        deadline: pace.clock() + DEADLINE_MS,
        longestWaitMs: LONGEST_WAIT_MS,
        signal: this.#signal,
        canRetry: (error) => isHarmless && (
          PASSING.has(error.code) || (isMidway(piece) && LIMITED.has(error.code))
        )
      }, budget, pace)
    } catch (error) {
      throw error instanceof GatewayError ? givenUp(error, attempts > 0 ? this.attempts : 0, unclear) : error
    }
  }

  async #request ({ contentType, length, chunks }: MultipartBody, { range }: Piece): Promise<Relayed> {
    const { environment, transport, pace, circuits, tried } = this.#connection
    const { resourceType, vouched } = this.#destination
    let { answered } = circuits.upload
    chunks.onFinished = () => { answered = circuits.upload.answered }
    try {
      const reply = await transport.send({
        method: 'POST',
        path: `${apiRoot(environment)}/${resourceType}/upload`,
        headers: {
          accept: 'application/json',
          'user-agent': USER_AGENT,
          'content-type': contentType,
          ...(length !== undefined && { 'content-length': String(length) }),
          ...range
        },
        body: chunks,
        lane: 'upload',
        signal: this.#signal
      })
      const answer = relayed(reply, { environment, nowMs: pace.now(), vouched })
      // A success for bytes that were never sent would be the worst answer of all.
      if (!chunks.finished) throw new GatewayError('upstream_failed', 'Cloudinary answered before it had the whole file.')
      tried('ok')
      circuits.upload.settle()
      return answer
    } catch (error) {
      const failure = transportFailure(error)
      tried(failure.code, failure, sentNothing(failure))
      // A connection that breaks under a body may be the body's fault: what one caller sends must not close the way for all.
      if (failure.upstream || sentNothing(failure) || isHang(failure)) {
        circuits.upload.settle(failure, answered)
      }
      throw failure
    }
  }
}

/**
 * Returns whether a chunk is neither the first nor the last. Giving up there would throw away everything sent
 * before, while the caller still has the rest to send. After a refusal of any other request the caller itself
 * waits.
 */
function isMidway ({ range, partial = false }: Piece): boolean {
  return partial && range?.['content-range']?.startsWith('bytes 0-') === false
}

/** Whether another attempt can do no harm, given how far the last one came. */
function canBeSentAgain ({ retry }: Piece, { head }: Form, { begun }: FormBytes, mayHaveStored: boolean): boolean {
  switch (retry) {
    case 'always': return true
    case 'unless_stored': return !mayHaveStored || head.public_id !== undefined
    case 'unless_begun': return !begun
  }
}

/** The same failure with the number of attempts. `outcome: unknown`: whoever sends the file again may store it twice. */
function givenUp (error: GatewayError, attempts: number, unclear: boolean): GatewayError {
  const { headers, members } = error
  return error.but({
    headers: { ...headers, 'x-upload-attempts': String(attempts) },
    members: unclear ? { ...members, outcome: 'unknown' } : members
  })
}
