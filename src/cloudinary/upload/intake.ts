import { createHash, type Hash } from 'node:crypto'
import { steadyClock } from '../../clock.ts'
import type { UploadLimits } from '../../config/types.ts'
import { GatewayError, invalidRequest } from '../../errors.ts'
import { DataUriCheck } from '../../input/data-uri.ts'
import { incomingFailure } from '../../input/forms/form-failures.ts'
import type { AnnouncedSize, StreamedFile } from '../../input/forms/upload-form.ts'
import { slowness } from '../../input/forms/slow-sender.ts'
import { ByteReader, SourceStopped } from './byte-reader.ts'

type IntakeLimits = Pick<UploadLimits, 'maxBytes' | 'idleTimeoutMs' | 'minBytesPerSecond' | 'verify'>

/** 413 with both numbers. `atLeast`: counting stopped there. */
export function tooLarge (bytes: number, maxBytes: number, atLeast = false): GatewayError {
  return new GatewayError('payload_too_large', `The file has ${atLeast ? 'at least ' : ''}${bytes} bytes; the limit is ${maxBytes}.`)
}

/**
 * Checks an announced size against the limits. The limit of the caller applies to exact sizes only, since
 * other sizes include what stands around the file.
 * @throws {GatewayError} `payload_too_large`
 */
export function requireSize (
  limits: Pick<UploadLimits, 'maxBytes'>,
  { bytes, exact }: AnnouncedSize = { bytes: 0, exact: false },
  callerMaxBytes = Infinity
): void {
  const maxBytes = Math.min(limits.maxBytes, exact ? callerMaxBytes : Infinity)
  if (bytes > maxBytes) throw tooLarge(bytes, maxBytes, !exact)
}

/** The caller's bytes, counted and watched while they pass: size, pauses, the MD5 when it is wanted. */
export class Intake {
  readonly #file: StreamedFile
  readonly #reader: ByteReader
  readonly #limits: IntakeLimits
  readonly #now: () => number
  readonly #md5: Hash | undefined
  /** For a data URI: its limit is on the bytes it stands for, and damaged base64 could be decoded to other bytes. */
  readonly #dataUri: DataUriCheck | undefined
  #maxBytes: number
  #bytes = 0
  #waitedMs = 0
  #waiting = false
  #waitsSince = 0
  #pause: NodeJS.Timeout | undefined
  #ended = false
  #peeked: Buffer | undefined

  constructor (file: StreamedFile, limits: IntakeLimits, now: () => number = steadyClock) {
    this.#file = file
    this.#limits = limits
    this.#maxBytes = limits.maxBytes
    this.#now = now
    this.#reader = new ByteReader(file.stream)
    this.#md5 = limits.verify === 'md5' && file.filename !== undefined ? createHash('md5') : undefined
    this.#dataUri = file.filename === undefined ? new DataUriCheck() : undefined
  }

  /** Bytes taken from the source; all of them once it has ended. */
  get bytes (): number { return this.#bytes }
  /** Bytes that are to be stored: of a data URI those that it stands for. */
  get storedBytes (): number { return this.#dataUri?.decodedBytes ?? this.#bytes }
  get ended (): boolean { return this.#ended }
  get filename (): string | undefined { return this.#file.filename }
  get length (): number | undefined { return this.#file.length }
  /** The best bound on the size: exact, or from above, or none. */
  get maxLength (): number | undefined { return this.#file.length ?? this.#file.maxLength }
  /** Hex MD5 of all bytes, once the source has ended and if it was asked for. */
  md5 (): string | undefined { return this.#md5?.copy().digest('hex') }

  /** Waits for the first bytes, so that an empty or broken file is known before anything is sent. */
  async begin (): Promise<void> {
    const { length } = this.#file
    const isKnown = !this.#dataUri && length !== undefined
    if (isKnown && length > this.#maxBytes) throw tooLarge(length, this.#maxBytes)
    await this.more()
  }

  /**
   * Lowers the limit for a file, part or all of which may have arrived.
   * @throws {GatewayError} `payload_too_large` when it is larger.
   */
  limitTo (maxBytes: number): void {
    this.#maxBytes = Math.min(this.#maxBytes, maxBytes)
    const { length = 0 } = this.#file
    const size = this.#dataUri?.bytes ?? Math.max(this.#bytes, length)
    if (size > this.#maxBytes) throw tooLarge(size, this.#maxBytes, !this.#ended && size > length)
  }

  /** The next bytes, or undefined after the last. */
  next (): Promise<Buffer | undefined> {
    if (this.#peeked) {
      const first = this.#peeked
      this.#peeked = undefined
      return Promise.resolve(first)
    }
    if (this.#ended) return Promise.resolve(undefined)
    this.#watchPause()
    return this.#reader.next().then(this.#onChunk, this.#onFailure)
  }

  /** Returns bytes that were taken and not used; the next read gives them again. They stay counted. */
  putBack (chunk: Buffer): void { this.#peeked = chunk }

  /** True when there are more bytes; waits for the source to know. */
  async more (): Promise<boolean> {
    this.#peeked ??= await this.next()
    return this.#peeked !== undefined
  }

  /** Everything that is left. Not a generator: the promises it adds to each chunk cost as much as all else that is done here. */
  chunks (): AsyncIterable<Buffer> {
    const result = (value: Buffer | undefined): IteratorResult<Buffer, undefined> => value === undefined ? { done: true, value } : { done: false, value }
    return { [Symbol.asyncIterator]: () => ({ next: () => this.next().then(result) }) }
  }

  /** Gives the source up. A read that waits fails with `reason`; what was read stays counted. */
  stop (reason: Error): void {
    clearTimeout(this.#pause)
    if (this.#ended) return
    this.#reader.stop(reason)
    this.#file.stop()
  }

  readonly #onChunk = (chunk: Buffer | undefined): Buffer | undefined => {
    this.#waiting = false
    this.#waitedMs += this.#now() - this.#waitsSince
    if (chunk === undefined) this.#end()
    else this.#count(chunk)
    return chunk
  }

  readonly #onFailure = (error: unknown): never => {
    clearTimeout(this.#pause)
    throw sourceFailure(error)
  }

  /** Only time spent waiting for the caller counts: when we do not read, the pause is ours. One timer serves all waits. */
  #watchPause (): void {
    this.#waiting = true
    this.#waitsSince = this.#now()
    if (this.#pause) {
      this.#pause.refresh()
      return
    }
    const { idleTimeoutMs } = this.#limits
    this.#pause = setTimeout(() => {
      if (this.#waiting) this.#reader.stop(new GatewayError('request_timeout', `No byte of the file came for ${idleTimeoutMs} ms.`))
    }, idleTimeoutMs)
  }

  #count (chunk: Buffer): void {
    this.#bytes += chunk.length
    const { length } = this.#file
    if (length !== undefined && this.#bytes > length) throw changed(length)
    this.#dataUri?.add(chunk)
    const size = this.#dataUri?.bytes ?? this.#bytes
    if (size > this.#maxBytes) throw tooLarge(size, this.#maxBytes, this.#bytes !== length)
    const progress = { bytes: this.#bytes, waitedMs: this.#waitedMs }
    const slow = slowness('file', progress, this.#limits.minBytesPerSecond)
    if (slow) throw slow
    // The last byte must not go up before the whole is known to be good.
    if (this.#bytes === length) this.#dataUri?.end()
    this.#md5?.update(chunk)
  }

  #end (): void {
    const { length } = this.#file
    if (length !== undefined && this.#bytes !== length) throw changed(length)
    if (this.#bytes === 0) throw invalidRequest([{ pointer: '/file', message: 'is empty: it has 0 bytes' }])
    this.#dataUri?.end()
    this.#ended = true
    clearTimeout(this.#pause)
  }
}

function changed (length: number): GatewayError {
  return invalidRequest([{ pointer: '/file', message: `does not have the ${length} bytes that were announced` }])
}

/** What a source that fails means to the caller. */
function sourceFailure (error: unknown): GatewayError {
  if (error instanceof SourceStopped) return new GatewayError('client_closed', 'The caller went away before the file had ended.', { cause: error })
  const failure = incomingFailure(error)
  return failure instanceof GatewayError ? failure : new GatewayError('internal', 'The file could not be read.', { cause: error })
}
