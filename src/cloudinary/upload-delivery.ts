import { GatewayError } from '../errors.ts'
import type { StreamedFile } from '../schemas/upload-form.ts'
import { apiRoot, sentNothing, USER_AGENT, type Call, type Connection } from './admin.ts'
import { relayed, transportFailure, type Relayed, type Vouched } from './answer.ts'
import type { MultipartBody } from './multipart-body.ts'
import { PASSING, withRetries } from './retry.ts'

export type Fields = Readonly<Record<string, string>>

/** One file to store. Fields are Cloudinary's wire text. */
export interface UploadJob {
  readonly resourceType: 'auto' | 'image' | 'video' | 'raw'
  /** Text: a URL that Cloudinary fetches itself. */
  readonly file: StreamedFile | string
  readonly fields: Fields
  /** Where the caller has a limit of its own. */
  readonly maxBytes?: number | undefined
  /** Fields that came after the file; to be asked for once the file has ended well. */
  readonly late?: (() => Promise<Fields>) | undefined
  /** With `late`: what is to be sent, given all that the caller sent, once no more can come. Throws when it may not be. */
  readonly permit?: ((fields: Fields) => Fields) | undefined
  /** What proves the request, to be added to these fields. Throws when they do not fit the proof. */
  readonly authorize: (fields: Fields) => Fields
  readonly vouched: Vouched
}

/** How far a body got: whether a byte of it was asked for, and whether it was handed over to its end. */
export interface Progress { readonly begun: boolean, readonly finished: boolean }

/** One request of an upload. */
export interface Delivery {
  /** Made anew for each try. */
  readonly body: () => MultipartBody
  readonly headers?: Fields
  /** Whether sending the same again can do no harm, given how far the last try came. */
  readonly repeatable: (error: GatewayError, progress: Progress) => boolean
  /** How often earlier parts of the file were sent again; `attempts` counts those tries too. */
  readonly repeats?: number
  /** More of the file is to follow, so this request alone stores nothing. */
  readonly partial?: boolean
}

const ATTEMPTS = 3
/** No request is tried again after this long, and no refusal is waited out for longer than half a minute. */
const DEADLINE_MS = 10 * 60_000
const LONGEST_WAIT_MS = 30_000

/** Cloudinary said itself that it did not take the file. A failure inside it (5xx) says nothing of the kind. */
function isRefusal ({ upstream }: GatewayError): boolean {
  return upstream !== undefined && upstream.status >= 400 && upstream.status < 500
}

/** True when Cloudinary refused the file, or cannot have had all of it. */
export function surelyNotStored (error: GatewayError, { finished }: Progress): boolean {
  return !finished || isRefusal(error)
}

/** True when the file may be stored without anyone having said so: all of it was sent, and it was not refused. */
function maybeStored (error: GatewayError, { finished }: Progress, { partial = false }: Delivery): boolean {
  return finished && !partial && !isRefusal(error)
}

/** The same failure with the number of tries. `outcome: unknown`: whoever sends the file again may store it twice. */
function givenUp (error: GatewayError, attempts: number, unclear: boolean): GatewayError {
  const { headers, members } = error
  return error.but({
    headers: { ...headers, 'x-upload-attempts': String(attempts) },
    members: unclear ? { ...members, outcome: 'unknown' } : members
  })
}

/** Sends the requests of uploads to one cloud, and again where that repairs a failure. */
export class UploadDelivery {
  readonly #connection: Connection
  readonly #root: string

  constructor (connection: Connection) {
    this.#connection = connection
    this.#root = apiRoot(connection.environment)
  }

  /**
   * Sends one request until it succeeds or nothing more is to be hoped for.
   * @throws {GatewayError} the last failure, with the member `outcome: unknown` when any of the tries may have stored the file.
   */
  async deliver (job: UploadJob, delivery: Delivery, call: Call): Promise<{ answer: Relayed, attempts: number }> {
    const { budget, pace, circuits } = this.#connection
    // What has begun goes on: an upload that is half done is not given up because others cannot begin.
    if (delivery.headers?.['content-range']?.startsWith('bytes 0-') !== false) circuits.upload.admit()
    let progress: Progress = { begun: false, finished: false }
    const { repeats = 0 } = delivery
    let attempts = repeats
    let unclear = false
    const repetition = {
      attempts: ATTEMPTS,
      deadline: pace.now() + DEADLINE_MS,
      longestWaitMs: LONGEST_WAIT_MS,
      signal: call.signal,
      repeatable: (error: GatewayError) => PASSING.has(error.code) && delivery.repeatable(error, progress)
    }
    try {
      const answer = await withRetries(async (number) => {
        const body = delivery.body()
        attempts = repeats + number
        progress = body.chunks
        return this.#send(job, delivery, body, call, (failure) => { unclear ||= maybeStored(failure, progress, delivery) })
      }, repetition, budget, pace)
      return { answer, attempts }
    } catch (error) {
      throw error instanceof GatewayError ? givenUp(error, attempts, unclear) : error
    }
  }

  async #send (job: UploadJob, { headers }: Delivery, { contentType, length, chunks }: MultipartBody, call: Call, onFailure: (failure: GatewayError) => void): Promise<Relayed> {
    const { environment, transport, pace, circuits, tried } = this.#connection
    try {
      const reply = await transport.send({
        method: 'POST',
        path: `${this.#root}/${job.resourceType}/upload`,
        headers: {
          accept: 'application/json',
          'user-agent': USER_AGENT,
          'content-type': contentType,
          ...(length !== undefined && { 'content-length': String(length) }),
          ...headers
        },
        body: chunks,
        lane: 'upload',
        signal: call.signal
      })
      const answer = relayed(reply, { environment, nowMs: pace.now(), vouched: job.vouched })
      // A success for bytes that were never sent would be the worst answer of all.
      if (!chunks.finished) throw new GatewayError('upstream_failed', 'Cloudinary answered before it had the whole file.')
      tried('ok')
      circuits.upload.settle()
      return answer
    } catch (error) {
      const failure = transportFailure(error)
      tried(failure.code)
      // A connection that breaks under a body may be the body's fault: what one caller sends must not close the way for all.
      if (failure.upstream || sentNothing(failure)) circuits.upload.settle(failure)
      onFailure(failure)
      throw failure
    }
  }
}
